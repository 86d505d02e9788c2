"""Routes of the uploads: begin, send and resume content, look at it, take stills."""

import asyncio
import math
from contextlib import ExitStack

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vidstyle.server.bodies import body_parts
from vidstyle.server.parameters import (
    PICTURE_OPTIONS,
    label,
    picture_options,
    query_values,
    read_object,
)
from vidstyle.server.pictures import PaintedPicture, PictureOrder
from vidstyle.server.problems import Problem
from vidstyle.server.ranges import etag_of, is_known
from vidstyle.server.routes.pictures import answer
from vidstyle.server.safety import API
from vidstyle.server.service import service_of
from vidstyle.server.uploads import Receiver, Upload

BUFFER_BYTES = 1 << 18  # of content, until it is written
STILL_HEIGHT, MIN_STILL, MAX_STILL = 360, 16, 1080  # px, of the shorter side


async def uploads(request: Request) -> Response:
    """All uploads, the newest first."""
    found = await asyncio.to_thread(service_of(request).uploads.uploads)
    return JSONResponse({"uploads": [upload.document() for upload in found]})


async def create(request: Request) -> Response:
    """Begin an upload."""
    given = await read_object(request, {"name": str, "bytes": int})
    if "bytes" not in given:
        raise Problem(422, "bytes is missing: the size of the content.", ["bytes"])
    service, name = service_of(request), label(given.get("name", ""))
    upload = await asyncio.to_thread(service.uploads.create, name, given["bytes"])
    service.inspector.warm()
    return _answer(upload, 201)


async def upload(request: Request) -> Response:
    """One upload."""
    return _answer(await _upload(request))


async def remove(request: Request) -> Response:
    """Delete an upload."""
    await asyncio.to_thread(service_of(request).uploads.remove, request.path_params["id"])
    return Response(status_code=204)


async def put_content(request: Request) -> Response:
    """Take the whole content."""
    return await _receive(request, None)


async def patch_content(request: Request) -> Response:
    """Take more of the content."""
    text = request.headers.get("upload-offset", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Problem(400, "The header Upload-Offset is missing: the byte to go on from.")
    return await _receive(request, int(text))


async def still(request: Request) -> Response:
    """A still of the photo or video, as it is or painted."""
    service, query = service_of(request), request.query_params
    upload = await _upload(request)
    if not upload.is_complete:
        raise Problem(409, f"{upload.name} is not complete. Send the rest first.")
    kinds = {"height": int, "time": float}
    given = query_values(query, kinds, PICTURE_OPTIONS)
    height, time_s = given.get("height", STILL_HEIGHT), given.get("time")
    if not MIN_STILL <= height <= MAX_STILL:
        raise Problem(422, f"height must be from {MIN_STILL} to {MAX_STILL}.", ["height"])
    if time_s is not None and not (0 <= time_s < math.inf):
        raise Problem(422, "time must be 0 seconds or later.", ["time"])
    look = {name: text for name, text in query.items() if name not in kinds}
    options = picture_options(look, service.shelf) if look else None
    etag = etag_of(upload.sha256, height, time_s, options)
    if is_known(request, etag):
        return Response(status_code=304, headers={"etag": etag})
    picture = await service.inspector.still(upload, height, time_s)
    if options is not None:
        picture = (await service.painter.paint(picture, PictureOrder.of(options, "jpg"))).content
    return answer(PaintedPicture(picture, etag), "jpg")


async def _receive(request: Request, offset: int | None) -> Response:
    service, id = service_of(request), request.path_params["id"]
    with ExitStack() as opened:
        receiving = service.uploads.receiving(id, offset)
        receiver = await asyncio.to_thread(opened.enter_context, receiving)
        await _write_parts(request, receiver)
        service.metrics.received_bytes += receiver.written
        if receiver.left:
            return _answer(await _upload(request))
        return _answer(await service.take_in(id))


async def _write_parts(request: Request, receiver: Receiver) -> None:
    """Write the body to the file; what came before a broken connection stays."""
    buffer = bytearray()
    try:
        async for part in body_parts(request, receiver.left):
            buffer += part
            if len(buffer) >= BUFFER_BYTES:
                whole, buffer = buffer, bytearray()
                await asyncio.to_thread(receiver.write, whole)
    finally:
        if buffer:
            await asyncio.to_thread(receiver.write, buffer)


async def _upload(request: Request) -> Upload:
    return await asyncio.to_thread(service_of(request).uploads.upload, request.path_params["id"])


def _answer(upload: Upload, status: int = 200) -> Response:
    headers = {
        "cache-control": "no-store",
        "location": f"{API}uploads/{upload.id}",
        "upload-offset": str(upload.received),
    }
    return JSONResponse(upload.document(), status, headers)


ROUTES = [
    Route(f"{API}uploads", uploads),
    Route(f"{API}uploads", create, methods=["POST"]),
    Route(f"{API}uploads/{{id}}", upload),
    Route(f"{API}uploads/{{id}}", remove, methods=["DELETE"]),
    Route(f"{API}uploads/{{id}}/content", put_content, methods=["PUT"]),
    Route(f"{API}uploads/{{id}}/content", patch_content, methods=["PATCH"]),
    Route(f"{API}uploads/{{id}}/still", still),
]
