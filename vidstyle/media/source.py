"""Video files as streams of frames."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from vidstyle.errors import SourceError
from vidstyle.frame import BT601, BT709, LUMA_WEIGHTS, ColourSpace, Frame, Picture, Plane
from vidstyle.media.deinterlace import Deinterlacer
from vidstyle.stats import Stats

LIMITED_RANGE, FULL_RANGE = 1, 2  # AVColorRange
RGB_MATRIX = 0  # AVColorSpace of pictures that are RGB, not YUV
HD_HEIGHT = 720  # lines from which untagged video is BT.709
FREE_CLOCKS = {"mpegts", "mpeg"}  # formats whose clock starts anywhere
DEFAULT_RATE = Fraction(25)  # for files that name none


@dataclass(frozen=True, slots=True)
class ColourTags:
    """What the file says of its colours, in FFmpeg's numbers; 2 is "unspecified"."""

    matrix: int
    primaries: int
    transfer: int
    range: int


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What an output needs to know of its input. Sizes are upright: rotation is already applied."""

    path: Path
    width: int
    height: int
    sample_aspect_ratio: Fraction
    rate: Fraction  # frames per second, nominal
    time_base: Fraction
    duration_s: float | None  # of the whole file; None where it does not say
    frame_count: int | None  # likewise
    origin_s: Fraction  # the time in the file that frames call zero
    end_s: float | None  # where reading was asked to stop, on the frames' clock; None: at the end
    colour: ColourTags
    tags: dict[str, str]  # title, date, place and whatever else the file says of itself
    description: str  # codec, size and pixel format, for people

    @property
    def expected_frames(self) -> int | None:
        """How many frames will come, as far as one can tell."""
        whole = self.origin_s == 0 and self.end_s is None
        if whole and self.frame_count:
            return self.frame_count
        end_s = self.end_s
        if self.duration_s is not None:
            rest_s = self.duration_s - float(self.origin_s)
            end_s = rest_s if end_s is None else min(end_s, rest_s)
        return None if end_s is None else round(end_s * self.rate)


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
            stats: gets "corrupt packets" and the time of stage "decode".
            start_s: frames before are left out; the first frame from there on gets time zero.
            end_s: frames from there on are left out.
            threads: for the decoder; 0 lets FFmpeg choose.

        Raises:
            SourceError: the file is missing or no video, or nothing in it can be decoded.
        """
        self._stats, self._start_s, self._end_s = stats, start_s, end_s
        self._furthest_s = 0.0  # how far packets of any stream reach into the file
        self._reformatter = VideoReformatter()
        self._container = open_container(path)
        try:
            self._stream = video_stream(self._container, path)
            self._stream.thread_type = "AUTO"
            self._stream.codec_context.thread_count = threads
            if start_s > 0:
                self._container.seek(int(start_s * av.time_base))
            self._decoded = self._decode()
            first = next(self._decoded, None)
            if first is None:
                raise SourceError(_nothing_decoded(path, self._container, start_s, stats))
            self._first = first
            self.info = self._describe(path, first)
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
        self._decoded.close()
        self._container.close()

    @property
    def lost_s(self) -> float:
        """Seconds at the file's end that its header promises and its data lack."""
        if self.info.duration_s is None or self._end_s is not None:
            return 0.0
        missing = self.info.duration_s - self._furthest_s
        return missing if missing > 0.5 else 0.0  # headers round, and audio ends a little early

    def __iter__(self) -> Iterator[Frame]:
        colour = _colour_space(self.info)
        origin = round(self.info.origin_s / self.info.time_base)
        last_pts: int | None = None
        frame: av.VideoFrame | None = self._first
        while frame is not None:
            pts = self._pts(frame, last_pts, origin)
            picture = self._picture(frame, colour)
            yield Frame(picture, pts, self.info.time_base, frame.duration or 0)
            last_pts = pts
            with self._stats.timed("decode"):
                frame = next(self._decoded, None)

    def _pts(self, frame: av.VideoFrame, last_pts: int | None, origin: int) -> int:
        step = max(1, round(1 / self.info.rate / self.info.time_base))
        if frame.pts is None:
            return 0 if last_pts is None else last_pts + step
        pts = frame.pts - origin
        if last_pts is not None and pts <= last_pts:
            self._stats.count("repeated times")
            return last_pts + 1
        return int(pts)

    def _decode(self) -> Iterator[av.VideoFrame]:
        """Yield the frames between start and end, deinterlaced."""
        deinterlacer: Deinterlacer | None = None
        for frame in self._decode_raw():
            if deinterlacer is None and frame.interlaced_frame:
                deinterlacer = Deinterlacer(self._stream)
                self._stats.count("interlaced")
            for whole in [frame] if deinterlacer is None else deinterlacer.take(frame):
                if whole.time is not None and whole.time < self._start_s - 1e-6:
                    continue
                if self._end_s is not None and whole.time is not None and whole.time >= self._end_s:
                    return
                yield whole
        if deinterlacer is not None:
            yield from deinterlacer.rest()

    def _decode_raw(self) -> Iterator[av.VideoFrame]:
        for packet in self._demux():
            try:
                yield from packet.decode()
            except av.FFmpegError:
                self._stats.count("corrupt packets")

    def _demux(self) -> Iterator[Any]:
        packets = self._container.demux()
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:
                self._stats.count("corrupt packets")
                packet = None
            if packet is None:
                return
            if packet.pts is not None and packet.time_base:
                end = packet.pts + (packet.duration or 0)
                self._furthest_s = max(self._furthest_s, float(end * packet.time_base))
            if packet.stream.index == self._stream.index:
                yield packet

    def _picture(self, frame: av.VideoFrame, colour: ColourSpace) -> Picture:
        size_wh = (self._first.width, self._first.height)
        if frame.format.name not in ("yuv420p", "yuvj420p") or (frame.width, frame.height) != size_wh:
            frame = self._reformatter.reformat(
                frame,
                *size_wh,
                "yuv420p",
                dst_colorspace=BT709 if frame.format.is_rgb else None,
                dst_color_range=FULL_RANGE if colour.full_range else LIMITED_RANGE,
            )
        y, u, v = (_plane(plane) for plane in frame.planes)
        return Picture(y, u, v, colour).turned(_quarter_turns(self._first))

    def _describe(self, path: Path, first: av.VideoFrame) -> VideoInfo:
        stream, container = self._stream, self._container
        width, height = first.width, first.height
        aspect = stream.sample_aspect_ratio or Fraction(1)
        if _quarter_turns(first) % 2:
            width, height, aspect = height, width, 1 / Fraction(aspect)
        duration_s = container.duration / av.time_base if container.duration else None
        begin_s = (container.start_time or 0) / av.time_base
        origin_s = self._origin_s(first)
        return VideoInfo(
            path=path,
            width=width,
            height=height,
            sample_aspect_ratio=Fraction(aspect),
            rate=_rate(stream),
            time_base=Fraction(stream.time_base),
            duration_s=None if duration_s is None else begin_s + duration_s,
            frame_count=stream.frames or None,
            origin_s=origin_s,
            end_s=None if self._end_s is None else self._end_s - float(origin_s),
            colour=_colour_tags(first),
            tags=dict(container.metadata),
            description=f"{stream.codec_context.name} {width}x{height} {first.format.name}",
        )

    def _origin_s(self, first: av.VideoFrame) -> Fraction:
        if self._start_s > 0 and first.pts is not None:
            return Fraction(first.pts * self._stream.time_base)
        if FREE_CLOCKS & set(self._container.format.name.split(",")):
            return Fraction(self._container.start_time or 0, av.time_base)
        return Fraction(0)


def open_container(path: Path) -> av.container.InputContainer:
    """Open a media file for reading.

    Raises:
        SourceError: it is missing, unreadable, or no media file.
    """
    if path.is_dir():
        raise SourceError(f"{path} is a folder, not a video file.")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{path} is empty (0 bytes). It may not have been copied completely.")
    try:
        return av.open(str(path), metadata_errors="replace")
    except FileNotFoundError as error:
        raise SourceError(f"There is no file {path}.") from error
    except PermissionError as error:
        raise SourceError(f"{path} may not be read: permission denied.") from error
    except av.FFmpegError as error:
        raise SourceError(
            f"{path} is not a video that can be opened ({error.strerror}). "
            "If it is a recording, it may have been cut off before it was finished."
        ) from error


def video_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """The main video stream of a file; cover pictures do not count.

    Raises:
        SourceError: there is none.
    """
    streams = [s for s in container.streams.video if not is_cover(s)]
    if not streams:
        kinds = sorted({s.type for s in container.streams})
        raise SourceError(f"{path} has no video in it (only {', '.join(kinds) or 'nothing'}).")
    best = container.streams.best("video")
    return best if best in streams else streams[0]


def is_cover(stream: Any) -> bool:
    """Whether a video stream is the cover picture of a music file."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _nothing_decoded(
    path: Path, container: av.container.InputContainer, start_s: float, stats: Stats
) -> str:
    if start_s > 0 and not stats["corrupt packets"]:
        length = (container.duration or 0) / av.time_base
        return f"{path} has no frame after {start_s:g} s: it is {length:.1f} s long."
    return f"Nothing in the video of {path} can be decoded. It may be damaged or cut off."


def _plane(plane: Any) -> Plane:
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    # OpenCV's flow wants no gaps between rows; common widths have none, and are not copied.
    return np.ascontiguousarray(rows[: plane.height, : plane.width])


def _quarter_turns(frame: av.VideoFrame) -> int:
    """Quarter turns, counter-clockwise, that make the frame upright; odd angles are left alone."""
    return round(frame.rotation / 90) % 4


def _rate(stream: av.VideoStream) -> Fraction:
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate and 0 < rate <= 300:  # some containers say 1000 for "unknown"
            return Fraction(rate)
    return DEFAULT_RATE


def _colour_tags(first: av.VideoFrame) -> ColourTags:
    if first.format.is_rgb:
        return ColourTags(BT709, BT709, BT709, LIMITED_RANGE)
    full = first.format.name.startswith("yuvj") or first.color_range == FULL_RANGE
    range_ = FULL_RANGE if full else int(first.color_range)
    return ColourTags(
        int(first.colorspace), int(first.color_primaries), int(first.color_trc), range_
    )


def _colour_space(info: VideoInfo) -> ColourSpace:
    """How to read the pictures; untagged video is guessed from its size, as players do."""
    matrix = info.colour.matrix
    if matrix not in LUMA_WEIGHTS:
        matrix = BT709 if min(info.width, info.height) >= HD_HEIGHT else BT601
    return ColourSpace(matrix, info.colour.range == FULL_RANGE)
