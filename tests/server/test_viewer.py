"""A viewer's frames are painted, and its settings change between two of them."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.live.scene import panned
from tests.server.conftest import encoded
from vidstyle.errors import OptionError, StyleError
from vidstyle.frame import Picture
from vidstyle.server import limits
from vidstyle.server.frame_codec import KeyframeNeeded
from vidstyle.server.problems import Problem
from vidstyle.server.shelf import StyleShelf
from vidstyle.server.video_codec import H264Codec, has_h264
from vidstyle.server.viewer import FrameMeter, LiveSettings, LiveViewer
from vidstyle.stylize.segmentation import Segmentation

FRAME = encoded(64, 48)


@pytest.fixture
def viewer(shelf: Path, tmp_path: Path) -> Iterator[LiveViewer]:
    viewer = LiveViewer(StyleShelf(tmp_path / "own"), LiveSettings("negative"), 30.0)
    yield viewer
    viewer.close()


def mean(jpeg: bytes) -> float:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None and image.shape == (48, 64, 3)
    return float(image.mean())


def empty_mask(picture: Picture) -> Segmentation:
    return Segmentation(np.zeros((picture.height, picture.width), np.float32), presence=-9.0)


@pytest.mark.usefixtures("patient")
def test_a_changed_style_shows(viewer: LiveViewer) -> None:
    assert viewer.quality == ""
    assert abs(mean(viewer.paint(FRAME)) - (255 - mean(FRAME))) < 10
    assert "lines" in viewer.quality
    viewer.change(LiveSettings("white"))
    shown = [mean(viewer.paint(FRAME)) for _ in range(3)]
    assert shown[-1] > 240
    viewer.change(LiveSettings("white", strength=0.0))
    assert abs(mean(viewer.paint(FRAME)) - mean(FRAME)) < 10


@pytest.mark.usefixtures("patient")
def test_the_painted_part_changes(viewer: LiveViewer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidstyle.stylize.person_mask.segment", empty_mask)
    for only, expected in (("person", mean(FRAME)), ("background", 255 - mean(FRAME))):
        viewer.change(LiveSettings("negative", only=only))
        assert abs(mean(viewer.paint(FRAME)) - expected) < 10


def test_wrong_settings_change_nothing(viewer: LiveViewer) -> None:
    for settings in (
        LiveSettings("no style"),
        LiveSettings("negative", strength=2),
        LiveSettings("negative", only="cats"),
    ):
        with pytest.raises((StyleError, OptionError)):
            viewer.change(settings)
    assert viewer.settings == LiveSettings("negative")


def test_other_frames_are_refused(viewer: LiveViewer, monkeypatch: pytest.MonkeyPatch) -> None:
    for frame in (b"", b"text", encoded(8, 8, ".png"), FRAME[:40], b"\xff\xd8" + bytes(100)):
        with pytest.raises(Problem) as caught:
            viewer.paint(frame)
        assert caught.value.status == 415
    monkeypatch.setattr(limits, "LIVE_PIXELS", 64 * 48 - 1)
    with pytest.raises(Problem) as caught:
        viewer.paint(FRAME)
    assert caught.value.status == 413


@pytest.mark.usefixtures("patient")
@pytest.mark.skipif(not has_h264(), reason="FFmpeg lacks libx264")
def test_skipped_frames_of_a_stream_are_decoded(shelf: Path, tmp_path: Path) -> None:
    camera, page = H264Codec(30.0), H264Codec(30.0)
    packets = [camera.encode(panned(20 * number)) for number in range(4)]
    settings, style_shelf = LiveSettings("negative", strength=0.0), StyleShelf(tmp_path / "own")
    viewer = LiveViewer(style_shelf, settings, 30.0, codec=H264Codec(30.0))
    try:
        page.decode(viewer.paint(packets[0]))
        viewer.skip(packets[1])
        shown = page.decode(viewer.paint(packets[2])).to_rgb()
        assert np.abs(shown.astype(int) - panned(40).to_rgb()).mean() < 8
        viewer.skip(b"no video")
        with pytest.raises(KeyframeNeeded):
            viewer.paint(packets[3])
    finally:
        viewer.close()


def test_rate_and_delay_are_measured() -> None:
    meter = FrameMeter()
    assert meter.document() == {"fps": 0.0, "ms": 0.0, "dropped": 0}
    for number in range(5):
        meter.note(number * 0.1, number * 0.1 + 0.02)
    assert meter.document() == {"fps": 10.0, "ms": 20.0, "dropped": 0}
