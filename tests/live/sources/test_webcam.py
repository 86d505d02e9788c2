"""A camera with every fault, in place of OpenCV's: there is no /dev/video here."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.clips import patches
from tests.live.sources.playback import NEVER, Clock
from tests.live.sources.toy_device import ToyDevice
from vidstyle.errors import SourceError
from vidstyle.live.sources import webcam
from vidstyle.live.sources.webcam import MAX_FAILURES, Webcam


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A path that exists, as a device's does."""
    path = tmp_path / "video0"
    path.touch()
    return path


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that stalls between two reads is no silence of the camera's."""
    monkeypatch.setattr(webcam, "MAX_SILENCE_S", 60.0)


BGR = np.ascontiguousarray(patches(64, 48)[..., ::-1])
GARBAGE = [None, np.zeros((0, 0, 3), np.uint8), np.zeros((48, 64), np.uint8), cv2.error("oops")]


def test_a_camera_is_asked_for_mjpg_and_one_picture_of_buffer(node: Path) -> None:
    device = ToyDevice([BGR])
    seen = Webcam(node, 64, 48, 30, device)
    assert device.asked[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")
    assert device.asked[cv2.CAP_PROP_BUFFERSIZE] == 1
    assert (seen.width, seen.height) == (64, 48)
    assert seen.rate == 30
    assert seen.notes == []
    seen.close()
    assert device.released


def test_colors_are_right(node: Path) -> None:
    picture = Webcam(node, 64, 48, 30, ToyDevice([BGR])).read(NEVER)
    assert picture is not None
    wrong = np.abs(picture.to_rgb().astype(int) - patches(64, 48))
    wrong = wrong[2:-2, 2:-2]
    assert np.median(wrong) <= 3


def test_what_it_got_instead_is_said(node: Path) -> None:
    yuyv = cv2.VideoWriter.fourcc(*"YUYV")
    got: dict[int, float] = {cv2.CAP_PROP_FPS: 10.0, cv2.CAP_PROP_FOURCC: yuyv}
    seen = Webcam(node, 1280, 720, 30, ToyDevice([BGR], got))
    (note,) = seen.notes
    assert note.endswith(
        "was asked for 1280x720 at 30 and gives 64x48, 10 pictures a second, YUYV instead of MJPG."
    )
    assert seen.rate == 10


def test_odd_sizes_are_cut_to_even_ones(node: Path) -> None:
    seen = Webcam(node, 64, 48, 30, ToyDevice([BGR[:47, :63]]))
    assert (seen.width, seen.height) == (62, 46)


def test_a_missing_device_is_said() -> None:
    with pytest.raises(SourceError, match=r"There is no camera /dev/video99.*vidstyle doctor"):
        Webcam(99, 64, 48, 30)


def test_a_device_that_does_not_open_is_said(node: Path) -> None:
    device = ToyDevice([BGR])
    device.opened = False
    with pytest.raises(SourceError, match="cannot be opened"):
        Webcam(node, 64, 48, 30, device)
    assert device.released


def test_a_camera_taken_by_another_program_is_said(node: Path) -> None:
    device = ToyDevice([None])
    with pytest.raises(SourceError, match="Another program may be using it"):
        Webcam(node, 64, 48, 30, device)
    assert device.released


def test_a_few_bad_reads_are_passed_over(node: Path) -> None:
    seen = Webcam(node, 64, 48, 30, ToyDevice([BGR, *GARBAGE, BGR]))
    assert seen.read(NEVER) is not None
    assert seen.read(NEVER) is not None


@pytest.mark.parametrize("garbage", GARBAGE)
def test_nothing_but_garbage_is_a_lost_camera(node: Path, garbage: Any) -> None:
    seen = Webcam(node, 64, 48, 30, ToyDevice([BGR, *[garbage] * MAX_FAILURES, BGR]))
    assert seen.read(NEVER) is not None
    with pytest.raises(SourceError, match="gives no pictures any more"):
        seen.read(NEVER)


def test_a_camera_that_does_not_answer_is_lost_at_once(
    node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenCV waits a second for each picture; ten times that would be too long."""
    seen = Webcam(node, 64, 48, 30, ToyDevice([BGR, None, BGR]))
    assert seen.read(NEVER) is not None
    monkeypatch.setattr(webcam, "MAX_SILENCE_S", 0)
    with pytest.raises(SourceError, match="gives no pictures any more"):
        seen.read(NEVER)


def test_a_stop_ends_the_wait_for_a_camera_that_gives_nothing(node: Path) -> None:
    seen = Webcam(node, 64, 48, 30, ToyDevice([BGR, None]))
    assert seen.read(NEVER) is not None
    assert seen.read(Clock(until_s=0.0)) is None


def test_the_hint_is_a_command_that_exists() -> None:
    assert "vidstyle doctor" in webcam.HINT
