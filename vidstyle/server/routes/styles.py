"""Routes of the styles: list, paintings of the user's own, pictures of both."""

import asyncio
import time
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from vidstyle.options import StylizeOptions
from vidstyle.server import limits
from vidstyle.server.bodies import read_body
from vidstyle.server.parameters import label
from vidstyle.server.pictures import PictureOrder
from vidstyle.server.problems import Problem
from vidstyle.server.routes.pictures import answer
from vidstyle.server.safety import API
from vidstyle.server.service import service_of

SAMPLE = Path(__file__).parents[1] / "sample.jpg"  # of the thumbnails: E. Collins (NASA)
FOR_A_DAY = {"cache-control": "private, max-age=86400"}


async def styles(request: Request) -> Response:
    """All styles."""
    return JSONResponse({"styles": [s.document() for s in service_of(request).shelf.styles()]})


async def style(request: Request) -> Response:
    """One style."""
    return JSONResponse(service_of(request).shelf.style(request.path_params["id"]).document())


async def add_style(request: Request) -> Response:
    """Make a style of the painting in the body."""
    service, name = service_of(request), label(request.query_params.get("name", "my painting"))
    with service.painter.memory.room() as room:
        content = await read_body(request, limits.PICTURE_BYTES, room)
        if not content:
            raise Problem(400, "The body is empty. Send the picture of a painting.")
        made, new = await asyncio.to_thread(service.shelf.add, content, name, time.time())
    headers = {"location": f"{API}styles/{made.id}"}
    return JSONResponse(made.document(), 201 if new else 200, headers)


async def remove_style(request: Request) -> Response:
    """Delete a style of the user's own."""
    await asyncio.to_thread(service_of(request).remove_style, request.path_params["id"])
    return Response(status_code=204)


async def thumbnail(request: Request) -> Response:
    """A sample photo in the style."""
    service = service_of(request)
    style = service.shelf.style(request.path_params["id"])
    order = PictureOrder.of(StylizeOptions(style=style.id), "jpg")
    response = answer(await service.painter.paint(SAMPLE.read_bytes(), order), "jpg")
    response.headers.update(FOR_A_DAY)
    return response


async def painting(request: Request) -> Response:
    """The painting of the style."""
    file = service_of(request).shelf.painting(request.path_params["id"])
    return FileResponse(file, headers=FOR_A_DAY, media_type="image/jpeg")


ROUTES = [
    Route(f"{API}styles", styles),
    Route(f"{API}styles", add_style, methods=["POST"]),
    Route(f"{API}styles/{{id}}", style),
    Route(f"{API}styles/{{id}}", remove_style, methods=["DELETE"]),
    Route(f"{API}styles/{{id}}/thumbnail", thumbnail),
    Route(f"{API}styles/{{id}}/painting", painting),
]
