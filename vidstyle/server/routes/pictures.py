"""Route of the one-picture endpoint: a picture file in, its painting out."""

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vidstyle.server import limits
from vidstyle.server.bodies import read_body
from vidstyle.server.pictures import MEDIA_TYPES, PaintedPicture
from vidstyle.server.problems import Problem
from vidstyle.server.safety import API
from vidstyle.server.service import service_of


async def stylize(request: Request) -> Response:
    """Paint the picture in the body."""
    started_s, service = time.monotonic(), service_of(request)
    order = service.painter.order(request.scope["query_string"])
    with service.painter.memory.room() as room:
        content = await read_body(request, limits.PICTURE_BYTES, room)
        if not content:
            raise Problem(400, "The body is empty. Send a picture file.")
        picture = await service.painter.paint(content, order)
    service.metrics.pictures["cached" if picture.cached else "fresh"] += 1
    service.metrics.picture_s.observe(time.monotonic() - started_s)
    return answer(picture, order.format)


def answer(picture: PaintedPicture, format: str) -> Response:
    """Answer with a painted picture."""
    headers = {
        "cache-control": "private, no-cache",
        "cache-status": "vidstyle; hit" if picture.cached else "vidstyle; fwd=miss; stored",
        "etag": picture.etag,
    }
    return Response(picture.content, headers=headers, media_type=MEDIA_TYPES[format])


ROUTES = [Route(f"{API}stylize", stylize, methods=["POST"])]
