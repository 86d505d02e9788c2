"""Footage: a video file or an image sequence, and the sources that read it."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from vidstyle.frame import Checkpoint, Frame
from vidstyle.media.image_sequence import ImageSequence, SequenceSource
from vidstyle.media.info import VideoInfo
from vidstyle.media.source import FileSource
from vidstyle.options import Output
from vidstyle.stats import Stats

Footage = Path | ImageSequence
# Counters of `Stats` that sources count.
SOURCE_COUNTERS = (
    "corrupt packets", "damaged frames", "interlaced", "repeated times", "clock restarts",
    "transparent frames", "fitted frames", "unreadable pictures",
)  # fmt: skip


class FootageSource(Protocol):
    """Iterable of frames with the properties of their video; closed by its `with` block.

    Opened by `open_footage`; its methods are called by one thread at a time.
    """

    info: VideoInfo

    @property
    def lost_s(self) -> float:
        """Seconds missing at the end; read after the iteration."""

    def start_at(self, checkpoint: Checkpoint) -> None:
        """Make the iteration begin with the frame of a checkpoint; called before it.

        The counters of the stats go on from those of the checkpoint.
        """

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames; called once.

        Raises:
            SourceError: there is no such frame any more.
        """

    def __enter__(self) -> Self:
        """Return the source."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; called after the iteration ended."""


def footage_digest(footage: Footage, of_file: Callable[[Path], str]) -> str:
    """Digest of a file, or SHA-256 of the rate, slots and files of a sequence.

    Args:
        footage: file or sequence.
        of_file: digest of a file, in hexadecimal digits.

    Raises:
        OSError: a file cannot be read.
    """
    if not isinstance(footage, ImageSequence):
        return of_file(footage)
    parts = [f"{footage.rate} {footage.slots}", *map(of_file, footage.files)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def open_footage(
    footage: Footage,
    stats: Stats,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    threads: int = 0,
    keep_alpha: bool = False,
    size: Callable[[int, int], tuple[int, int]] | None = None,
    rate: Fraction | None = None,
    deep: bool = False,
) -> FootageSource:
    """Open the source of footage and decode its first frame; arguments as of `FileSource`.

    An image sequence has its own rate, and needs no threads.

    Raises:
        SourceError: as `FileSource` and `SequenceSource`.
        MissingExtraError: likewise.
    """
    if isinstance(footage, ImageSequence):
        return SequenceSource(
            footage,
            stats,
            start_s=start_s,
            end_s=end_s,
            keep_alpha=keep_alpha,
            size=size,
            deep=deep,
        )
    return FileSource(
        footage,
        stats,
        start_s=start_s,
        end_s=end_s,
        threads=threads,
        keep_alpha=keep_alpha,
        size=size,
        rate=rate,
        deep=deep,
    )


@dataclass(frozen=True, slots=True)
class FootageReader:
    """Footage as a conversion reads it; all sources that it opens have the same frames.

    Args:
        footage: video file or image sequence.
        options: range of time, size and rate of the frames.
        threads: of the decoder; 0 lets FFmpeg choose.
        keep_alpha: True for frames with their alpha channel, False for all over white.
        deep: True for pictures of 16 bits, False for 8.
        start: checkpoint of the frame to begin with; None for the first one.
    """

    footage: Footage
    options: Output
    threads: int = 0
    keep_alpha: bool = False
    deep: bool = False
    start: Checkpoint | None = None

    def open(self, stats: Stats) -> FootageSource:
        """Open a source and decode its first frame.

        Args:
            stats: receives the counters and timings of `FileSource`.

        Raises:
            SourceError: as `open_footage`.
            MissingExtraError: likewise.
        """
        source = open_footage(
            self.footage,
            stats,
            start_s=self.options.start,
            end_s=self.options.end,
            threads=self.threads,
            keep_alpha=self.keep_alpha,
            size=self.options.sized_wh,
            rate=self.options.rate,
            deep=self.deep,
        )
        if self.start is not None:
            source.start_at(self.start)
        return source
