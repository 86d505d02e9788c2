"""The page works without a network once it was loaded."""

from pathlib import Path
from typing import Any

import pytest

from tests.web.visit import Visit, read_rgb
from tools.web_page import served

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def test_it_works_with_the_network_cut(
    browser: Any, page_folder: Path, picture_file: Path, tmp_path: Path
) -> None:
    with served(page_folder) as address, Visit(browser, address) as visit:
        visit.page.wait_for_selector("#place[data-ready]")
        visit.context.set_offline(True)
        visit.reload()
        visit.choose(picture_file)
        visit.style("mondrian")
        visit.page.locator("#chosen-title", has_text="Composition").wait_for()
        visit.wait_for_painting()
        assert read_rgb(visit.saved("#save-png", tmp_path)).std() > 10
        assert visit.errors == []


def test_it_works_after_its_host_is_gone(
    browser: Any, page_folder: Path, picture_file: Path
) -> None:
    context = browser.new_context()
    page = context.new_page()
    with served(page_folder) as address:
        page.goto(address)
        page.wait_for_selector("#place[data-ready]", timeout=120_000)
    page.reload()
    page.wait_for_selector("body[data-ready]", timeout=120_000)
    page.set_input_files("#file-input", str(picture_file))
    page.wait_for_selector(".compare-after[src^='blob:']", timeout=120_000)
    context.close()
