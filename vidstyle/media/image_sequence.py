"""Image sequences: numbered pictures, or a folder of them, read as a video of a constant rate."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np

from vidstyle.errors import SourceError, reason
from vidstyle.frame import Bytes, Checkpoint, Frame
from vidstyle.media.frames import FittingConverter, has_alpha
from vidstyle.media.image_file import READABLE_SUFFIXES, open_photo
from vidstyle.media.image_header import MAX_SIDE
from vidstyle.media.info import DEFAULT_RATE, VideoInfo, color_tags, resized_aspect
from vidstyle.media.numbered_names import NumberedNames
from vidstyle.media.result_mark import is_marked
from vidstyle.stats import Stats

NUMBER = re.compile(r"(\d+)")
LAST_NUMBER = re.compile(r"(?P<before>.*?)(?P<number>\d+)(?P<after>\D*)", re.DOTALL)
ROUNDING_S = 1e-6  # of times in seconds


@dataclass(frozen=True, slots=True)
class ImageSequence:
    """Pictures in the order of their numbers, and their places in time."""

    path: Path  # as given: a folder, or a name with a place for the number
    files: tuple[Path, ...]
    slots: tuple[int, ...]  # of each picture, in frames from the first one; increasing
    rate: Fraction  # frames per second

    @property
    def gaps(self) -> list[Path]:
        """Pictures before a gap: their slot and the next one are not neighbors."""
        steps = pairwise(self.slots)
        return [
            file for file, (slot, after) in zip(self.files, steps, strict=False) if after - slot > 1
        ]

    @property
    def missing(self) -> int:
        """Number of slots without a picture."""
        return self.slots[-1] + 1 - len(self.files)


def is_sequence(path: Path) -> bool:
    """Whether a path means an image sequence: a folder, or no file but numbered pictures."""
    if path.is_dir():
        return True
    return numbered_pictures(path) is not None and not path.is_file()


def numbered_pictures(path: Path) -> NumberedNames | None:
    """Names of pictures with a place for the number, as "frame_%04d.png"; None for other paths."""
    return NumberedNames.parse(path) if path.suffix.lower() in READABLE_SUFFIXES else None


def find_sequence(path: Path, rate: Fraction | None = None) -> ImageSequence:
    """Find the pictures of a sequence.

    Numbers count: where one is missing, the picture before it is shown longer. Of regularly spaced
    numbers none is missing. In a folder of names without a common pattern, every picture is one
    frame, in natural order; results of vidstyle are left out, unless all are.

    Args:
        path: folder, or a name with a place for the number.
        rate: frames per second; None for `DEFAULT_RATE`.

    Raises:
        SourceError: there are no pictures, or the folder cannot be read.
    """
    names = numbered_pictures(path)
    numbered = names.files() if names is not None and not path.is_dir() else _in_folder(path)
    if not numbered:
        kinds = f"holds no pictures ({' '.join(READABLE_SUFFIXES)})"
        what = f"The folder {path} {kinds}." if path.is_dir() else f"There is no picture {path}."
        raise SourceError(what)
    first = min(numbered)
    step = math.gcd(*(number - first for number in numbered)) or 1
    slots = tuple((number - first) // step for number in numbered)
    return ImageSequence(path, tuple(numbered.values()), slots, rate or DEFAULT_RATE)


def pictures_in(folder: Path) -> list[Path]:
    """Picture files in a folder, in natural order; hidden ones are left out.

    Raises:
        SourceError: the folder cannot be read.
    """
    try:
        files = [file for file in folder.iterdir() if file.suffix.lower() in READABLE_SUFFIXES]
    except OSError as error:
        raise SourceError(f"The folder {folder} cannot be read: {reason(error)}.") from error
    return sorted((file for file in files if not file.name.startswith(".")), key=_natural)


def _in_folder(folder: Path) -> dict[int, Path]:
    """Pictures in a folder by the numbers in their names, if only these differ, or counted."""
    pictures = pictures_in(folder)
    files = [file for file in pictures if not is_marked(file)] or pictures
    parts = [LAST_NUMBER.fullmatch(file.stem) for file in files]
    numbers = [int(part["number"]) for part in parts if part]
    series = {
        (part["before"], part["after"], file.suffix) if part else None
        for part, file in zip(parts, files, strict=True)
    }
    if len(series) == 1 and len(set(numbers)) == len(files):
        return dict(sorted(zip(numbers, files, strict=True)))
    return dict(enumerate(files))


def _natural(file: Path) -> list[Any]:
    """Sort key of a name: numbers in it count as such, and case does not."""
    parts = NUMBER.split(file.name.casefold())  # texts, and numbers between them
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


class SequenceSource:
    """Iterable of the pictures of a sequence as frames, like `FileSource`; iterate over it once.

    Pictures of another shape than the first one lie between black bars. Those that cannot be read
    are counted and left out: the picture before is shown longer. Belongs to one thread at a time.
    """

    lost_s = 0.0  # seconds missing at the end

    def __init__(
        self,
        sequence: ImageSequence,
        stats: Stats,
        *,
        start_s: float = 0.0,
        end_s: float | None = None,
        keep_alpha: bool = False,
        size: Callable[[int, int], tuple[int, int]] | None = None,
        deep: bool = False,
    ) -> None:
        """Decode the first picture.

        Args:
            sequence: from `find_sequence`.
            stats: receives the counters "unreadable pictures", "transparent frames" and "fitted
                frames", and the timings of stage "decode".
            start_s: time in seconds at which to start; the first frame from there on gets time
                zero.
            end_s: time in seconds at which to stop, exclusive; None for the end.
            keep_alpha: True for frames with their alpha channel, if the first picture has one;
                False for all over white.
            size: gives width and height of the frames in pixels for those of the first picture;
                None keeps them.
            deep: True for pictures of 16 bits, False for 8.

        Raises:
            SourceError: no picture can be decoded, or there is none after `start_s`.
            MissingExtraError: the pictures are HEIF, and the extra `heif` is not installed.
        """
        self._path, self._stats, self._deep = sequence.path, stats, deep
        end = math.inf if end_s is None else end_s
        self._places = [
            (slot, file)
            for slot, file in zip(sequence.slots, sequence.files, strict=True)
            if start_s - ROUNDING_S <= float(slot / sequence.rate) < end
        ]
        if not self._places:
            length_s = float((sequence.slots[-1] + 1) / sequence.rate)
            raise SourceError(
                f"{sequence.path} has no picture after {start_s:g} s: it is {length_s:.1f} s long."
            )
        self._first = self._next = self._first_frame()
        self._origin = (self._first.pts or 0) if start_s > 0 else 0  # slot at time zero
        self.info = self._describe(sequence, keep_alpha, size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing: no file stays open."""

    def start_at(self, checkpoint: Checkpoint) -> None:
        """Make the iteration begin with the frame of a checkpoint, see `FootageSource`."""
        slot = checkpoint.pts + self._origin
        self._places = [place for place in self._places if place[0] >= slot]
        if not self._places or self._places[0][0] != slot:
            raise SourceError(
                f"{self._path} has changed: it has no picture at {checkpoint.time_s:g} s. "
                "Delete the work folder to begin anew."
            )
        self._next = self._decode(*self._places[0])

    def __iter__(self) -> Iterator[Frame]:
        first, info = self._first, self.info
        converter = FittingConverter(
            first.width,
            first.height,
            info.color_space(),
            keep_alpha=info.has_alpha,
            deep=self._deep,
        )
        for frame, after in pairwise(chain([self._next], self._rest(), [None])):
            assert frame is not None
            picture = converter.convert(frame).resized(info.width, info.height)
            if converter.has_bars:
                self._stats.count("fitted frames")
            slot = frame.pts or 0
            shown = 1 if after is None else (after.pts or 0) - slot
            alpha = self._alpha(converter.alpha)
            yield Frame(picture, slot - self._origin, info.time_base, shown, alpha)

    def _alpha(self, decoded: Bytes | None) -> Bytes | None:
        """Alpha channel for a frame; None, but counted, where it is not kept."""
        if decoded is not None and not self.info.has_alpha:
            self._stats.count("transparent frames")
            return None
        return decoded

    def _first_frame(self) -> av.VideoFrame:
        """Decode the first picture that can be read; the places before it are given up."""
        error: SourceError | None = None
        while self._places:
            try:
                return self._decode(*self._places[0])
            except SourceError as unreadable:
                error = error or unreadable
                self._places.pop(0)
                self._stats.count("unreadable pictures")
        assert error is not None
        raise error

    def _rest(self) -> Iterator[av.VideoFrame]:
        """Decode the pictures after the first one."""
        for slot, file in self._places[1:]:
            try:
                with self._stats.timed("decode"):
                    frame = self._decode(slot, file)
            except SourceError:
                self._stats.count("unreadable pictures")
                continue
            yield frame

    def _decode(self, slot: int, file: Path) -> av.VideoFrame:
        photo = open_photo(file)
        if max(photo.image.shape) > MAX_SIDE:
            raise SourceError(f"{file} has sides over {MAX_SIDE} px. Reduce it first.")
        image = photo.image if photo.alpha is None else np.dstack([photo.image, photo.alpha])
        frame = av.VideoFrame.from_ndarray(
            np.ascontiguousarray(image), format="rgb24" if photo.alpha is None else "rgba"
        )
        frame.pts = slot
        return frame

    def _describe(
        self,
        sequence: ImageSequence,
        keep_alpha: bool,
        size: Callable[[int, int], tuple[int, int]] | None,
    ) -> VideoInfo:
        first = self._first
        before = first.width, first.height
        width, height = before if size is None else size(*before)
        return VideoInfo(
            path=None,
            width=width,
            height=height,
            sample_aspect_ratio=resized_aspect(Fraction(1), before, (width, height)),
            rate=sequence.rate,
            time_base=1 / sequence.rate,
            duration_s=float((sequence.slots[-1] + 1) / sequence.rate),
            frame_count=len(self._places),
            origin_s=Fraction(0),
            end_s=None,
            color=color_tags(first),
            tags={},
            has_alpha=keep_alpha and has_alpha(first),
        )
