"""Files come in, are shown before and after, and become jobs."""

from pathlib import Path
from typing import Any

import pytest

from tests.server.browser.visit import Visit

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
DROP = """([node, name, type, bytes]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], name, {type}));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    const options = {dataTransfer: transfer, bubbles: true, cancelable: true};
    node.dispatchEvent(new DragEvent(kind, options));
  }
}"""


def drop(visit: Visit, selector: str, file: Path, kind: str) -> None:
    node = visit.page.query_selector(selector)
    visit.page.evaluate(DROP, [node, file.name, kind, list(file.read_bytes())])


def test_a_photo_becomes_a_painting(visit: Visit, picture_file: Path) -> None:
    visit.choose(picture_file)
    visit.style("udnie")
    visit.page.click("#paint")
    visit.card("done", "astronaut.udnie.jpg").locator(".job-picture").click()
    assert visit.text("#result-title") == "astronaut.udnie.jpg"
    assert visit.text("#result-command").startswith("vidstyle image astronaut.jpg --style udnie")
    visit.wait_until(
        "[...document.querySelectorAll('#result-stage img')].every((i) => i.naturalWidth === 400)"
    )
    with visit.page.expect_download() as download:
        visit.page.click("#result-download")
    assert download.value.suggested_filename == "astronaut.udnie.jpg"


def test_the_gallery_is_painted_on_the_users_still(visit: Visit, picture_file: Path) -> None:
    visit.choose(picture_file)
    visit.wait_until(
        "[...document.querySelectorAll('#gallery img')].every((i) => i.src.includes('/still?'))"
    )
    assert "astronaut.jpg" in visit.text("#styles-hint")


def test_the_slider_moves_by_mouse_and_keyboard(visit: Visit, picture_file: Path) -> None:
    visit.choose(picture_file)
    slider = visit.page.locator("#stage .compare-range")
    box = slider.bounding_box()
    visit.page.mouse.click(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
    moved = float(slider.input_value())
    assert 10 < moved < 30
    slider.press("ArrowRight")
    assert float(slider.input_value()) == moved + 1
    cut = visit.page.locator("#stage .compare").evaluate("(e) => e.style.getPropertyValue('--cut')")
    assert cut == f"{moved + 1:g}%"


def test_the_strength_is_shown_at_once(visit: Visit, picture_file: Path) -> None:
    visit.choose(picture_file)
    visit.page.locator("#strength").press("PageDown")
    strength = float(visit.page.locator("#strength").input_value()) / 100
    opacity = visit.page.locator("#stage .compare-after").evaluate(
        "(e) => getComputedStyle(e).opacity"
    )
    assert strength < 1 and float(opacity) == strength


def test_a_part_of_the_picture_can_be_chosen(visit: Visit, picture_file: Path) -> None:
    visit.choose(picture_file)
    with visit.page.expect_request("**/stylize?*only=person*"):
        visit.page.select_option("[name=only]", "person")
    visit.page.locator("#stage:not([aria-busy])").wait_for()
    visit.page.click("#paint")
    done = visit.card("done", "only the person")
    done.locator(".job-picture").click()
    assert "--only person" in visit.text("#result-command")
    visit.page.click("#result-again")
    assert visit.page.locator("[name=only]").input_value() == "person"


def test_an_upload_goes_on_after_a_lost_connection(visit: Visit, picture_file: Path) -> None:
    lost = list[str]()

    def lose_the_first(route: Any) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.headers["upload-offset"])
            route.abort("connectionreset")

    visit.page.route("**/content", lose_the_first)
    visit.choose(picture_file)
    assert lost == ["0"]
    assert all("ERR_CONNECTION_RESET" in error for error in visit.errors)
    visit.errors.clear()


def test_a_painting_dropped_on_the_gallery_becomes_a_style(visit: Visit) -> None:
    painting = Path(__file__).parents[3] / "models/paintings/watteau-woman-in-peasant-dress.jpg"
    drop(visit, "#gallery", painting, "image/jpeg")
    own = visit.page.locator("#gallery [data-style^='own-']")
    own.wait_for()
    assert own.locator("input").is_checked()
    assert visit.text("#chosen-title") == "watteau-woman-in-peasant-dress"
    own.get_by_role("button").click()
    visit.page.click("#confirm-delete")
    own.wait_for(state="detached")


def test_several_files_dropped_on_the_page_are_shown_in_turn(
    visit: Visit, picture_file: Path, video_file: Path
) -> None:
    drop(visit, "body", picture_file, "image/jpeg")
    visit.wait_for_preview()
    visit.page.set_input_files("#file-input-more", str(video_file))
    visit.page.locator("#moment-row").wait_for()
    assert visit.text("#file-name") == "demo.mp4"
    visit.page.locator("#strip button").first.click()
    assert visit.text("#file-name") == "astronaut.jpg"
    assert visit.text("#paint-text") == "Paint 2 files"


def test_what_cannot_be_read_is_said_in_a_sentence(visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "notes.jpg"
    file.write_text("no picture")
    visit.page.set_input_files("#file-input", str(file))
    notice = visit.page.get_by_role("alert").filter(has_text="notes.jpg")
    notice.wait_for()
    assert notice.inner_text().count(".") >= 2
    assert all("415" in error for error in visit.errors)
    visit.errors.clear()


def test_the_keyboard_is_enough(visit: Visit, picture_file: Path) -> None:
    visit.choose(picture_file)
    keyboard = visit.page.keyboard
    visit.page.locator("#gallery input:checked").focus()
    keyboard.press("ArrowRight")
    chosen = visit.page.locator("#gallery input:checked").input_value()
    assert chosen == "starry-night"
    for _ in range(40):
        keyboard.press("Tab")
        if visit.page.evaluate("document.activeElement.id") == "paint":
            break
    keyboard.press("Enter")
    visit.card("done", "astronaut.starry-night.jpg").locator("a.job-picture").focus()
    keyboard.press("Enter")
    visit.page.locator("#result-title", has_text="astronaut.starry-night.jpg").wait_for()
