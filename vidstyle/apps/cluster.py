"""Conversion on a cluster: parts of the film are made by workers, and joined by the coordinator.

Modules of Dask are imported by `vidstyle.cluster` inside functions. `render_part` and the two
questions run on the workers; all else runs on the coordinator.
"""

import hashlib
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2

from vidstyle.apps.video_outputs import VideoFile, VideoOutput
from vidstyle.apps.work import versions
from vidstyle.assets import models_folder
from vidstyle.cluster.connection import DaskWorkers, Question, connected, worker_cores
from vidstyle.cluster.dispatch import DamagedResultError, Dispatcher
from vidstyle.cluster.shared_files import SharedFile, SharedFiles, found
from vidstyle.errors import ClusterError, Cure, SinkError, SourceError, VidstyleError, reason
from vidstyle.frame import Frame
from vidstyle.hardware import ThreadPlan
from vidstyle.media.codecs import Encoder
from vidstyle.media.footage import Footage, FootageSource
from vidstyle.media.info import VideoInfo
from vidstyle.media.part_file import DamagedPartError
from vidstyle.media.parted_sink import PartedSink
from vidstyle.media.parts import (
    PART_S,
    PARTS,
    PartFolder,
    PartsByTime,
    independent_part,
    with_first,
)
from vidstyle.media.side_streams import NoSideStreams
from vidstyle.media.source import FileSource
from vidstyle.options import AUTO, StylizeOptions, settings
from vidstyle.pipeline.pipeline import Branch, Pipeline
from vidstyle.stats import Stats
from vidstyle.style_plan import read_schedule, renamed
from vidstyle.stylize.generator_pool import plan_digest
from vidstyle.stylize.painter_schedule import load_painters
from vidstyle.stylize.stylizer import VideoStylizer

log = logging.getLogger(__name__)

ENCODER_THREADS = 2  # on every machine, since they change the packets
ALONE: Cure = {"cluster": None}


@dataclass(frozen=True, slots=True)
class PartOrder:
    """All that a worker needs to make the parts of a film, but for the number of a part."""

    input: str  # name of a shared file
    options: StylizeOptions
    run: Mapping[str, Any]  # of `Part`
    rule: PartsByTime
    info: VideoInfo  # of the output
    encoder: Encoder
    suffix: str  # of the output
    keep_alpha: bool
    is_deep: bool


def check_suitable(file: Footage, path: Path | None, target: VideoOutput, like: VideoInfo) -> None:
    """Check that a conversion can be divided among machines.

    Args:
        file: the input.
        path: of it, as it was given.
        target: the output.
        like: properties of the input.

    Raises:
        SourceError: the input is a pipe, pictures, or of unknown length.
        SinkError: the output is no video file, or is encoded by hardware.
    """
    if file != path:
        raise SourceError("A cluster converts video files, no pictures and no pipes.", ALONE)
    if like.expected_frames is None:
        raise SourceError(f"{path} does not say how long it is.", ALONE)
    if not isinstance(target, VideoFile) or target.encoding(like, ENCODER_THREADS) is None:
        raise SinkError("A cluster writes video files without an alpha channel.", ALONE)
    _, encoder = target.for_input(like)
    if encoder.kind.is_hardware:
        raise SinkError(f"{encoder.name} is not on all machines.", {"codec": None}, ALONE)


def part_rule() -> PartsByTime:
    """Rule for the parts of a film; they may begin anywhere."""
    return PartsByTime(PART_S)


def make_parts(
    folder: PartFolder,
    order: PartOrder,
    stats: Stats,
    watch: Callable[[], None],
) -> None:
    """Have the parts of a film made that are missing in a folder, all but the last one.

    Args:
        folder: of independent parts.
        order: for the workers; its options name the cluster.
        stats: receives the counters of the parts, and the number of workers.
        watch: called regularly in the calling thread; its exceptions end the work.

    Raises:
        ClusterError: the cluster cannot be reached, no worker fits, or a part ends its workers.
        MissingExtraError: Dask is not installed.
        VidstyleError: a worker cannot read the input or a style, or the disk is full.
    """
    parts = {f"Part {n + 1}": folder.part(n) for n in range(_last_number(order))}
    if not parts:
        log.warning("The film has one part of %g s only, so this machine makes it alone.", PART_S)
    missing = dict(parts)
    for name, part in parts.items():
        end = folder.kept(part)
        if end is not None:
            stats.count("frames", end.frames)
            del missing[name]
    kept_s = float(stats["frames"] / order.info.rate)
    if kept_s:
        stats.position_s = stats.resumed_at_s = kept_s

    def received(name: str, content: bytes | None) -> None:
        if content is None:  # a part without frames
            return
        try:
            end = folder.take(parts[name], content)
        except DamagedPartError as error:
            raise DamagedResultError(str(error)) from error
        except OSError as error:
            raise SinkError(f"Cannot write {folder.path}: {reason(error)}.") from error
        stats.count("frames", end.frames)
        stats.position_s = float(stats["frames"] / order.info.rate)

    if missing:
        tasks = {name: (render_part, _sent(order), part.number) for name, part in missing.items()}
        plan = (_sent(order).options, order.run["style file"])
        shared = SharedFiles([order.input, *style_files(order.options)])
        run_tasks(
            order.options, tasks, received, Question(style_misfit, plan), shared, stats, watch
        )
    folder.find_finished()
    _complete_counters(folder, stats)


def run_tasks(
    options: StylizeOptions,
    tasks: Mapping[str, Any],
    received: Callable[[str, Any], None],
    fit: Question,
    shared: SharedFiles,
    stats: Stats,
    watch: Callable[[], None],
) -> None:
    """Run tasks on the cluster that the options name; see `Dispatcher.run` and `DaskWorkers`."""
    assert options.cluster is not None

    def note(count: int) -> None:
        stats.workers = count

    note(0)
    own = Question(version_misfit, (all_versions(),))
    with connected(options.cluster) as client, DaskWorkers(client, own, fit, shared) as workers:
        Dispatcher(workers, watch, note).run(tasks, received)
    stats.workers = None


def rest_of(source: FootageSource, folder: PartFolder) -> Iterable[Frame]:
    """Frames of a source that the finished parts lack, in one part.

    Args:
        source: not iterated yet.
        folder: of independent parts.
    """
    until = folder.finished.until
    if until is None:
        return source
    source.start_at(until)
    return with_first(source, until)


def _complete_counters(folder: PartFolder, stats: Stats) -> None:
    """Set the counters to those of the finished parts."""
    until = folder.finished.until
    counts = {"frames": 0} if until is None else until.counts
    for name, count in counts.items():
        stats.set_count(name, count)


def _last_number(order: PartOrder) -> int:
    """Number of the film's last part, by its expected length."""
    frames = order.info.expected_frames
    assert frames is not None
    return order.rule.number(frames - 1, float((frames - 1) / order.info.rate))


def _sent(order: PartOrder) -> PartOrder:
    """Order as it is sent: without settings and paths of this machine alone."""
    options = portable(order.options)
    return replace(order, options=options, info=replace(order.info, path=None))


def portable(options: StylizeOptions) -> StylizeOptions:
    """Options without what concerns this machine alone."""
    values = {setting.name: getattr(options, setting.name) for setting in settings(StylizeOptions)}
    values |= {"cluster": None, "work_folder": None, "threads": None, "preset": None}
    values |= {"style": read_schedule(options.style)}
    return StylizeOptions(**values)


def style_files(options: StylizeOptions) -> list[str]:
    """Files that the styles of options name, in place of shipped styles; spelled as there."""
    names = options.style_plan.names
    return [name for name in names if name and Path(name).suffix and Path(name).is_file()]


def all_versions() -> dict[str, str]:
    """Versions that must be the same on all machines, and a digest of the shipped networks."""
    digest = hashlib.sha256()
    for file in sorted(models_folder().glob("*.onnx")):
        digest.update(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {**versions(), "Python": python, "networks": digest.hexdigest()[:12]}


def version_misfit(needed: Mapping[str, str]) -> str | None:
    """Why a worker's versions do not fit; None if they do. Runs on the worker."""
    own = all_versions()
    return next(
        (
            f"it has {name} {own[name]}, not {version}."
            for name, version in needed.items()
            if own[name] != version
        ),
        None,
    )


def style_misfit(
    options: StylizeOptions, digest: str, files: Mapping[str, SharedFile]
) -> str | None:
    """Why a worker's style does not fit; None if it does. Runs on the worker."""
    try:
        own = plan_digest(localized(options, files).style_plan)
    except VidstyleError as error:
        return error.message
    return None if own == digest else f"its style {options.style or AUTO} is another one."


def local_path(file: SharedFile) -> Path:
    """Path of a shared file on this worker.

    Raises:
        ClusterError: it is gone.
    """
    path = found(file)
    if path is None:
        raise ClusterError(f"{file.path} is gone from a worker, or has changed.")
    return path


def localized(options: StylizeOptions, files: Mapping[str, SharedFile]) -> StylizeOptions:
    """Options with the paths of this worker's files."""

    def local(name: str | None) -> str:
        assert name is not None
        return str(local_path(files[name])) if name in files else name

    style, weights = options.style, options.feature_weights
    return replace(
        options,
        style=None if style is None else renamed(style, local),
        feature_weights=None if weights is None else local(weights),
    )


def render_part(order: PartOrder, number: int, files: Mapping[str, SharedFile]) -> bytes | None:
    """Make a part on a worker, and return its file; None if it has no frame, or the film ends.

    Raises:
        VidstyleError: the input, a style or the encoder fails.
    """
    options, stats = localized(order.options, files), Stats()
    threads = ThreadPlan.for_cores(worker_cores(), options.every == 1)
    cv2.setNumThreads(threads.opencv)
    painters = load_painters(options.style_plan, options.start, options.provider)
    stylizer = VideoStylizer(painters, options, stats, threads.painters)
    rule = order.rule
    with (
        TemporaryDirectory(prefix="vidstyle-") as place,
        FileSource(
            local_path(files[order.input]),
            stats,
            start_s=options.start,
            end_s=options.end,
            threads=threads.decoder,
            keep_alpha=order.keep_alpha,
            size=options.sized_wh,
            rate=options.rate,
            deep=order.is_deep,
        ) as source,
    ):
        if number:
            source.start_from(rule.seconds * number, _due(rule, number))
        folder = PartFolder(Path(place) / PARTS, order.run, rule, independent=True)
        output = Path(place) / f"part{order.suffix}"
        with PartedSink(
            output,
            order.info,
            order.encoder,
            stats,
            folder,
            threads=ENCODER_THREADS,
            side_streams=NoSideStreams,
        ) as sink:
            frames = independent_part(source, rule, number, stats)
            Pipeline(frames, Branch(stylizer, _OnePart(sink, number))).run()
        file = folder.file(folder.part(number))
        return file.read_bytes() if file.is_file() else None


class _OnePart:
    """`Sink` that writes the frames of one part, and ends it with the first frame after it."""

    def __init__(self, sink: PartedSink, number: int) -> None:
        self._sink, self._number = sink, number

    def write(self, frame: Frame) -> None:
        checkpoint = frame.checkpoint
        if checkpoint is not None and checkpoint.part > self._number:
            self._sink.end_part(checkpoint)
        else:
            self._sink.write(frame)


def _due(rule: PartsByTime, number: int) -> Callable[[Frame], bool]:
    return lambda frame: rule.number(0, frame.time_s) >= number
