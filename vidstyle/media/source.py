"""Video file source: a file, or a part of it, as a stream of upright frames on one clock."""

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av

from vidstyle.closable import Closable
from vidstyle.errors import SourceError
from vidstyle.frame import Bytes, Checkpoint, Frame
from vidstyle.media.constant_rate import ConstantRate
from vidstyle.media.frames import FittingConverter, has_alpha
from vidstyle.media.info import (
    HDR_TRANSFERS,
    VideoInfo,
    color_tags,
    nominal_rate,
    orientation,
    resized_aspect,
)
from vidstyle.media.timestamps import FrameClock
from vidstyle.media.video_decoder import VideoDecoder
from vidstyle.stats import Stats

VIDEO_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts",
    ".wmv", ".flv", ".3gp", ".ogv", ".gif",
)  # fmt: skip
ARBITRARY_START_FORMATS = {"mpegts", "mpeg"}  # FFmpeg demuxers; their clock starts anywhere
USUAL_START_S = (-0.1, 86_400.0)  # in other formats; sound begins slightly early, to prime decoders
# Distances from the start at which to seek for an I-frame; in some formats seeks are inexact.
SEEK_BACK_S = (0.0, 10.0, math.inf)
RESUME_BACK_S = (1.0, 10.0, math.inf)  # likewise, before a frame that has to be the very same
MIN_EARLIER = 2  # frames before that one, for the deinterlacer
MIN_LOSS_S = 0.5  # headers round, and audio ends slightly early
DAMAGE = {"corrupt packets", "damaged frames"}  # counters


class FileSource(Closable):
    """Iterable of the frames of a video file, upright, YUV 4:2:0; iterate over it once.

    Frame times are those of the file minus `info.origin_s`, and strictly increase. Packets that
    cannot be decoded are counted ("corrupt packets") and skipped. Belongs to one thread at a time:
    it may be opened and closed by one thread and iterated by another.
    """

    def __init__(
        self,
        path: Path,
        stats: Stats,
        *,
        start_s: float = 0.0,
        end_s: float | None = None,
        threads: int = 0,
        keep_alpha: bool = False,
        size: Callable[[int, int], tuple[int, int]] | None = None,
        rate: Fraction | None = None,
        deep: bool = False,
    ) -> None:
        """Open the file and decode its first frame.

        Args:
            path: video file of any format that FFmpeg reads.
            stats: receives the counters "corrupt packets", "damaged frames", "interlaced",
                "repeated times", "clock restarts", "transparent frames" and "fitted frames", and
                the timings of stage "decode".
            start_s: time in seconds at which to start; the first frame from there on gets time
                zero. 0 keeps all frames and their times, if none is before zero.
            end_s: time in seconds at which to stop, exclusive; None for the end of the file. Both
                count from the zero of the file's timestamps, or from the beginning of the file in
                `ARBITRARY_START_FORMATS` and where that is not within `USUAL_START_S`.
            threads: of the decoder; 0 lets FFmpeg choose.
            keep_alpha: True for frames with their alpha channel, False for all over white.
            size: gives width and height of the frames in pixels for those of the upright video;
                None keeps them.
            rate: constant rate of the frames, per second; None keeps their times.
            deep: True for pictures of 16 bits, False for 8.

        Raises:
            SourceError: the file is missing or not a video, its frames are larger than `MAX_SIDE`
                or `MAX_PIXELS`, no frame can be decoded, or there is none after `start_s`.
        """
        self._path, self._stats = path, stats
        self._start_s, self._end_s = start_s, end_s
        self._start_found = start_s == 0
        self._seen_earlier = False  # a frame at or before the start has been decoded
        self._keep_alpha, self._size, self._rate, self._deep = keep_alpha, size, rate, deep
        self._checkpoint: Checkpoint | None = None
        self._due: tuple[float, Callable[[Frame], bool]] | None = None
        self._decoder = VideoDecoder(path, threads, self._count)
        try:
            self._zero_s = _zero_s(self._decoder.container)
            self._decoded = self._decode()
            first = self._first_frame()
            self._next: av.VideoFrame | None = first
            self._size_wh = first.width, first.height
            self._first_aspect = self._decoder.aspect
            self._orientation = orientation(first)
            self.info = self._describe(first)
        except BaseException:
            self._decoder.close()
            raise

    def close(self) -> None:
        """Close the file, as the end of a `with` block does; call it after the iteration ended."""
        self._decoded.close()
        self._decoder.close()

    @property
    def lost_s(self) -> float:
        """Seconds missing at the end of the file, compared with the duration in its header.

        Read it after the iteration; 0 with `end_s`, and below `MIN_LOSS_S`.
        """
        if self.info.duration_s is None or self._end_s is not None:
            return 0.0
        missing = self.info.duration_s - self._decoder.packets_end_s
        return missing if missing > MIN_LOSS_S else 0.0

    def start_at(self, checkpoint: Checkpoint) -> None:
        """Make the iteration begin with the frame of a checkpoint, see `FootageSource`.

        The file is sought where that finds the very same frame, and else decoded from its start.
        """
        self._checkpoint = checkpoint

    def start_from(self, time_s: float, is_due: Callable[[Frame], bool]) -> None:
        """Make the iteration begin with the first frame that is due; called before it.

        Args:
            time_s: of that frame or somewhat earlier.
            is_due: False for earlier frames, True for it.
        """
        self._due = time_s, is_due

    def __iter__(self) -> Iterator[Frame]:
        if self._due is not None:
            return self._from_due(*self._due)
        return self._all() if self._checkpoint is None else self._from(self._checkpoint)

    def _all(self) -> Iterator[Frame]:
        """Yield the frames from the present position on, at their own times or the rate."""
        frames = self._frames()
        return frames if self._rate is None else ConstantRate(self._rate).convert(frames)

    def _from(self, checkpoint: Checkpoint) -> Iterator[Frame]:
        """Yield the frames from that of a checkpoint on.

        Raises:
            SourceError: there is none.
        """
        counts = checkpoint.counts
        is_regular = not (counts.get("repeated times") or counts.get("clock restarts"))
        distances_s = RESUME_BACK_S if is_regular else RESUME_BACK_S[-1:]

        def is_at(frame: Frame) -> bool | None:
            return frame.pts == checkpoint.pts if frame.pts >= checkpoint.pts else None

        found = yield from self._sought_frames(checkpoint.time_s, distances_s, is_at)
        if not found:
            raise SourceError(
                f"{self._path} has changed: it has no frame at {checkpoint.time_s:g} s. "
                "Delete the work folder to begin anew."
            )

    def _from_due(self, time_s: float, is_due: Callable[[Frame], bool]) -> Iterator[Frame]:
        """Yield the frames from the first one that is due; none if the file ends before."""
        yield from self._sought_frames(time_s, RESUME_BACK_S, lambda frame: is_due(frame) or None)

    def _sought_frames(
        self, time_s: float, distances_s: Sequence[float], is_at: Callable[[Frame], bool | None]
    ) -> Generator[Frame, None, bool]:
        """Yield the frames from one on, and return whether it was found.

        Args:
            time_s: of the frame, about.
            distances_s: before it at which to seek, tried in this order.
            is_at: whether a frame is the one; None for earlier frames, False beyond it.
        """
        stats = self._stats
        for back_s in distances_s:
            self._stats, self._start_found = Stats(), False  # frames decoded again are not counted
            self._reopen(time_s - back_s)
            sought = self._decoder.was_sought
            if self._next is None or (sought and self._next.pts is None):
                continue
            frames = self._all()
            frame = _frame_at(is_at, frames, MIN_EARLIER if sought else 0)
            if frame is not None and self._decoder.can_enter:
                self._stats, self._start_found = stats, True
                yield frame
                yield from frames
                return True
        return False

    def _reopen(self, time_s: float) -> None:
        """Open the file again, and read from a time on the frames' clock or from the start."""
        self._decoded.close()
        file_s = time_s + self.info.origin_s if time_s > 0 else None
        self._decoder.reopen(file_s, self._first_aspect)
        self._decoded = self._decode()
        self._next = next(self._decoded, None)

    def _frames(self) -> Iterator[Frame]:
        """Yield the frames at their own times."""
        converter = FittingConverter(
            *self._size_wh,
            self.info.color_space(),
            keep_alpha=self.info.has_alpha,
            deep=self._deep,
        )
        time_base, step = self._decoder.time_base, max(1, round(self._decoder.step))
        origin = round(self.info.origin_s / time_base)
        clock = FrameClock(origin, step, time_base, self._count)
        frame, self._next = self._next, None
        while frame is not None:
            pts = clock.pts(frame.pts)
            aspect = self._decoder.aspect / self._first_aspect
            picture = self._orientation.applied(converter.convert(frame, aspect))
            picture = picture.resized(self.info.width, self.info.height)
            if converter.has_bars:
                self._stats.count("fitted frames")
            alpha = self._alpha(converter.alpha)
            yield Frame(picture, pts, time_base, frame.duration or 0, alpha)
            with self._stats.timed("decode"):
                frame = next(self._decoded, None)

    def _alpha(self, decoded: Bytes | None) -> Bytes | None:
        """Alpha channel for a frame, upright; None, but counted, where it is not kept."""
        if decoded is None:
            return None
        if not self.info.has_alpha:
            self._stats.count("transparent frames")
            return None
        return self._orientation.applied_to_plane(decoded)

    def _count(self, counter: str) -> None:
        """Count an event, but no damage before the start: decoding within a file begins with it."""
        if self._start_found or counter not in DAMAGE:
            self._stats.count(counter)

    def _first_frame(self) -> av.VideoFrame:
        """Decode up to the first frame at or after the start."""
        first = next(self._decoded, None) if self._start_s == 0 else None
        for back_s in SEEK_BACK_S if self._start_s > 0 else ():
            time_s = max(0.0, self._start_s - back_s)
            self._decoder.seek(time_s + self._zero_s if time_s > 0 else None)
            self._seen_earlier, self._decoded = False, self._decode()
            first = next(self._decoded, None)
            if first is not None and self._seen_earlier and self._decoder.can_enter:
                break
        if first is None:
            raise SourceError(self._no_frame_message())
        self._decoder.check_size(first.width, first.height)
        self._start_found = True
        return first

    def _decode(self) -> Generator[av.VideoFrame, None, None]:
        """Yield the decoded frames between start and end."""
        for frame in self._decoder.frames():
            if frame.pts is not None:
                time_s = float(frame.pts * self._decoder.time_base - self._zero_s)
                self._seen_earlier |= time_s < self._start_s + 1e-6
                if self._start_s > 0 and time_s < self._start_s - 1e-6:
                    continue
                if self._end_s is not None and time_s >= self._end_s:
                    return
            yield frame

    def _describe(self, first: av.VideoFrame) -> VideoInfo:
        stream, container = self._decoder.stream, self._decoder.container
        time_base = self._decoder.time_base
        width, height = first.width, first.height
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        if self._orientation.swaps_sides:
            width, height, aspect = height, width, 1 / aspect
        if self._size is not None:
            before, (width, height) = (width, height), self._size(width, height)
            aspect = resized_aspect(aspect, before, (width, height))
        duration_s = container.duration / av.time_base if container.duration else None
        begin_s = (container.start_time or 0) / av.time_base
        origin_s = self._zero_s
        if first.pts is not None:
            first_s = first.pts * time_base
            origin_s = first_s if self._start_s > 0 else min(origin_s, first_s)
        return VideoInfo(
            path=self._path,
            width=width,
            height=height,
            sample_aspect_ratio=aspect,
            rate=self._rate or nominal_rate(stream),
            time_base=time_base if self._rate is None else 1 / self._rate,
            duration_s=None if duration_s is None else begin_s + duration_s,
            frame_count=(stream.frames or None) if self._rate is None else None,
            origin_s=origin_s,
            end_s=None if self._end_s is None else self._end_s + float(self._zero_s - origin_s),
            color=color_tags(first),
            has_alpha=self._keep_alpha and has_alpha(first),
            hdr=HDR_TRANSFERS.get(int(first.color_trc)),
            tags=dict(container.metadata),
        )

    def _no_frame_message(self) -> str:
        if self._start_s > 0 and not self._stats["corrupt packets"]:
            length_s = (self._decoder.container.duration or 0) / av.time_base
            return (
                f"{self._path} has no frame after {self._start_s:g} s: it is {length_s:.1f} s long."
            )
        return f"Nothing in the video of {self._path} can be decoded. It may be damaged or cut off."


def _frame_at(
    is_at: Callable[[Frame], bool | None], frames: Iterator[Frame], earlier: int
) -> Frame | None:
    """First frame that is not an earlier one, after so many of those; None if it is another."""
    for number, frame in enumerate(frames):
        at = is_at(frame)
        if at is not None:
            return frame if at and number >= earlier else None
    return None


def _zero_s(container: av.container.InputContainer) -> Fraction:
    """File time that counts as zero: the start time of clocks that start anywhere, else 0."""
    start_s = Fraction(container.start_time or 0, av.time_base)
    least, most = USUAL_START_S
    arbitrary = ARBITRARY_START_FORMATS & set(container.format.name.split(","))
    return start_s if arbitrary or not least <= start_s <= most else Fraction(0)
