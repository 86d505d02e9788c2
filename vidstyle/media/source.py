"""Video files as streams of frames."""

import math
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av

from vidstyle.errors import SourceError
from vidstyle.frame import Frame
from vidstyle.media.deinterlace import Deinterlacer
from vidstyle.media.demux import open_container, read_packets, video_stream
from vidstyle.media.frames import PictureReader
from vidstyle.media.info import VideoInfo, color_tags, nominal_rate, orientation
from vidstyle.media.timestamps import restart_offset
from vidstyle.stats import Stats

VIDEO_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts",
    ".wmv", ".flv", ".3gp", ".ogv", ".gif",
)  # fmt: skip
FREE_CLOCKS = {"mpegts", "mpeg"}  # formats whose clock starts anywhere
# How far before the start to look for an I-frame. Some formats can only guess where they land.
SEEK_BACK_S = (0.0, 10.0, math.inf)
LEAST_LOSS_S = 0.5  # headers round, and sound ends a little early


class FileSource:
    """Iterate over it to get a file's frames, upright, in YUV 4:2:0.

    Frame times are the file's own, less `info.origin_s`, and strictly increase. Packets that
    cannot be decoded are counted ("corrupt packets") and passed over.
    """

    def __init__(
        self,
        path: Path,
        stats: Stats,
        *,
        start_s: float = 0.0,
        end_s: float | None = None,
        threads: int = 0,
    ) -> None:
        """Open the file and decode its first frame.

        Args:
            path: any file that FFmpeg reads.
            stats: gets "corrupt packets", "damaged frames", "interlaced", "repeated times", "clock
                restarts", and the time of stage "decode".
            start_s: frames before are left out; the first frame from there on gets time zero.
            end_s: frames from there on are left out. Both count from the file's own zero, or from
                its beginning in formats whose clock starts anywhere.
            threads: for the decoder; 0 lets FFmpeg choose.

        Raises:
            SourceError: the file is missing or no video, or nothing in it can be decoded.
        """
        self._path, self._stats = path, stats
        self._start_s, self._end_s = start_s, end_s
        self._settled = start_s == 0  # the place to start has been found
        self._seen_earlier = False  # a frame from before the start has been decoded
        self._restarts = 0  # added to times, in units of time_base
        self._furthest_s = 0.0  # how far packets of any stream reach into the file
        self._threads = threads
        self._container = open_container(path)
        try:
            self._stream = self._open_stream()
            self._clock_s = _clock_s(self._container)
            self._decoded = self._decode()
            self._first = self._first_frame()
            self._orientation = orientation(self._first)
            self.info = self._describe(self._first)
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a `with` block does it too."""
        self._decoded.close()
        self._container.close()

    @property
    def lost_s(self) -> float:
        """Seconds at the file's end that its header promises and its data lack."""
        if self.info.duration_s is None or self._end_s is not None:
            return 0.0
        missing = self.info.duration_s - self._furthest_s
        return missing if missing > LEAST_LOSS_S else 0.0

    def __iter__(self) -> Iterator[Frame]:
        reader = PictureReader(self._first.width, self._first.height, self.info.color_space())
        origin = round(self.info.origin_s / self.info.time_base)
        last_pts: int | None = None
        frame: av.VideoFrame | None = self._first
        while frame is not None:
            pts = self._pts(frame, last_pts, origin)
            picture = self._orientation.applied(reader.read(frame))
            yield Frame(picture, pts, self.info.time_base, frame.duration or 0)
            last_pts = pts
            with self._stats.timed("decode"):
                frame = next(self._decoded, None)

    def _pts(self, frame: av.VideoFrame, last_pts: int | None, origin: int) -> int:
        step = max(1, round(1 / self.info.rate / self.info.time_base))
        if frame.pts is None:
            return 0 if last_pts is None else last_pts + step
        pts = int(frame.pts - origin + self._restarts)
        restart = restart_offset(pts, last_pts, step, self.info.time_base)
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
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = self._threads
        return stream

    def _seek(self, place_s: float) -> None:
        if place_s > 0:
            self._container.seek(int((place_s + self._clock_s) * av.time_base))
            return
        # A seek to the beginning of MPEG-TS lands behind its first I-frame.
        self._container.close()
        self._container = open_container(self._path)
        self._stream = self._open_stream()

    def _first_frame(self) -> av.VideoFrame:
        """Decode up to the first frame from the start on."""
        first = next(self._decoded, None) if self._start_s == 0 else None
        for back_s in SEEK_BACK_S if self._start_s > 0 else ():
            self._seek(max(0.0, self._start_s - back_s))
            self._seen_earlier, self._decoded = False, self._decode()
            first = next(self._decoded, None)
            if first is not None and self._seen_earlier:
                break
        if first is None:
            raise SourceError(self._nothing_decoded())
        self._settled = True
        return first

    def _decode(self) -> Generator[av.VideoFrame, None, None]:
        """Yield the frames between start and end, deinterlaced."""
        for frame in self._deinterlaced():
            if frame.pts is not None:
                time_s = float(frame.pts * Fraction(self._stream.time_base or 1) - self._clock_s)
                self._seen_earlier |= time_s < self._start_s + 1e-6
                if time_s < self._start_s - 1e-6:
                    continue
                if self._end_s is not None and time_s >= self._end_s:
                    return
            yield frame

    def _deinterlaced(self) -> Iterator[av.VideoFrame]:
        deinterlacer: Deinterlacer | None = None
        for frame in self._decode_all():
            if deinterlacer is None and frame.interlaced_frame:
                deinterlacer = Deinterlacer(self._stream)
                self._stats.count("interlaced")
            if deinterlacer is None:
                yield frame
            else:
                yield from deinterlacer.take(frame)
        if deinterlacer is not None:
            yield from deinterlacer.rest()

    def _decode_all(self) -> Iterator[av.VideoFrame]:
        for packet in self._demux():
            try:
                for frame in self._stream.decode(packet):
                    if frame.is_corrupt:
                        self._count_damage("damaged frames")
                    yield frame
            except av.FFmpegError:
                self._count_damage("corrupt packets")

    def _demux(self) -> Iterator[Any]:
        """Yield the video's packets, and None at the end to empty the decoder."""
        try:
            for packet in read_packets(self._container):
                if packet.pts is not None and packet.time_base:
                    end = packet.pts + (packet.duration or 0)
                    self._furthest_s = max(self._furthest_s, float(end * packet.time_base))
                if packet.stream.index == self._stream.index:
                    yield packet
        except av.FFmpegError:
            self._count_damage("corrupt packets")
        yield None

    def _count_damage(self, kind: str) -> None:
        if self._settled:  # a decoder that starts in the middle of a file complains at first
            self._stats.count(kind)

    def _describe(self, first: av.VideoFrame) -> VideoInfo:
        stream, container = self._stream, self._container
        assert stream.time_base is not None  # it has given a frame
        width, height = first.width, first.height
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        if self._orientation.lies_on_side:
            width, height, aspect = height, width, 1 / aspect
        duration_s = container.duration / av.time_base if container.duration else None
        begin_s = (container.start_time or 0) / av.time_base
        origin_s = self._clock_s
        if self._start_s > 0 and first.pts is not None:
            origin_s = first.pts * Fraction(stream.time_base)
        return VideoInfo(
            path=self._path,
            width=width,
            height=height,
            sample_aspect_ratio=aspect,
            rate=nominal_rate(stream),
            time_base=Fraction(stream.time_base),
            duration_s=None if duration_s is None else begin_s + duration_s,
            frame_count=stream.frames or None,
            origin_s=origin_s,
            end_s=None if self._end_s is None else self._end_s + float(self._clock_s - origin_s),
            color=color_tags(first),
            tags=dict(container.metadata),
        )

    def _nothing_decoded(self) -> str:
        if self._start_s > 0 and not self._stats["corrupt packets"]:
            length_s = (self._container.duration or 0) / av.time_base
            return (
                f"{self._path} has no frame after {self._start_s:g} s: it is {length_s:.1f} s long."
            )
        return f"Nothing in the video of {self._path} can be decoded. It may be damaged or cut off."


def _clock_s(container: av.container.InputContainer) -> Fraction:
    """What the file's own clock shows at its beginning, where that means nothing to people."""
    if FREE_CLOCKS & set(container.format.name.split(",")):
        return Fraction(container.start_time or 0, av.time_base)
    return Fraction(0)
