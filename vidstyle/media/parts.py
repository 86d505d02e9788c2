"""Parts of a conversion: their bounds, their descriptions, and the folder of their files."""

import hashlib
import json
import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from vidstyle.errors import ELSEWHERE, Cure, SinkError, reason
from vidstyle.frame import Checkpoint, Frame
from vidstyle.media.atomic import whole_file
from vidstyle.media.footage import SOURCE_COUNTERS
from vidstyle.media.owned_files import delete_partials
from vidstyle.media.part_file import DamagedPartError, PartEnd, PartReader
from vidstyle.stats import Stats

PART_S = 10.0  # of the film; an interruption costs one part at most
PART_SUFFIX = ".part"
PARTS = "parts"  # folder of the parts, in the work folder
PART_NAME = re.compile(r"[0-9a-f]{64}\.part")
CURES: tuple[Cure, ...] = ({"work_folder": ...}, ELSEWHERE)


class PartRule(Protocol):
    """Rule for the bounds of parts; a part holds all frames of one number."""

    def number(self, frame: int, time_s: float) -> int:
        """Return the number of a frame's part, which never decreases.

        Args:
            frame: index in the run, from 0.
            time_s: presentation time in seconds.
        """

    def bounds(self, number: int) -> dict[str, Any]:
        """Return the bounds of a part as JSON data."""


@dataclass(frozen=True, slots=True)
class PartsByTime:
    """`PartRule` of parts of the same length."""

    seconds: float

    def number(self, frame: int, time_s: float) -> int:
        return max(0, math.floor(time_s / self.seconds))

    def bounds(self, number: int) -> dict[str, Any]:
        return {"from_s": number * self.seconds, "until_s": (number + 1) * self.seconds}


@dataclass(frozen=True, slots=True)
class PartsByFrame:
    """`PartRule` of parts that begin with given frames."""

    starts: tuple[int, ...]  # increasing, from 0

    def number(self, frame: int, time_s: float) -> int:
        return bisect_right(self.starts, frame) - 1

    def bounds(self, number: int) -> dict[str, Any]:
        return {"from_frame": self.starts[number], "until_frame": self._until(number)}

    def _until(self, number: int) -> int | None:
        return self.starts[number + 1] if number + 1 < len(self.starts) else None


@dataclass(frozen=True, slots=True)
class Part:
    """Description of a part: everything that its frames depend on. All of it is JSON data."""

    run: Mapping[str, Any]  # input, settings, networks, encoder and versions
    number: int
    bounds: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """The description as one JSON object."""
        return {"run": dict(self.run), "number": self.number, **self.bounds}

    @property
    def file_name(self) -> str:
        """Name of the part's file: the hash of the description."""
        text = json.dumps(self.document(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest() + PART_SUFFIX


@dataclass(frozen=True, slots=True)
class FinishedParts:
    """Parts of a run that are there, from its beginning without a gap."""

    files: tuple[Path, ...] = ()
    until: Checkpoint | None = None  # of the first frame that is missing; None if all are


@dataclass(frozen=True, slots=True)
class KeptRun:
    """Run with parts in a folder."""

    run: Mapping[str, Any]
    ends: dict[Path, PartEnd] = field(default_factory=dict)  # by file

    @property
    def seconds(self) -> float:
        """Seconds of the film that are there."""
        return max((end.until.time_s for end in self.ends.values() if end.until), default=0.0)

    @property
    def last(self) -> Path | None:
        """File of the last part of the film, if it is there."""
        return next((file for file, end in self.ends.items() if end.until is None), None)


class PartFolder:
    """Folder of the part files of a run; it may hold files of other runs too.

    For one process at a time.
    """

    def __init__(
        self, path: Path, run: Mapping[str, Any], rule: PartRule, *, independent: bool = False
    ) -> None:
        """Make the folder, and find the finished parts.

        Args:
            path: the folder.
            run: JSON data, as of `Part`.
            rule: for the bounds.
            independent: whether each part is made by itself; the counters in its checkpoint are of
                this part alone then.

        Raises:
            SinkError: the folder cannot be made, read or written to.
        """
        self.path, self.rule, self.is_independent = path, rule, independent
        self.run = json.loads(json.dumps(run))
        place = path.parent
        if path.is_symlink() or place.is_symlink():
            raise SinkError(f"{place} is a link, no work folder. Choose another place.", *CURES)
        try:
            path.mkdir(parents=True, exist_ok=True)
            self.finished = self._finished()
        except OSError as error:
            message = f"Cannot use the work folder {place}: {reason(error)}. Choose another place."
            raise SinkError(message, *CURES) from error

    def part(self, number: int) -> Part:
        """Description of a part of this run."""
        return Part(self.run, number, self.rule.bounds(number))

    def file(self, part: Part) -> Path:
        """Path of a part's file."""
        return self.path / part.file_name

    def kept(self, part: Part) -> PartEnd | None:
        """End of a part whose file is there and whole; None without one."""
        whole = _whole(self.file(part))
        return None if whole is None else whole.end

    def take(self, part: Part, content: bytes) -> PartEnd:
        """Write the file of a part that was made elsewhere, whole or not at all.

        Raises:
            DamagedPartError: the content is damaged, or of another part.
            OSError: it cannot be written.
        """
        with whole_file(self.file(part)) as partial:
            partial.write_bytes(content)
            with PartReader(partial) as reader:
                reader.check()
                if reader.description != part.document():
                    raise DamagedPartError(f"{partial}: of another part")
        return reader.end

    def find_finished(self) -> None:
        """Find the finished parts again, after some were taken.

        Raises:
            SinkError: neighboring parts do not fit.
            OSError: a file cannot be read.
        """
        self.finished = self._finished()

    def others(self) -> list[KeptRun]:
        """Runs with other descriptions that have parts in the folder."""
        return [each for each in runs_in(self.path) if each.run != self.run]

    def clear(self) -> None:
        """Delete the files of this run, and its folder and the work folder if they are empty then.

        Raises:
            OSError: a file cannot be deleted.
        """
        _delete(self.path, [run for run in runs_in(self.path) if run.run == self.run])

    def _finished(self) -> FinishedParts:
        """Find the parts that are there; a damaged file is deleted.

        The last part of a film does not count, so that its end is always read again.
        """
        found, number = FinishedParts(), 0
        while True:
            file = self.file(self.part(number))
            whole = _whole(file)
            if whole is None or whole.end.until is None or whole.end.until.part <= number:
                return found
            until = whole.end.until
            if self.is_independent and found.until is not None:
                if whole.first_pts != found.until.pts:
                    raise SinkError(_misfit(found.until.time_s))
                until = _added(found.until, until)
            number = until.part
            found = FinishedParts((*found.files, file), until)


def runs_in(folder: Path) -> list[KeptRun]:
    """Runs with parts in a folder; none where there is no folder."""
    found = list[KeptRun]()
    for file in _part_files(folder):
        with suppress(DamagedPartError, OSError), PartReader(file) as reader:
            same = next((each for each in found if each.run == reader.run), None)
            if same is None:
                same = KeptRun(reader.run)
                found.append(same)
            same.ends[file] = reader.end
    return found


def delete_partial_parts(folder: Path) -> None:
    """Delete the partial files that killed runs left in a folder of parts; call it locked."""
    if folder.is_symlink() or folder.parent.is_symlink():
        return
    with suppress(OSError):
        delete_partials(folder, PART_NAME)


def delete_joined(folder: Path, output: Path) -> None:
    """Delete parts that were joined to an output, where a kill has kept them.

    Args:
        folder: of the parts.
        output: existing file.

    Raises:
        OSError: a file cannot be read or deleted.
    """
    joined_s = output.stat().st_mtime
    runs = runs_in(folder)
    _delete(folder, [run for run in runs if run.last and run.last.stat().st_mtime <= joined_s])


def _delete(folder: Path, runs: Iterable[KeptRun]) -> None:
    """Delete the files of runs, the last part of a film last, and folders that are empty then."""
    for run in runs:
        for file in sorted(run.ends, key=lambda file: file == run.last):
            file.unlink(missing_ok=True)
    for empty in (folder, folder.parent):
        with suppress(OSError):  # it is not there, or holds something else
            empty.rmdir()


def with_checkpoints(
    frames: Iterable[Frame], rule: PartRule, stats: Stats, after: Checkpoint | None
) -> Iterator[Frame]:
    """Yield frames, with a checkpoint at the first one of each part.

    Args:
        frames: of the source, from `after` on.
        rule: for the bounds of the parts.
        stats: counters of the source.
        after: of the first frame, where a run goes on; None at the beginning.
    """
    number, first = (None, 0) if after is None else (after.part - 1, after.frame)
    for index, frame in enumerate(frames, first):
        due = rule.number(index, frame.time_s)
        if number is None or due > number:
            part = 0 if number is None else due
            counts = {name: stats[name] for name in SOURCE_COUNTERS if stats[name]}
            checkpoint = Checkpoint(part, frame.pts, index, counts, frame.time_s)
            frame = replace(frame, checkpoint=checkpoint)
            number = due
        yield frame


def independent_part(
    frames: Iterable[Frame], rule: PartRule, number: int, stats: Stats
) -> Iterator[Frame]:
    """Yield the frames of one part and the first one after it, both ends with checkpoints.

    Args:
        frames: from the first frame of the part on, if it has any.
        rule: for its bounds.
        number: of the part.
        stats: counters of the source.
    """
    for index, frame in enumerate(frames):
        due = rule.number(index, frame.time_s)
        if index and due == number:
            yield frame
            continue
        counts = {name: stats[name] for name in SOURCE_COUNTERS if stats[name]}
        checkpoint = Checkpoint(due, frame.pts, index, counts, frame.time_s, restarts=True)
        yield replace(frame, checkpoint=checkpoint)
        if due > number:
            return


def with_first(frames: Iterable[Frame], checkpoint: Checkpoint) -> Iterator[Frame]:
    """Yield frames, the first one with a checkpoint."""
    for index, frame in enumerate(frames):
        yield frame if index else replace(frame, checkpoint=checkpoint)


def _part_files(folder: Path) -> Sequence[Path]:
    with suppress(OSError):
        return sorted(file for file in folder.iterdir() if PART_NAME.fullmatch(file.name))
    return []


def _added(before: Checkpoint, until: Checkpoint) -> Checkpoint:
    """Checkpoint of an independent part, with the counters of the parts before."""
    counts = Counter(before.counts) + Counter(until.counts)
    return replace(
        until,
        counts=dict(counts),
        frame=before.frame + until.frame,
        seconds=before.seconds + until.seconds,
        scene=before.scene + until.scene,
    )


def _misfit(time_s: float) -> str:
    return (
        f"The parts that meet at {time_s:g} s do not fit: the times of the input's frames are "
        "irregular. Convert it on one machine."
    )


class _WholePart(NamedTuple):
    """What a whole part file says."""

    end: PartEnd
    first_pts: int | None


def _whole(file: Path) -> _WholePart | None:
    """Facts of a whole part file; None where there is none; a damaged one is deleted."""
    try:
        with PartReader(file) as reader:
            reader.check()
            return _WholePart(reader.end, reader.first_pts())
    except FileNotFoundError:
        return None
    except DamagedPartError:
        file.unlink(missing_ok=True)
        return None
