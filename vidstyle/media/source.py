"""Video file source: demuxes, decodes, deinterlaces and rotates a file into a stream of frames."""

import math
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from vidstyle.closable import Closable
from vidstyle.errors import SourceError
from vidstyle.frame import Bytes, Checkpoint, Frame
from vidstyle.media.constant_rate import ConstantRate
from vidstyle.media.deinterlace import Deinterlacer
from vidstyle.media.demux import decoder, leading_pts, open_container, read_packets, video_stream
from vidstyle.media.frames import FittingConverter, has_alpha
from vidstyle.media.image_header import MAX_PIXELS
from vidstyle.media.info import (
    HDR_TRANSFERS,
    VideoInfo,
    color_tags,
    nominal_rate,
    orientation,
    resized_aspect,
)
from vidstyle.media.timestamps import in_display_order, restart_offset
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
MAX_SIDE = 32766  # px; OpenCV's remap takes no longer sides
MIN_LOSS_S = 0.5  # headers round, and audio ends slightly early


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
        self._aspect = Fraction(1)  # of a pixel of the last frame, as the bitstream says
        self._aspects = deque[tuple[int | None, Fraction]]()  # changes of it, by pts
        self._sought = False  # reading began within the file
        self._entry_is_sound: bool | None = None  # of the first I-frame there; None before it
        self._seen_earlier = False  # a frame at or before the start has been decoded
        self._restarts = 0  # sum of the clock restarts, in units of time_base
        self._packets_end_s = 0.0  # latest end of a packet of any stream, in file time
        self._threads, self._keep_alpha = threads, keep_alpha
        self._size, self._rate, self._deep = size, rate, deep
        self._checkpoint: Checkpoint | None = None
        self._due: tuple[float, Callable[[Frame], bool]] | None = None
        self._container = open_container(path)
        try:
            self._stream = self._open_stream()
            self._zero_s = _zero_s(self._container)
            self._decoded = self._decode()
            self._first = self._first_frame()
            self._next: av.VideoFrame | None = self._first
            self._first_aspect = self._aspect
            self._orientation = orientation(self._first)
            self.info = self._describe(self._first)
        except BaseException:
            self._container.close()
            raise

    def close(self) -> None:
        """Close the file, as the end of a `with` block does; call it after the iteration ended."""
        self._decoded.close()
        self._container.close()

    @property
    def lost_s(self) -> float:
        """Seconds missing at the end of the file, compared with the duration in its header.

        Read it after the iteration; 0 with `end_s`, and below `MIN_LOSS_S`.
        """
        if self.info.duration_s is None or self._end_s is not None:
            return 0.0
        missing = self.info.duration_s - self._packets_end_s
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
            if self._next is None or (self._sought and self._next.pts is None):
                continue
            frames = self._all()
            frame = _frame_at(is_at, frames, MIN_EARLIER if self._sought else 0)
            if frame is not None and self._can_enter:
                self._stats, self._start_found = stats, True
                yield frame
                yield from frames
                return True
        return False

    def _reopen(self, time_s: float) -> None:
        """Open the file again, and read from a time on the frames' clock or from the start."""
        self._decoded.close()
        self._container.close()
        self._container = open_container(self._path)
        self._stream = self._open_stream()
        self._restarts, self._aspect, self._aspects = 0, self._first_aspect, deque()
        self._sought, self._entry_is_sound = False, None
        if time_s > 0:
            with suppress(av.FFmpegError):
                self._container.seek(int((time_s + self.info.origin_s) * av.time_base))
                self._sought = True
        self._decoded = self._decode()
        self._next = next(self._decoded, None)

    def _frames(self) -> Iterator[Frame]:
        """Yield the frames at their own times."""
        converter = FittingConverter(
            self._first.width,
            self._first.height,
            self.info.color_space(),
            keep_alpha=self.info.has_alpha,
            deep=self._deep,
        )
        origin = round(self.info.origin_s / self._time_base)
        last_pts, frame = None, self._next
        while frame is not None:
            pts = self._pts(frame, last_pts, origin)
            aspect = self._aspect / self._first_aspect
            picture = self._orientation.applied(converter.convert(frame, aspect))
            picture = picture.resized(self.info.width, self.info.height)
            if converter.has_bars:
                self._stats.count("fitted frames")
            alpha = self._alpha(converter.alpha)
            yield Frame(picture, pts, self._time_base, frame.duration or 0, alpha)
            last_pts = pts
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

    def _pts(self, frame: av.VideoFrame, last_pts: int | None, origin: int) -> int:
        """Return a frame's pts on the output's clock, greater than the last one."""
        step = max(1, round(1 / nominal_rate(self._stream) / self._time_base))
        if frame.pts is None:
            return 0 if last_pts is None else last_pts + step
        pts = int(frame.pts - origin + self._restarts)
        restart = restart_offset(pts, last_pts, step, self._time_base)
        if restart:
            self._stats.count("clock restarts")
            self._restarts += restart
            return pts + restart
        if last_pts is not None and pts <= last_pts:
            self._stats.count("repeated times")
            return last_pts + 1
        return pts

    def _open_stream(self) -> av.VideoStream:
        stream = video_stream(self._container, self._path)
        self._check_size(stream.codec_context.width, stream.codec_context.height)
        self._decoder = decoder(stream)
        self._decoder.thread_type = "AUTO"
        self._decoder.thread_count = self._threads
        return stream

    @property
    def _can_enter(self) -> bool:
        """Whether decoding gives whole pictures from where reading began.

        Some seekable frames of H.264 refresh a part of the picture only (recovery points).
        """
        return not self._sought or self._entry_is_sound is True

    @property
    def _time_base(self) -> Fraction:
        return Fraction(self._stream.time_base or 1)

    def _check_size(self, width: int, height: int) -> None:
        if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
            raise SourceError(
                f"{self._path} has {width}x{height} px, over the limits of {MAX_SIDE} px a side "
                f"and {MAX_PIXELS // 10**6} megapixels. Reduce it first."
            )

    def _seek(self, time_s: float) -> None:
        """Continue reading before a time, or at the beginning where the file cannot be sought."""
        self._sought, self._entry_is_sound = False, None
        with suppress(av.FFmpegError):
            if time_s > 0:
                self._container.seek(int((time_s + self._zero_s) * av.time_base))
                self._sought = True
                return
        # Seeking to the beginning of an MPEG-TS file lands behind its first I-frame.
        self._container.close()
        self._container = open_container(self._path)
        self._stream = self._open_stream()

    def _first_frame(self) -> av.VideoFrame:
        """Decode up to the first frame at or after the start."""
        first = next(self._decoded, None) if self._start_s == 0 else None
        for back_s in SEEK_BACK_S if self._start_s > 0 else ():
            self._seek(max(0.0, self._start_s - back_s))
            self._seen_earlier, self._decoded = False, self._decode()
            first = next(self._decoded, None)
            if first is not None and self._seen_earlier and self._can_enter:
                break
        if first is None:
            raise SourceError(self._no_frame_message())
        self._check_size(first.width, first.height)
        self._start_found = True
        return first

    def _decode(self) -> Generator[av.VideoFrame, None, None]:
        """Yield the frames between start and end, deinterlaced."""
        for frame in self._deinterlaced():
            while self._aspects and self._aspects[0][0] in (None, frame.pts):
                self._aspect = self._aspects.popleft()[1]
            if frame.pts is not None:
                time_s = float(frame.pts * self._time_base - self._zero_s)
                self._seen_earlier |= time_s < self._start_s + 1e-6
                if self._start_s > 0 and time_s < self._start_s - 1e-6:
                    continue
                if self._end_s is not None and time_s >= self._end_s:
                    return
            yield frame

    def _deinterlaced(self) -> Iterator[av.VideoFrame]:
        deinterlacer: Deinterlacer | None = None
        for frame in in_display_order(self._timed(), self._time_base):
            if deinterlacer is not None and not deinterlacer.takes(frame):
                yield from deinterlacer.flush()
                deinterlacer = None
            if deinterlacer is None and frame.interlaced_frame:
                deinterlacer = Deinterlacer(frame, self._time_base)
                self._stats.count("interlaced")
            if deinterlacer is None:
                yield frame
            else:
                yield from deinterlacer.push(frame)
        if deinterlacer is not None:
            yield from deinterlacer.flush()

    def _timed(self) -> Iterator[av.VideoFrame]:
        """Yield the decoded frames; untimed ones at the beginning of the file get a pts."""
        step = 1 / nominal_rate(self._stream) / self._time_base
        lead: Fraction | None = None
        for number, frame in enumerate(self._decode_all()):
            if number == 0 and frame.pts is None and not self._sought:
                lead = leading_pts(self._path, self._stream.index, step)
            if frame.pts is not None:
                lead = None
            elif lead is not None:
                frame.pts = round(lead + number * step)
            yield frame

    def _decode_all(self) -> Iterator[av.VideoFrame]:
        for packet in self._demux():
            try:
                for frame in self._decoder.decode(packet):
                    if frame.is_corrupt:
                        self._count_damage("damaged frames")
                    if self._entry_is_sound is None and frame.key_frame:
                        self._entry_is_sound = not frame.is_corrupt
                    self._note_aspect(frame)
                    yield frame
            except av.FFmpegError:
                self._count_damage("corrupt packets")

    def _note_aspect(self, frame: av.VideoFrame) -> None:
        """Note a change of the pixel aspect ratio; frames are used later than they are decoded."""
        aspect = Fraction(self._decoder.sample_aspect_ratio or 1)
        if aspect != (self._aspects[-1][1] if self._aspects else self._aspect):
            self._aspects.append((frame.pts, aspect))

    def _demux(self) -> Iterator[Any]:
        """Yield the packets of the video stream, then None to flush the decoder."""
        try:
            for packet in read_packets(self._container):
                if packet.pts is not None and packet.time_base:
                    end = packet.pts + (packet.duration or 0)
                    self._packets_end_s = max(self._packets_end_s, float(end * packet.time_base))
                if packet.stream.index == self._stream.index:
                    yield packet
        except av.FFmpegError:
            self._count_damage("corrupt packets")
        yield None

    def _count_damage(self, kind: str) -> None:
        if self._start_found:  # decoding from within a file begins with errors
            self._stats.count(kind)

    def _describe(self, first: av.VideoFrame) -> VideoInfo:
        stream, container = self._stream, self._container
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
            first_s = first.pts * self._time_base
            origin_s = first_s if self._start_s > 0 else min(origin_s, first_s)
        return VideoInfo(
            path=self._path,
            width=width,
            height=height,
            sample_aspect_ratio=aspect,
            rate=self._rate or nominal_rate(stream),
            time_base=self._time_base if self._rate is None else 1 / self._rate,
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
            length_s = (self._container.duration or 0) / av.time_base
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
