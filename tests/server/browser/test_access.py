"""The page fits phones and assistive technology, asks for the token, and waits for its server."""

from pathlib import Path
from typing import Any

import pytest

from tests.server.browser.visit import PATIENCE_MS, Visit
from tests.server.running import ServerThread, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


def walk(visit: Visit, file: Path) -> Any:
    """Yield the name of each section, in its states."""
    yield "empty"
    visit.choose(file)
    visit.page.locator("summary").click()
    yield "create"
    visit.open("queue")
    yield "queue"
    visit.open("create")
    visit.page.click("#paint")
    visit.wait_until("location.hash !== '#create'")  # to the queue, or to a result that was there
    visit.open("queue")
    visit.card("done").locator(".job-picture").click()
    visit.page.locator("#result-download").wait_for()
    yield "result"
    visit.page.click("#result-delete")
    visit.page.locator("#confirm-cancel").wait_for()
    yield "question"
    visit.page.click("#confirm-cancel")
    visit.open("live")
    yield "live"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility_rules_hold(
    browser: Any, server: ServerThread, picture_file: Path, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    address = f"http://127.0.0.1:{server.client.port}/"
    with Visit(browser, address, color_scheme=scheme, reduced_motion="reduce") as visit:
        for section in walk(visit, picture_file):
            found = axe.run(visit.page).response["violations"]
            assert [(section, rule["id"], rule["nodes"][0]["html"]) for rule in found] == []


def test_nothing_is_wider_than_a_phone(
    browser: Any, server: ServerThread, picture_file: Path
) -> None:
    with Visit(browser, f"http://127.0.0.1:{server.client.port}/", **PHONE) as visit:
        for section in walk(visit, picture_file):
            width = visit.page.evaluate("document.documentElement.scrollWidth")
            assert (section, width) == (section, 360)


def test_the_token_is_asked_for(browser: Any, tmp_path: Path) -> None:
    with running(tmp_path, token="secret") as server:
        address = f"http://127.0.0.1:{server.client.port}/"
        context = browser.new_context()
        page = context.new_page()
        page.goto(address)
        page.fill("#token", "wrong")
        page.keyboard.press("Enter")
        page.locator("#token-error", has_text="The token is wrong.").wait_for()
        page.fill("#token", "secret")
        page.keyboard.press("Enter")
        page.wait_for_selector("body[data-ready]")
        page.reload()
        page.wait_for_selector("body[data-ready]")
        context.close()


def test_without_its_server_the_page_says_how_to_start_it(browser: Any, tmp_path: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    with running(tmp_path) as server:
        address = f"http://127.0.0.1:{server.client.port}/"
        page.goto(address)
        page.wait_for_selector("body[data-ready]", timeout=PATIENCE_MS)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.locator("#connection").wait_for(timeout=PATIENCE_MS)
    page.reload()
    page.get_by_role("heading", name="The server is not running").wait_for()
    context.close()
