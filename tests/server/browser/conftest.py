"""Fixtures of the browser tests: Chromium of the system, and pages that must not log errors."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.server.browser.visit import Visit
from tests.server.running import ServerThread

ROOT = Path(__file__).parents[3]
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
)  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window, with a fake camera."""
    sync_api = pytest.importorskip("playwright.sync_api", reason='needs the extra "browser"')
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, server: ServerThread) -> Iterator[Visit]:
    """A visit to the page in a fresh browser profile; fails if the page logs an error."""
    with Visit(browser, f"http://127.0.0.1:{server.client.port}/") as visit:
        yield visit
    assert visit.errors == []


@pytest.fixture(scope="session")
def picture_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of 400x400."""
    photos = cv2.imread(str(ROOT / "samples/photos.jpg"))
    assert photos is not None
    file = tmp_path_factory.mktemp("picture") / "astronaut.jpg"
    cv2.imwrite(str(file), photos[:, :400])
    return file


@pytest.fixture(scope="session")
def video_file() -> Path:
    """A video of eight seconds."""
    return ROOT / "samples/demo.mp4"
