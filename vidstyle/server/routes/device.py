"""Routes of the page without a server: the static folder that `tools.web_page` builds."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from vidstyle.server.routes.page import PageFiles
from vidstyle.server.safety import CONTENT_SECURITY_POLICY, POLICY
from vidstyle.server.service import DEVICE_PAGE

PAGE_POLICY = CONTENT_SECURITY_POLICY.replace(
    "script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'"
)


class DeviceFiles(PageFiles):
    """Files of the page, which runs WebAssembly."""

    def file_response(self, *args: object, **keywords: object) -> Response:
        """Answer with a file under the page's own policy."""
        response = super().file_response(*args, **keywords)
        response.headers[POLICY] = PAGE_POLICY
        return response


async def to_page(request: Request) -> Response:
    """Lead to the page; its own addresses are relative."""
    return RedirectResponse(DEVICE_PAGE, 308)


def device_routes(folder: Path | None) -> list[BaseRoute]:
    """Routes of a built folder; none without one."""
    if folder is None:
        return []
    address = DEVICE_PAGE.rstrip("/")
    return [Route(address, to_page), Mount(address, DeviceFiles(directory=folder, html=True))]
