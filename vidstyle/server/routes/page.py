"""Routes of the web page: the static files of the package."""

import mimetypes
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from vidstyle.server.routes.system import with_token

FOLDER = Path(__file__).parents[1] / "page"
TYPES = {  # that a system may lack or name otherwise, as a registry on Windows
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".tflite": "application/octet-stream",
    ".wasm": "application/wasm",
}
for suffix, media_type in TYPES.items():
    mimetypes.add_type(media_type, suffix)


async def index(request: Request) -> Response:
    """The page; with a token in its address, the cookie first."""
    response = with_token(request)
    if response is not None:
        return response
    return FileResponse(FOLDER / "index.html", headers={"cache-control": "no-cache"})


class PageFiles(StaticFiles):
    """Static files that browsers ask for again, since they change with every version."""

    def file_response(self, *args: object, **keywords: object) -> Response:
        """Answer with a file, or say that the browser has it."""
        response = super().file_response(*args, **keywords)  # type: ignore[arg-type]
        response.headers["cache-control"] = "no-cache"
        return response


ROUTES = [Route("/", index), Mount("/", PageFiles(directory=FOLDER))]
