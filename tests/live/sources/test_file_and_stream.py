"""Files, test pictures and addresses as cameras."""

import http.server
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.clips import Clip, squares
from vidstyle.errors import SourceError
from vidstyle.frame import Picture
from vidstyle.live.sources.base import MAX_LAG_S, LiveSource, Pacer
from vidstyle.live.sources.file import PacedFile
from vidstyle.live.sources.open import open_source
from vidstyle.live.sources.stream import Stream
from vidstyle.options import LiveOptions


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now_s, self.slept = 100.0, list[float]()

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return Clip(frames=6, rate=10).write(tmp_path / "in.mp4")


def read_all(source: LiveSource) -> list[Picture]:
    pictures = []
    while (picture := source.read()) is not None:
        pictures.append(picture)
    source.close()
    return pictures


def test_each_picture_comes_when_its_time_has_come(clock: Clock) -> None:
    pacer = Pacer(clock, clock.sleep)
    shown = []
    for time_s in (0.0, 0.04, 0.08, 0.2):
        pacer.wait_for(time_s)
        shown.append(clock.now_s - 100)
        clock.now_s += 0.01  # for the work
    assert shown == pytest.approx([0.0, 0.04, 0.08, 0.2])


def test_what_is_late_is_not_waited_for_and_catches_up(clock: Clock) -> None:
    pacer = Pacer(clock, clock.sleep)
    pacer.wait_for(0.0)
    clock.now_s += 0.3
    pacer.wait_for(0.1)
    assert clock.slept == []
    pacer.wait_for(0.4)
    assert clock.now_s == pytest.approx(100.4)


def test_after_a_long_break_the_clock_starts_anew(clock: Clock) -> None:
    pacer = Pacer(clock, clock.sleep)
    pacer.wait_for(0.0)
    clock.now_s += MAX_LAG_S + 60
    pacer.wait_for(0.1)
    resumed_s = clock.now_s
    pacer.wait_for(0.2)
    assert clock.now_s - resumed_s == pytest.approx(0.1)


def test_a_file_plays_at_its_own_speed(clip: Path, clock: Clock) -> None:
    pictures = read_all(PacedFile(clip, loop=False, pacer=Pacer(clock, clock.sleep)))
    assert len(pictures) == 6
    assert sum(clock.slept) == pytest.approx(0.5)


def test_a_looped_file_begins_again(clip: Path, clock: Clock) -> None:
    source = PacedFile(clip, loop=True, pacer=Pacer(clock, clock.sleep))
    pictures = [source.read() for _ in range(15)]
    source.close()
    first, again = pictures[0], pictures[12]
    assert first is not None
    assert again is not None
    assert np.array_equal(first.y, again.y)


def test_test_pictures_have_the_size_and_the_speed_asked_for() -> None:
    source = Stream.test_pattern(96, 64, Fraction(50))
    began = time.monotonic()
    pictures = [source.read() for _ in range(6)]
    took_s = time.monotonic() - began
    source.close()
    assert {(p.width, p.height) for p in pictures if p} == {(96, 64)}
    assert took_s >= 0.09
    assert source.rate == 50


class Files(http.server.SimpleHTTPRequestHandler):
    """Serves files; those whose names begin with "live" without saying how long they are."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if not self.path.startswith("/live"):
            super().do_GET()
            return
        data = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(clip: Path) -> Iterator[str]:
    handler = partial(Files, directory=str(clip.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_address_is_a_camera_too(server: str) -> None:
    source = open_source(LiveOptions(camera=f"{server}/in.mp4"))
    assert (source.width, source.height) == (64, 48)
    assert source.rate == 10
    pictures = read_all(source)
    assert len(pictures) == 6
    shown = pictures[0].to_rgb().astype(int)
    assert np.abs(shown - squares(0, 64, 48)).mean() < 8


def test_what_has_no_length_is_lost_where_it_ends_and_can_be_opened_again(
    server: str, tmp_path: Path
) -> None:
    Clip(frames=12, rate=10).write(tmp_path / "live.ts")
    for _ in range(2):
        source = open_source(LiveOptions(camera=f"{server}/live.ts"))
        for _ in range(12):
            assert source.read() is not None
        with pytest.raises(SourceError, match=r"live.ts has stopped\.$"):
            source.read()
        source.close()


def test_damaged_packets_are_passed_over(server: str, tmp_path: Path) -> None:
    path = Clip(frames=30, codec="mjpeg", pixels="yuvj420p").write(tmp_path / "hit.mp4")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 300] = bytes(300)
    path.write_bytes(data)
    pictures = read_all(open_source(LiveOptions(camera=f"{server}/hit.mp4")))
    assert 25 <= len(pictures) <= 30


def test_pictures_of_another_size_are_given_as_they_are(server: str, tmp_path: Path) -> None:
    small = Clip(frames=5, codec="mjpeg", pixels="yuvj420p").write(tmp_path / "small.mjpeg")
    large = Clip(frames=5, codec="mjpeg", pixels="yuvj420p", size_wh=(96, 80))
    both = small.read_bytes() + large.write(tmp_path / "large.mjpeg").read_bytes()
    (tmp_path / "live.mjpeg").write_bytes(both)
    source = open_source(LiveOptions(camera=f"{server}/live.mjpeg"))
    pictures = [source.read() for _ in range(10)]
    source.close()
    assert [(p.width, p.height) for p in pictures if p] == [(64, 48)] * 5 + [(96, 80)] * 5


@pytest.mark.parametrize(
    ("camera", "reason"),
    [
        ("http://127.0.0.1:9/none.mp4", "http://127.0.0.1:9/none.mp4 cannot be opened"),
        ("/dev/video77", "There is no camera /dev/video77"),
        ("nobody's camera", 'There is no camera or file "nobody\'s camera"'),
        ("{folder}/words.mp4", "is not a video that can be opened"),
    ],
)
def test_what_is_no_camera_is_said(tmp_path: Path, camera: str, reason: str) -> None:
    (tmp_path / "words.mp4").write_text("no video")
    with pytest.raises(SourceError, match=reason):
        open_source(LiveOptions(camera=camera.format(folder=tmp_path)))


def test_sound_alone_is_no_camera(server: str, clip: Path) -> None:
    import av

    with av.open(str(clip.parent / "only.wav"), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=8000)
        samples = np.zeros((1, 800), np.int16)
        sound = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        sound.sample_rate = 8000
        output.mux(stream.encode(sound))
    with pytest.raises(SourceError, match="gives no video"):
        open_source(LiveOptions(camera=f"{server}/only.wav"))
