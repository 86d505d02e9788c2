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

# Mean color of the canvas, and of the camera's picture.
COLORS = """() => {
  const source = document.getElementById("live-canvas");
  const meanOf = (picture) => {
    const canvas = new OffscreenCanvas(source.width, source.height);
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0, source.width, source.height);
    const { data } = context.getImageData(0, 0, source.width, source.height);
    return [0, 1, 2].map((c) => {
      let sum = 0;
      for (let i = c; i < data.length; i += 4) sum += data[i];
      return sum / (data.length / 4);
    });
  };
  return [meanOf(source), meanOf(document.getElementById("live-video"))];
}"""
BROKEN_DECODER = """
  const { decode } = VideoDecoder.prototype;
  VideoDecoder.prototype.decode = function () {
    const data = new Uint8Array(8);
    decode.call(this, new EncodedVideoChunk({ type: "key", timestamp: 0, data }));
  };
"""
JPEG, H264 = b"\xff\xd8", b"\0\0"  # first bytes


def listen(visit: Visit, script: str) -> list[bytes]:
    """Open the section with a script that runs before the page's; returns the paintings to come."""
    paintings = list[bytes]()

    def hear(message: str | bytes) -> None:
        if isinstance(message, bytes):
            paintings.append(message[4:])

    visit.page.add_init_script(script)
    visit.page.on("websocket", lambda socket: socket.on("framereceived", hear))
    visit.open("live")
    visit.reload()
    return paintings


def skip_without_h264(visit: Visit) -> None:
    has_h264 = "import('/js/webcodecs.js').then((codecs) => codecs.hasH264(640, 360))"
    if not visit.page.evaluate(has_h264):
        pytest.skip("the browser has no H.264 in WebCodecs")


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


@pytest.mark.parametrize(("script", "start"), [("", H264), ("delete window.VideoEncoder", JPEG)])
def test_pictures_come_back_in_their_own_colors(visit: Visit, script: str, start: bytes) -> None:
    skip_without_h264(visit)
    paintings = listen(visit, script)
    visit.page.locator("#live-strength").press("Home")
    visit.page.click("#live-start")
    visit.wait_until(PAINTED)
    painted, camera = visit.page.evaluate(COLORS)
    assert painted == pytest.approx(camera, abs=8)
    assert {painting[:2] for painting in paintings} == {start}


def test_jpeg_takes_over_from_a_codec_that_fails(visit: Visit) -> None:
    skip_without_h264(visit)
    paintings = listen(visit, BROKEN_DECODER)
    visit.page.click("#live-start")
    visit.wait_until(PAINTED)
    assert (paintings[0][:2], paintings[-1][:2]) == (H264, JPEG)
