"""Frames into video files."""

import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import ENOSPC
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import av

from vidstyle.errors import SinkError, reason
from vidstyle.frame import Frame, Picture
from vidstyle.media.atomic import partial_path, publish
from vidstyle.media.codecs import MP4_LIKE, Encoder, container_format, muxer_options, pixel_format
from vidstyle.media.frames import video_frame
from vidstyle.media.info import VideoInfo
from vidstyle.media.stream_copy import StreamCopier
from vidstyle.media.verify import verify
from vidstyle.stats import Stats


class SideStreams(Protocol):
    """Whatever stands beside the pictures in a file."""

    warnings: list[str]  # what could not go along

    @property
    def copied(self) -> Counter[str]:
        """How many streams of each type got packets."""

    def advance(self, until_s: float) -> None:
        """Write what begins before this time, on the frames' clock."""

    def close(self) -> None:
        """Let go of what it reads from."""


class FileSink:
    """Writes frames beside the final name, checks the file, and only then gives it the name.

    Use it in a `with` block and call `finish` inside: a block left without it leaves no file.
    """

    on_failure = "Nothing was left behind."  # what becomes of the file then
    elsewhere = "output"  # the setting that names another disk

    def __init__(
        self,
        path: Path,
        like: VideoInfo,
        encoder: Encoder,
        stats: Stats,
        *,
        replace: bool = True,
        threads: int = 0,
        company: Callable[
            [VideoInfo, av.container.OutputContainer, av.VideoStream], SideStreams
        ] = StreamCopier,
    ) -> None:
        """Create the file.

        Args:
            path: final name; its suffix decides the container.
            like: the input, whose times, colors, sound, subtitles and tags go along.
            encoder: as `choose_encoder` gave it.
            stats: gets "frames" and the time of stage "encode".
            replace: whether a file of that name may be replaced in the end.
            threads: for the encoder; 0 lets it choose.
            company: adds what goes along; by default, all that the input has.

        Raises:
            SinkError: the suffix is not one of a container.
        """
        self._path, self._like, self._encoder, self._stats = path, like, encoder, stats
        self._replace, self._threads = replace, threads
        # Absolute, because FFmpeg takes what stands before a colon for a protocol.
        self._partial = self._place(path.absolute())
        self._size_wh: tuple[int, int] | None = None
        self._pts = array("q")  # 8 bytes a frame: an hour at 60 fps is 2 MB
        self._durations: dict[int, int] = {}  # by pts, of frames inside the encoder
        self._end_pts = 0
        self._first_dts: int | None = None
        self._finished = False
        container = container_format(path)
        options = self._muxer_options(container)
        with self._translated():
            self._output = av.open(
                str(self._partial), "w", format=container, container_options=options
            )
        try:
            self._video = self._add_video()
            self._company = company(like, self._output, self._video)
        except BaseException:
            self._discard()
            raise
        self.warnings = self._company.warnings

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._company.close()
        if not self._finished:
            self._discard()

    def write(self, frame: Frame) -> None:
        """Encode one frame; also copy the sound up to its time.

        Raises:
            SinkError: the folder is missing or not writable, or the encoder or the disk refused.
        """
        with self._stats.timed("encode"), self._translated():
            self._output.mux(self._encode(self._encodable(frame)))
            self._company.advance(frame.time_s)
        self._stats.count("frames")
        self._stats.position_s = frame.time_s

    def finish(self) -> int:
        """Write what is left, check the file by reading it, and give it its final name.

        Returns:
            The file's size in bytes.

        Raises:
            SinkError: the disk refused, the file does not hold what was written to it, or its
                name was taken meanwhile; then it is kept under a free one.
        """
        with self._stats.timed("encode"), self._translated():
            self._output.mux(self._encode(None))
            self._company.advance(math.inf if self._like.end_s is None else self._like.end_s)
            self._output.close()
        verify(self._partial, self._pts, self._like.time_base, self._company.copied)
        with self._translated():
            self._publish()
        self._finished = True
        return self._path.stat().st_size

    def _place(self, path: Path) -> Path:
        """Where the file is written."""
        return partial_path(path)

    def _muxer_options(self, container: str) -> dict[str, str]:
        return muxer_options(container, self._like.time_base, self._like.tags)

    def _publish(self) -> None:
        publish(self._partial, self._path, replace=self._replace)

    def _add_video(self) -> av.VideoStream:
        like, encoder = self._like, self._encoder
        stream: Any = self._output.add_stream(
            encoder.name, rate=like.rate, options=dict(encoder.options)
        )
        stream.pix_fmt = pixel_format(stream.codec)
        context = stream.codec_context
        if encoder.is_hevc and self._output.format.name in MP4_LIKE:
            context.codec_tag = "hvc1"  # Apple's players know HEVC by no other name
        context.time_base = like.time_base
        context.thread_count = self._threads
        context.sample_aspect_ratio = like.sample_aspect_ratio
        context.colorspace, context.color_primaries = like.color.matrix, like.color.primaries
        context.color_trc, context.color_range = like.color.transfer, like.color.range
        video: av.VideoStream = stream
        return video

    def _set_size(self, first: Picture) -> tuple[int, int]:
        width, height = first.width, first.height
        aspect, name = self._like.sample_aspect_ratio, self._output.format.name
        if aspect != 1 and name not in MP4_LIKE and not self._encoder.states_aspect:
            # PyAV cannot set the aspect that Matroska keeps for such video.
            wider = float(aspect)
            width, height = round(width * max(1.0, wider)), round(height * max(1.0, 1 / wider))
            self._video.codec_context.sample_aspect_ratio = Fraction(1)
            self.warnings.append(
                f"{first.width}x{first.height} became {width}x{height}: {self._encoder.name} "
                f"in {name} has square pixels only"
            )
        if self._encoder.even_sizes_only and (width % 2 or height % 2):
            odd = f"{width}x{height}"
            width, height = max(2, width & ~1), max(2, height & ~1)
            self.warnings.append(
                f"{odd} became {width}x{height}: {self._encoder.name} wants even sizes"
            )
        self._video.width, self._video.height = width, height
        return width, height

    def _encode(self, frame: av.VideoFrame | None) -> list[Any]:
        """Encode a frame, or with None take what the encoder still holds.

        MP4 adds up durations in the order of decoding. Where frames change places and their
        distances vary, the sum would differ from what the frames take, and players would leave
        out the last ones: the last packet makes up for it.
        """
        packets: list[Any] = list(self._video.encode(frame))
        if packets and self._first_dts is None:
            self._first_dts = packets[0].dts
        for packet in packets:
            packet.duration = self._durations.pop(packet.pts, packet.duration)
        last = packets[-1] if packets and frame is None else None
        if last is not None and last.dts is not None and self._output.format.name in MP4_LIKE:
            assert self._first_dts is not None
            shown, decoded = self._end_pts - self._pts[0], last.dts - self._first_dts
            last.duration = max(1, shown - decoded)
        return packets

    def _encodable(self, frame: Frame) -> av.VideoFrame:
        """Copy a frame into FFmpeg's memory, cut by a row or column or stretched if it must be."""
        picture = frame.picture
        width, height = self._size_wh = self._size_wh or self._set_size(picture)
        if picture.width - width not in (0, 1) or picture.height - height not in (0, 1):
            picture = picture.resized(width, height)
        encodable = video_frame(picture, width, height)
        encodable.pts, encodable.time_base = frame.pts, frame.time_base
        encodable.duration = frame.duration
        encodable.colorspace = self._like.color.matrix
        encodable.color_range = self._like.color.range
        self._note_times(frame)
        return encodable

    def _note_times(self, frame: Frame) -> None:
        usual = max(1, round(1 / self._like.rate / frame.time_base))
        duration = frame.duration or usual
        self._pts.append(frame.pts)
        self._durations[frame.pts] = duration
        self._end_pts = frame.pts + duration

    def _discard(self) -> None:
        with suppress(OSError, av.FFmpegError):  # a full disk refuses the trailer too
            self._output.close()
        self._partial.unlink(missing_ok=True)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OSError, av.FFmpegError) as error:
            message = f"Cannot write {self._path}: {reason(error)}. {self.on_failure}"
            if error.errno != ENOSPC:
                raise SinkError(message) from error
            hint = "Make room, or choose another disk."
            raise SinkError(f"{message} {hint}", {self.elsewhere: ...}) from error
