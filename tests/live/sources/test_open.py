"""The value of --camera: a number, a path, a name, an address, a test pattern."""

import socket
import sys
import threading
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from tests.clips import Clip
from tests.live.scene import WAIT_S
from tests.live.sources.server import nobody_listening
from vidstyle.errors import SourceError
from vidstyle.live.sources.file import PacedFile
from vidstyle.live.sources.open import camera_names, find_camera, open_source
from vidstyle.live.sources.stream import Stream
from vidstyle.options import LiveOptions


@pytest.mark.parametrize(
    ("camera", "reason"),
    [
        ("{address}/none.mp4", "{address}/none.mp4 cannot be opened"),
        ("/dev/video77", "There is no camera /dev/video77"),
        ("{folder}/nothing.mp4", 'There is no camera or file "{folder}/nothing.mp4"'),
        ("nobody's camera", 'There is no camera or file "nobody\'s camera"'),
        ("{folder}/words.mp4", "is not a video that can be opened"),
    ],
)
def test_what_is_no_camera_is_said(tmp_path: Path, camera: str, reason: str) -> None:
    (tmp_path / "words.mp4").write_text("no video")
    with nobody_listening() as address:
        camera, reason = (s.format(folder=tmp_path, address=address) for s in (camera, reason))
        with pytest.raises(SourceError, match=reason):
            open_source(LiveOptions(camera=camera))


@pytest.mark.skipif(sys.platform != "linux", reason="names as Linux gives them")
def test_a_part_of_a_name_finds_a_camera_unless_it_could_be_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from vidstyle.live.v4l2 import Device

    there = [
        Device(Path("/dev/video0"), "Brio 100", captures=True, outputs=False),
        Device(Path("/dev/video2"), "Cam Link", captures=True, outputs=False),
        Device(Path("/dev/video4"), "Brio 500", captures=True, outputs=False),
        Device(Path("/dev/video9"), "Link to a call", captures=True, outputs=True),
    ]
    monkeypatch.setattr("vidstyle.live.v4l2.devices", lambda: there)
    assert find_camera("link") == Path("/dev/video2")
    assert find_camera("3") == 3
    with pytest.raises(SourceError, match="could be any of /dev/video0, /dev/video4"):
        find_camera("brio")
    listed = "There is: /dev/video0 Brio 100, /dev/video2 Cam Link, /dev/video4 Brio 500."
    with pytest.raises(SourceError, match=listed):
        find_camera("bryo")


def test_on_windows_a_part_of_a_name_gives_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sound inputs are none of OpenCV's cameras, devices of an unknown kind are."""
    devices = [
        SimpleNamespace(description="Brio 100", media_types=["video"]),
        SimpleNamespace(description="OBS Virtual Camera", media_types=[]),
        SimpleNamespace(description="Brio 100 (sound)", media_types=["audio"]),
        SimpleNamespace(description="Cam Link", media_types=["video", "audio"]),
    ]
    monkeypatch.setattr("av.enumerate_input_devices", lambda name: devices)
    monkeypatch.setattr(sys, "platform", "win32")
    assert [find_camera(name) for name in ("brio", "obs", "link")] == [0, 1, 2]
    with pytest.raises(SourceError, match="There is: 0 Brio 100, 1 OBS Virtual Camera, 2 Cam Link"):
        find_camera("logitech")
    monkeypatch.setattr("av.enumerate_input_devices", Mock(side_effect=ValueError))
    assert camera_names() == []


def test_a_file_is_played_and_a_pattern_has_the_size_and_rate_asked_for(tmp_path: Path) -> None:
    clip = Clip(frames=2).write(tmp_path / "in.mp4")
    file = open_source(LiveOptions(camera=f" {clip} "))
    pattern = open_source(LiveOptions(camera="testsrc", size="96x64", fps=12.5))
    assert isinstance(file, PacedFile)
    assert isinstance(pattern, Stream)
    assert (pattern.width, pattern.height, pattern.rate) == (96, 64, Fraction(25, 2))
    file.close()
    pattern.close()


def test_an_address_that_does_not_answer_delays_no_interrupt() -> None:
    threads = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(WAIT_S)

        def interrupt() -> None:  # once the client waits for an answer
            server.accept()[0].close()
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            open_source(
                LiveOptions(camera=f"http://127.0.0.1:{server.getsockname()[1]}/x"), interrupt
            )
    for thread in set(threading.enumerate()) - threads:  # ends by itself
        thread.join(WAIT_S)
        assert not thread.is_alive()
