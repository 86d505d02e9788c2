"""Contract of pipeline stages; add a stage to TRANSFORMS or SINKS."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import pytest

from tests.clips import Clip
from tests.contracts.implementations import implementations
from tests.live.scene import Inverter
from tests.optimize.few_steps import use_few_steps
from tests.textures import noise_image
from vidstyle.apps.cluster import _OnePart  # in tests/apps/test_cluster.py
from vidstyle.apps.work import ResumedTransform
from vidstyle.errors import SinkError
from vidstyle.frame import Frame
from vidstyle.live.sinks.growing_file import GrowingFile
from vidstyle.live.sinks.network_stream import NetworkMuxer  # in test_network_stream.py
from vidstyle.media.animation_sink import AnimationSink, GifSink
from vidstyle.media.codecs import ANIMATIONS, choose_encoder
from vidstyle.media.footage import FootageReader
from vidstyle.media.info import VideoInfo
from vidstyle.media.parted_sink import PartedSink
from vidstyle.media.parts import PartFolder, PartsByTime
from vidstyle.media.picture_sink import PictureSink  # contracts: tests/media/test_picture_sink.py
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.media.stream_sink import StreamSink
from vidstyle.optimize.cache import Arrays, Cache
from vidstyle.optimize.film import Film
from vidstyle.optimize.limits import MemoryLimits
from vidstyle.optimize.objective import PictureLossWeights
from vidstyle.optimize.picture_optimizer import PictureOptimizer
from vidstyle.optimize.style_target import StyleTarget
from vidstyle.optimize.work_folder import WorkFolder
from vidstyle.options import StylizeOptions
from vidstyle.perceptual.zoo import load_features
from vidstyle.pipeline.pipeline import FrameTransform, Sink
from vidstyle.stats import Stats
from vidstyle.stylize.painter import GeneratorPainter
from vidstyle.stylize.painter_schedule import always
from vidstyle.stylize.stylizer import VideoStylizer

pytestmark = pytest.mark.usefixtures("no_faces")
PIPES: list[BinaryIO] = []  # opened in a test, closed after it
PTS = [0, 3, 4, 9]  # uneven, in units of 1/25 s


def video_stylizer(clip: Path, options: StylizeOptions) -> VideoStylizer:
    return VideoStylizer(always(GeneratorPainter(Inverter())), options, Stats(), threads=2)


class NoCache(Cache):
    """A cache that keeps nothing."""

    def get(self, key: str) -> Arrays | None:
        return None

    def put(self, key: str, arrays: Arrays) -> None:
        """Forget them."""


@cache
def optimizer() -> PictureOptimizer:
    features = load_features("slim")
    painting = StyleTarget(noise_image(64, 64, seed=9, blur=1), features, NoCache())
    limits = MemoryLimits(10**6, 10**6, 10**6)
    return PictureOptimizer(features, painting, limits, PictureLossWeights())


def film(clip: Path, options: StylizeOptions) -> Film:
    work = WorkFolder(clip.parent / "work", {})
    film = Film(FootageReader(clip, options, 1), optimizer(), options, work, Stats())
    film.paint()
    return film


@dataclass(frozen=True)
class Transform:
    """A way to make a frame transform for a clip."""

    transform: type
    make: Callable[[Path, StylizeOptions], FrameTransform]


@dataclass(frozen=True)
class FileKind:
    """A sink that writes a video file, and the containers it is tried in."""

    sink: type[FileSink]
    suffixes: tuple[str, ...] = ("mp4", "mkv")

    def open(self, path: Path, info: VideoInfo) -> FileSink:
        container = ANIMATIONS.get(path.suffix)
        return self.sink(path, info, choose_encoder(path, None, None, None, container), Stats())


@dataclass(frozen=True)
class PipeKind(FileKind):
    """A sink that writes to a pipe; here a file takes its place."""

    def open(self, path: Path, info: VideoInfo) -> FileSink:
        encoder = choose_encoder(Path("-"), None, None, None, "matroska")
        PIPES.append(path.open("wb", buffering=0))
        return StreamSink(PIPES[-1], "mkv", info, encoder, Stats())


@dataclass(frozen=True)
class PartedKind(FileKind):
    """A sink that keeps parts beside the clip."""

    def open(self, path: Path, info: VideoInfo) -> FileSink:
        assert info.path is not None
        parts = PartFolder(info.path.parent / "out.work" / "parts", {}, PartsByTime(10.0))
        encoder = choose_encoder(path, None, None, None)
        return PartedSink(path, info, encoder, Stats(), parts)


TRANSFORMS = [
    Transform(VideoStylizer, video_stylizer),
    Transform(Film, film),
    Transform(
        ResumedTransform,
        lambda clip, options: ResumedTransform(video_stylizer(clip, options), None),
    ),
]
FILE_SINKS = [
    FileKind(FileSink),
    PartedKind(PartedSink),
    FileKind(GrowingFile),
    FileKind(AnimationSink, ("apng",)),
    FileKind(GifSink, ("gif",)),
]
SINKS = [*FILE_SINKS, PipeKind(StreamSink, ("mkv",))]
each_transform = pytest.mark.parametrize("kind", TRANSFORMS, ids=lambda k: k.transform.__name__)
each_sink = pytest.mark.parametrize("kind", SINKS, ids=lambda kind: kind.sink.__name__)
each_container = pytest.mark.parametrize(
    ("kind", "suffix"),
    [(kind, suffix) for kind in SINKS for suffix in kind.suffixes],
    ids=lambda given: given if isinstance(given, str) else given.sink.__name__,
)
each_file_sink = pytest.mark.parametrize("kind", FILE_SINKS, ids=lambda kind: kind.sink.__name__)


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    use_few_steps(monkeypatch.setattr)


@pytest.fixture(autouse=True)
def closed_pipes() -> Iterator[None]:
    yield
    while PIPES:
        PIPES.pop().close()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return Clip(frames=len(PTS), pts=PTS).write(tmp_path / "in.mkv")


def frames_of(clip: Path) -> list[Frame]:
    with FileSource(clip, Stats()) as source:
        return list(source)


def facts(frames: list[Frame]) -> list[tuple[int, Fraction, int, int, int]]:
    return [(f.pts, f.time_base, f.duration, f.picture.width, f.picture.height) for f in frames]


def test_every_stage_of_the_package_is_listed() -> None:
    assert {kind.transform for kind in TRANSFORMS} == implementations(FrameTransform)
    tested_elsewhere = {PictureSink, NetworkMuxer, _OnePart}
    assert {kind.sink for kind in SINKS} | tested_elsewhere == implementations(Sink)


@each_transform
@pytest.mark.parametrize("every", [1, 3])
def test_frames_keep_their_number_times_and_size(kind: Transform, clip: Path, every: int) -> None:
    frames = frames_of(clip)
    transform = kind.make(clip, StylizeOptions(every=every))
    done = list(transform.stylize(iter(frames)))
    assert facts(done) == facts(frames)
    for before, after in zip(frames, done, strict=True):
        assert not np.array_equal(before.picture.y, after.picture.y)


@each_transform
def test_the_frames_that_come_in_are_not_painted_on(kind: Transform, clip: Path) -> None:
    frames = frames_of(clip)
    kept = [plane.copy() for frame in frames for plane in frame.picture.planes]
    list(kind.make(clip, StylizeOptions(every=3)).stylize(iter(frames)))
    planes = [plane for frame in frames for plane in frame.picture.planes]
    assert all(np.array_equal(a, b) for a, b in zip(planes, kept, strict=True))


@each_transform
def test_without_frames_nothing_comes_out(kind: Transform, clip: Path) -> None:
    assert list(kind.make(clip, StylizeOptions(every=3)).stylize(iter(()))) == []


@each_transform
def test_closing_it_early_leaves_no_thread(kind: Transform, clip: Path) -> None:
    transform = kind.make(clip, StylizeOptions(every=2))
    before = set(threading.enumerate())
    with closing(transform.stylize(iter(frames_of(clip)))) as frames:
        next(frames)
    assert set(threading.enumerate()) <= before


@each_transform
def test_an_error_of_the_source_passes_through_and_leaves_no_thread(
    kind: Transform, clip: Path
) -> None:
    def broken() -> Iterator[Frame]:
        yield from frames_of(clip)[:2]
        raise ZeroDivisionError("the source is broken")

    transform = kind.make(clip, StylizeOptions(every=2))
    before = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError, match="the source is broken"):
        list(transform.stylize(broken()))
    assert set(threading.enumerate()) <= before


def opened(kind: FileKind, path: Path, clip: Path) -> FileSink:
    with FileSource(clip, Stats()) as source:
        info: VideoInfo = source.info
    return kind.open(path, info)


def times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [frame.time or 0.0 for frame in container.decode(video=0)]


@each_container
def test_a_sink_holds_every_frame_at_its_time(
    kind: FileKind, clip: Path, tmp_path: Path, suffix: str
) -> None:
    output, frames = tmp_path / f"out.{suffix}", frames_of(clip)
    kept = [frame.picture.y.copy() for frame in frames]
    with opened(kind, output, clip) as sink:
        for frame in frames:
            sink.write(frame)
        assert sink.finish() == output.stat().st_size
    assert times(output) == pytest.approx([frame.time_s for frame in frames], abs=0.0011)
    assert all(np.array_equal(f.picture.y, y) for f, y in zip(frames, kept, strict=True))
    assert {path.name for path in tmp_path.iterdir()} == {"in.mkv", output.name}


@each_file_sink
def test_a_folder_that_is_not_there_is_a_sink_error_of_one_line(
    kind: FileKind, clip: Path, tmp_path: Path
) -> None:
    with (
        pytest.raises(SinkError) as raised,
        opened(kind, tmp_path / "none" / f"out.{kind.suffixes[0]}", clip) as sink,
    ):
        for frame in frames_of(clip):
            sink.write(frame)
        sink.finish()
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "none").exists()


@each_sink
def test_a_disk_that_refuses_is_a_sink_error_and_no_thread_stays(
    kind: FileKind, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set(threading.enumerate())
    sink = opened(kind, tmp_path / f"out.{kind.suffixes[0]}", clip)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sink, "_encode", refuse)
    with sink, pytest.raises(SinkError, match="No space left on device"):
        sink.write(frames_of(clip)[0])
    assert set(threading.enumerate()) <= threads


def test_an_unfinished_file_sink_leaves_no_file(clip: Path, tmp_path: Path) -> None:
    with opened(FileKind(FileSink), tmp_path / "out.mkv", clip) as sink:
        for frame in frames_of(clip):
            sink.write(frame)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]
