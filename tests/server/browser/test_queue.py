"""The queue is the server's: it survives reloads, and jobs can be cancelled and taken up again."""

from pathlib import Path

import pytest

from tests.server.browser.visit import Visit

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def test_a_reload_in_the_middle_loses_nothing(visit: Visit, video_file: Path) -> None:
    visit.choose(video_file)
    visit.style("kandinsky")
    visit.page.click("#paint")
    visit.card("running")
    visit.reload()
    done = visit.card("done", "demo.kandinsky.mp4")
    assert done.get_attribute("aria-label") == "demo.mp4"
    done.locator(".job-picture").click()
    visit.wait_until("document.getElementById('player').videoWidth === 640")
    visit.page.locator("#result-view label", has_text="Before and after").click()
    visit.page.wait_for_selector("#result-stage .compare-after[src^='blob:']")
    visit.open("create")
    visit.wait_for_preview()
    assert visit.text("#file-name") == "demo.mp4"


def test_a_cancelled_job_can_be_tried_again_and_deleted(visit: Visit, video_file: Path) -> None:
    visit.choose(video_file)
    visit.style("mondrian")
    visit.page.click("#paint")
    visit.card("running").get_by_role("button", name="Cancel demo.mp4").click()
    visit.card("cancelled").get_by_role("button", name="Try demo.mp4 again").click()
    visit.card("running").get_by_role("button", name="Cancel demo.mp4").click()
    cancelled = visit.card("cancelled")
    cancelled.get_by_role("button", name="Delete demo.mp4").click()
    visit.page.click("#confirm-delete")
    cancelled.wait_for(state="detached")


def test_settings_of_a_result_can_be_used_again(visit: Visit, picture_file: Path) -> None:
    visit.choose(picture_file)
    visit.style("scream")
    visit.page.locator("[name=keep_colors]").check()
    visit.page.click("#paint")
    visit.card("done", "astronaut.scream.jpg").locator(".job-picture").click()
    assert "--keep-colors" in visit.text("#result-command")
    visit.reload()
    visit.page.click("#result-again")
    visit.wait_for_preview()
    assert visit.page.locator("[name=keep_colors]").is_checked()
    assert visit.page.locator("#gallery input:checked").input_value() == "scream"


def test_another_visit_sees_the_same_queue(visit: Visit, picture_file: Path) -> None:
    visit.choose(picture_file)
    visit.style("fuchun")
    visit.page.click("#paint")
    visit.card("done", "astronaut.fuchun.jpg")
    with Visit(visit.context.browser, visit.address) as other:
        other.open("queue")
        other.page.locator(".job", has_text="astronaut.fuchun.jpg").wait_for()
        assert other.errors == []
