"""Camera, videos and photos are painted by the device, saved as files, and never sent."""

from pathlib import Path

import av
import numpy as np
import pytest

from tests.web.visit import PAINTED, Visit, read_rgb
from vidstyle.apps.image import stylize_photo
from vidstyle.options import StylizeOptions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def test_a_photo_is_painted_as_by_python(visit: Visit, picture_file: Path, tmp_path: Path) -> None:
    visit.choose(picture_file)
    visit.style("scream")
    visit.page.locator("#chosen-title", has_text="The Scream").wait_for()
    visit.wait_for_painting()
    file = visit.saved("#save-png", tmp_path)
    assert file.name == "astronaut.scream.png"
    python = stylize_photo(
        picture_file,
        tmp_path / "python.png",
        StylizeOptions(style="scream", max_height=480, faces="plain"),
    ).output
    assert python is not None
    page, reference = read_rgb(file).astype(int), read_rgb(python).astype(int)
    assert page.shape == reference.shape
    assert np.abs(page - reference).mean() < 4  # two int8 forms of one network
    assert np.corrcoef(page.ravel(), reference.ravel())[0, 1] > 0.99


def test_a_photo_is_saved_as_jpeg(visit: Visit, picture_file: Path, tmp_path: Path) -> None:
    visit.choose(picture_file)
    file = visit.saved("#save-jpeg", tmp_path)
    assert file.read_bytes()[:2] == b"\xff\xd8"
    assert read_rgb(file).shape == (400, 400, 3)


def test_strength_and_colors_repaint_the_photo(
    visit: Visit, picture_file: Path, tmp_path: Path
) -> None:
    visit.choose(picture_file)
    visit.page.locator("#strength").fill("0")
    visit.wait_until("document.getElementById('strength-value').textContent === '0 %'")
    visit.wait_for_painting()
    file = visit.saved("#save-png", tmp_path)
    difference = read_rgb(file).astype(int) - read_rgb(picture_file)
    assert np.abs(difference).mean() < 2  # chroma is halved on its way


def test_a_video_plays_painted_and_is_saved(visit: Visit, video_file: Path, tmp_path: Path) -> None:
    visit.play(video_file)
    assert visit.text("#size").split()[::2] == ["640", "360"]
    visit.page.click("#record")
    visit.page.locator("#time", has_text="0:02").wait_for()
    file = visit.saved("#record", tmp_path)
    with av.open(file) as container:
        video = container.streams.video[0]
        assert (video.width, video.height) == (640, 360)
        frame = next(container.decode(video)).to_ndarray(format="gray")
    assert frame.std() > 10


def test_a_paused_video_is_repainted_when_the_style_changes(
    visit: Visit, video_file: Path, tmp_path: Path
) -> None:
    visit.play(video_file)
    visit.page.click("#play")
    visit.page.locator("#play[aria-label='Play']").wait_for()
    before = read_rgb(visit.saved("#snapshot", tmp_path))
    visit.style("kandinsky")
    for _ in range(60):
        visit.page.wait_for_timeout(1000)
        after = read_rgb(visit.saved("#snapshot", tmp_path))
        if np.abs(before.astype(int) - after).mean() > 5:
            return
    raise AssertionError("still the old style")


@pytest.mark.parametrize("height", ["360", "720"])
def test_the_camera_is_painted(visit: Visit, tmp_path: Path, height: str) -> None:
    visit.page.select_option("#height", height)
    visit.start_camera()
    picture = read_rgb(visit.saved("#snapshot", tmp_path))
    assert picture.shape[0] == int(height)
    assert picture.std() > 10


def test_the_camera_is_recorded_and_turned_off(visit: Visit, tmp_path: Path) -> None:
    visit.start_camera()
    visit.style("udnie")
    visit.page.click("#record")
    visit.page.locator("#time", has_text="0:02").wait_for()
    file = visit.saved("#record", tmp_path)
    assert file.name.startswith("vidstyle-udnie-")
    with av.open(file) as container:
        assert container.streams.video[0].width == 640
    visit.page.click("#stop")
    visit.page.locator("#start").wait_for()
    assert visit.page.evaluate("document.getElementById('video').srcObject === null")


def test_nothing_is_sent(visit: Visit, picture_file: Path, video_file: Path) -> None:
    visit.choose(picture_file)
    visit.play(video_file)
    addresses = {request.url for request in visit.requests if request.url[:5] != "blob:"}
    assert all(address.startswith(visit.address) for address in addresses)
    assert {request.method for request in visit.requests} == {"GET"}
    assert "No picture leaves it" in (visit.page.text_content("#privacy") or "")


def test_what_is_no_picture_is_said_in_a_sentence(visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "notes.jpg"
    file.write_text("no picture")
    visit.page.set_input_files("#file-input", str(file))
    notice = visit.page.get_by_role("alert").filter(has_text="notes.jpg")
    notice.wait_for()
    visit.page.locator("#start").wait_for()
    assert visit.page.evaluate(PAINTED) is False
