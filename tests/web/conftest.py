"""Fixtures of the page without a server: the built folder on a file server, and visits."""

import functools
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.server.browser.conftest import browser, picture_file, video_file  # noqa: F401
from tests.web.visit import Visit
from tools.web_page import build
from vidstyle.errors import MissingExtraError


class QuietHandler(SimpleHTTPRequestHandler):
    """Handler of `python -m http.server` without its log."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """Give out a folder as `python -m http.server` does; yields the address."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="files", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join(timeout=30)


@pytest.fixture(scope="session")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built page; VIDSTYLE_WEB_PAGE names a folder that is there already."""
    given = os.environ.get("VIDSTYLE_WEB_PAGE")
    if given:
        return Path(given)
    if shutil.which("npm") is None:
        pytest.skip("needs npm")
    folder = tmp_path_factory.mktemp("web") / "page"
    try:
        build(folder)
    except MissingExtraError as error:
        pytest.skip(error.message)
    return folder


@pytest.fixture(scope="session")
def address(page_folder: Path) -> Iterator[str]:
    """Address of the page on a file server."""
    with file_server(page_folder) as address:
        yield address


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Visit]:  # noqa: F811
    """A visit in a fresh browser profile; fails if the page logs an error."""
    with Visit(browser, address) as visit:
        yield visit
    assert visit.errors == []
