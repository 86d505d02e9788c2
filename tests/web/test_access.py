"""The page fits phones and fingers, the keyboard and assistive technology."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.browser.test_access import PHONE
from tests.web.visit import PAINTED, Visit

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def walk(visit: Visit, photo: Path, video: Path) -> Iterator[str]:
    """Bring the page into each of its states; yields their names."""
    yield "start"
    visit.choose(photo)
    yield "photo"
    visit.play(video)
    yield "video"
    visit.page.click("#stop")
    visit.start_camera()
    yield "camera"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility_rules_hold(
    browser: Any, address: str, picture_file: Path, video_file: Path, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with Visit(browser, address, color_scheme=scheme, reduced_motion="reduce") as visit:
        for state in walk(visit, picture_file, video_file):
            found = axe.run(visit.page).response["violations"]
            assert [(state, rule["id"], rule["nodes"][0]["html"]) for rule in found] == []


def test_nothing_is_wider_than_a_phone(
    browser: Any, address: str, picture_file: Path, video_file: Path
) -> None:
    with Visit(browser, address, **PHONE) as visit:
        for state in walk(visit, picture_file, video_file):
            width = visit.page.evaluate("document.documentElement.scrollWidth")
            assert (state, width) == (state, 360)


def test_fingers_are_enough(browser: Any, address: str) -> None:
    with Visit(browser, address, **PHONE) as visit:
        visit.page.tap("#start")
        visit.wait_until(PAINTED)
        visit.page.tap("#gallery [data-style='udnie'] label")
        visit.page.locator("#chosen-title", has_text="Udnie").wait_for()
        with visit.page.expect_download() as download:
            visit.page.tap("#snapshot")
        assert download.value.suggested_filename.startswith("vidstyle-udnie-")
        visit.page.tap("#stop")
        visit.page.locator("#start").wait_for()
        assert visit.errors == []


def test_the_keyboard_is_enough(visit: Visit, picture_file: Path) -> None:
    def tab_to(id: str) -> None:
        for _ in range(40):
            keyboard.press("Tab")
            if visit.page.evaluate("document.activeElement.id") == id:
                return
        raise AssertionError(f"Tab does not reach {id}")

    keyboard = visit.page.keyboard
    choosers = list[Any]()
    visit.page.on("filechooser", lambda chooser: choosers.append(chooser))
    tab_to("open")
    keyboard.press("Enter")
    for _ in range(600):
        if choosers:
            break
        visit.page.wait_for_timeout(100)
    choosers[0].set_files(str(picture_file))
    visit.wait_for_painting()
    visit.page.locator("#gallery input:checked").focus()
    keyboard.press("ArrowRight")
    visit.page.locator("#chosen-title", has_text="The Starry Night").wait_for()
    visit.wait_for_painting()
    visit.page.locator(".skip").focus()
    tab_to("save-png")
    with visit.page.expect_download() as download:
        keyboard.press("Enter")
    assert download.value.suggested_filename == "astronaut.starry-night.png"
