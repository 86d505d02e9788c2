"""`vidstyle serve --site` gives out the page, and its own page leads there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.running import running
from tests.web.visit import Visit, read_rgb

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture
def address(page_folder: Path, tmp_path: Path) -> Iterator[str]:
    with running(tmp_path / "data", site=str(page_folder)) as server:
        yield f"http://127.0.0.1:{server.client.port}/device/"


def test_it_paints_at_the_servers_address_and_without_it(
    visit: Visit, picture_file: Path, tmp_path: Path
) -> None:
    visit.page.wait_for_selector("#place[data-ready]")
    visit.choose(picture_file)
    assert read_rgb(visit.saved("#save-png", tmp_path)).std() > 10
    urls = [request.url for request in visit.requests]
    assert all(url.startswith((visit.address, f"blob:{visit.address[:16]}")) for url in urls)
    visit.context.set_offline(True)
    visit.reload()
    visit.choose(picture_file)


def test_the_servers_page_leads_there(browser: Any, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address.removesuffix("device/"))
    page.click("#device", timeout=120_000)
    page.wait_for_selector("#place", state="attached", timeout=120_000)
    assert page.url == address
    context.close()
