"""Work folders: finished parts of a conversion, from which the same call goes on."""

import hashlib
import logging
import shlex
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av

from vidstyle import __version__
from vidstyle.errors import SinkError, reason
from vidstyle.frame import Checkpoint, Frame
from vidstyle.media.atomic import short_name
from vidstyle.media.differences import differences
from vidstyle.media.file_identity import file_identity
from vidstyle.media.footage import SOURCE_COUNTERS, Footage, FootageSource, footage_digest
from vidstyle.media.info import VideoInfo
from vidstyle.media.output_lock import output_lock
from vidstyle.media.parts import (
    PARTS,
    PartFolder,
    PartRule,
    delete_joined,
    delete_partial_parts,
    with_checkpoints,
)
from vidstyle.options import StylizeOptions, settings
from vidstyle.pipeline.pipeline import FrameTransform
from vidstyle.stats import Stats
from vidstyle.stylize.generator_pool import plan_digest
from vidstyle.times import clock

log = logging.getLogger(__name__)

MIN_FILM_S = 60.0  # of a film that is converted in parts
WORK_SUFFIX = ".work"
# Settings that change neither the frames nor how they are encoded.
IGNORED_SETTINGS = {"overwrite", "threads", "device", "resume", "work_folder", "format", "cluster"}


def work_folder(output: Path, options: StylizeOptions) -> Path:
    """Path of the work folder of an output: beside it, or in the folder that the options name."""
    if options.work_folder is None:
        return output.with_name(short_name(output.name, WORK_SUFFIX))
    place = hashlib.sha256(bytes(output.absolute())).hexdigest()[:8]
    return Path(options.work_folder) / short_name(output.name, f".{place}{WORK_SUFFIX}")


@contextmanager
def claimed_work_folder(output: Path, options: StylizeOptions) -> Iterator[Path]:
    """Lock the work folder of an output for the block, whether it is there or not.

    Partial files of killed runs in it are deleted, unless its file system has no locks.

    Raises:
        SinkError: another run uses it, or the folder that the options name cannot be made.
    """
    folder = work_folder(output, options)
    if options.work_folder is not None:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"Cannot make the folder {folder.parent}: {reason(error)}. Choose another."
            raise SinkError(message, {"work_folder": ...}) from error
    with output_lock(folder) as is_locked:
        if is_locked:
            delete_partial_parts(folder / PARTS)
        yield folder


def delete_joined_parts(output: Path, options: StylizeOptions) -> None:
    """Delete the parts of a finished output, which a kill after its end has kept.

    They stay where no lock tells that no run uses them.

    Raises:
        SinkError: a run is writing the output, or a file cannot be deleted.
    """
    work = work_folder(output, options)
    if not work.is_dir():
        return
    with output_lock(output) as is_locked, output_lock(work) as is_work_locked:
        if not (is_locked and is_work_locked):
            return
        try:
            delete_joined(work / PARTS, output)
        except OSError as error:
            raise SinkError(f"Cannot delete {work}: {reason(error)}.") from error


def expected_s(info: VideoInfo) -> float | None:
    """Length of the output in seconds; None if it is not known."""
    frames = info.expected_frames
    return None if frames is None else float(frames / info.rate)


def is_long(info: VideoInfo) -> bool:
    """Whether a film is long enough for parts, or of unknown length."""
    seconds = expected_s(info)
    return seconds is None or seconds >= MIN_FILM_S


def open_parts(
    input: Footage,
    work: Path,
    options: StylizeOptions,
    encoding: str,
    rule: PartRule,
    *,
    independent: bool = False,
) -> PartFolder:
    """Open the folder of a conversion's parts; parts of other settings in it are named.

    Args:
        input: a file or an image sequence.
        work: claimed work folder.
        options: of the conversion.
        encoding: everything that the packets of given frames depend on.
        rule: for the bounds of the parts.
        independent: whether each part is made by itself, on any machine.

    Raises:
        SinkError: the folder cannot be used.
        VidstyleError: a style's file cannot be read.
    """
    run = {
        **versions(),
        **({"parts": "independent"} if independent else {}),
        "input": footage_digest(input, file_identity),
        "style file": plan_digest(options.style_plan),
        "encoding": encoding,
        "settings": {
            setting.name: getattr(options, setting.name)
            for setting in settings(StylizeOptions)
            if setting.name not in IGNORED_SETTINGS
        },
    }
    folder = PartFolder(work / PARTS, run, rule, independent=independent)
    for other in folder.others():
        log.warning(
            "%s keeps %s of another run (%s). This one starts anew; delete the old work with "
            "vidstyle clean %s.",
            work,
            clock(other.seconds),
            differences(other.run, folder.run),
            shlex.quote(str(work)),
        )
    return folder


def versions() -> dict[str, str]:
    """Versions that the frames and packets of a conversion depend on."""
    codecs = f"{av.__version__} {av.library_versions['libavcodec']}"
    return {"vidstyle": __version__, "PyAV": codecs}


class PartedTransform(FrameTransform, Protocol):
    """`FrameTransform` that can go on with an interrupted run."""

    @property
    def options(self) -> StylizeOptions:
        """Options of the conversion, and all that was decided by itself."""

    def part_rule(self, rate: Fraction) -> PartRule:
        """Return the rule for the bounds of parts.

        Args:
            rate: of the film, in frames per second.
        """

    def start_at(self, checkpoint: Checkpoint) -> None:
        """Go on with the frame of a checkpoint; called before `stylize`."""


class ResumedTransform:
    """`FrameTransform` of the frames that are missing in a run."""

    def __init__(self, transform: PartedTransform, parts: PartFolder | None) -> None:
        """Wrap a transform; without parts, it gets all frames."""
        self._transform = transform
        self._start = None if parts is None else parts.finished.until

    def stylize(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        start = self._start
        if start is not None:
            self._transform.start_at(start)
            frames = (frame for frame in frames if frame.pts >= start.pts)
        return self._transform.stylize(frames)


def resumed_frames(
    source: FootageSource, parts: Sequence[PartFolder], stats: Sequence[Stats]
) -> Iterable[Frame]:
    """Frames of a source with checkpoints, from the earliest one that is missing in any run.

    Args:
        source: not iterated yet.
        parts: of each run; the first one decides on the bounds.
        stats: of each run, resumed from its checkpoint; the first one has the source's counters.
    """
    ends = [folder.finished.until for folder in parts]
    for end, each in zip(ends, stats, strict=True):
        if end is not None:
            own = {name: n for name, n in end.counts.items() if name not in SOURCE_COUNTERS}
            each.resume(own, end.seconds, end.time_s)
    found = [end for end in ends if end is not None]
    start = min(found, key=lambda end: end.pts) if len(found) == len(ends) else None
    if start is not None:
        for name in SOURCE_COUNTERS:
            stats[0].count(name, start.counts.get(name, 0))
        source.start_at(start)
    return with_checkpoints(source, parts[0].rule, stats[0], start)
