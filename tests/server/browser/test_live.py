"""The webcam comes back painted at two sizes; styles change, snapshots and recordings are saved."""

from pathlib import Path

import av
import pytest

from tests.server.browser.visit import Visit

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
PAINTED = """() => {
  const canvas = document.getElementById("live-canvas");
  const [red, green, blue] = canvas.getContext("2d").getImageData(4, 4, 1, 1).data;
  return red + green + blue > 0;
}"""


@pytest.mark.parametrize("height", [360, 720])
def test_the_camera_comes_back_painted(visit: Visit, height: int) -> None:
    visit.open("live")
    visit.page.select_option("#live-size", str(height))
    visit.page.click("#live-start")
    visit.wait_until(PAINTED)
    assert visit.page.locator("#live-canvas").evaluate("(c) => c.height") == height
    visit.page.locator("#live-fps", has_text="fps").wait_for()
    visit.page.locator("#live-ms", has_text="ms").wait_for()
    assert visit.text("#live-viewers") == "1 watching"


def test_styles_change_and_pictures_are_saved(visit: Visit, tmp_path: Path) -> None:
    visit.open("live")
    visit.page.click("#live-start")
    visit.wait_until(PAINTED)
    visit.page.locator("#live-gallery [data-style='udnie'] label").click()
    visit.page.select_option("#live-only", "background")
    visit.page.click("#live-record")
    with visit.page.expect_download() as snapshot:
        visit.page.click("#live-snapshot")
    assert snapshot.value.suggested_filename.startswith("vidstyle-udnie-")
    visit.page.locator("#live-time", has_text="0:02").wait_for()
    with visit.page.expect_download() as recording:
        visit.page.click("#live-record")
    file = tmp_path / recording.value.suggested_filename
    recording.value.save_as(file)
    with av.open(file) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (640, 360)
    visit.page.click("#live-stop")
    visit.page.locator("#live-start").wait_for()


def test_leaving_the_section_turns_the_camera_off(visit: Visit) -> None:
    visit.open("live")
    visit.page.click("#live-start")
    visit.wait_until(PAINTED)
    visit.page.locator("nav a", has_text="Create").click()
    assert visit.page.evaluate("document.getElementById('live-video').srcObject === null")
