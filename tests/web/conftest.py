"""Fixtures of the page without a server: the built folder on a file server, and visits."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.browser.conftest import browser, picture_file, video_file  # noqa: F401
from tests.web.visit import Visit
from tools.web_page import build, served
from vidstyle.errors import MissingExtraError


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
    with served(page_folder) as address:
        yield address


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Visit]:  # noqa: F811
    """A visit in a fresh browser profile; fails if the page logs an error."""
    with Visit(browser, address) as visit:
        yield visit
    assert visit.errors == []
