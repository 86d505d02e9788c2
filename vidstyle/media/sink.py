"""Video file sink: encodes frames and muxes them with the side streams into an atomic output."""

import math
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import av
import numpy as np

from vidstyle.frame import Bytes, Frame, Picture, resize
from vidstyle.media.atomic import partial_path, publish
from vidstyle.media.codecs import (
    MP4_LIKE,
    Encoder,
    alpha_format,
    container_format,
    muxer_options,
    size_error,
)
from vidstyle.media.encoders import has_alpha, mastering_options
from vidstyle.media.frames import video_frame
from vidstyle.media.hdr_mapping import HdrMapper
from vidstyle.media.info import HDR_TRANSFERS, PQ, VideoInfo
from vidstyle.media.result_mark import KEY, MARK
from vidstyle.media.scheduling import unchanged_scheduling
from vidstyle.media.stream_copy import StreamCopier
from vidstyle.media.verify import verify
from vidstyle.media.write_errors import sink_errors
from vidstyle.stats import Stats


class SideStreams(Protocol):
    """Audio, subtitles and attachments beside the video stream of an output.

    Created by `FileSink` before the header is written; its methods are never called concurrently.
    """

    warnings: list[str]  # messages on streams that were left out or changed

    @property
    def copied(self) -> Counter[str]:
        """Number of streams with packets, by FFmpeg's type; read once, by `FileSink.finish`."""

    def advance(self, until_s: float) -> None:
        """Mux all packets that start before a time, in seconds on the frames' clock.

        Called by `FileSink.write` after each frame, on its thread, and once by `finish`.
        """

    def close(self) -> None:
        """Close inputs and complete `warnings`; called once, at the end of the `with` block."""


class FileSink:
    """`Sink` that writes a partial file, verifies it, and renames it to the final name.

    Use it in a `with` block and call `finish` inside; a block left without it deletes the partial
    file. `warnings` are messages on differences from the input, complete after the block. Belongs
    to one thread at a time: frames may be written by another thread than the one of the block.
    """

    failure_note = "Nothing was left behind."  # end of the message of a failed write
    path_setting = "output"  # setting that holds the path, for errors on a full disk

    def __init__(
        self,
        path: Path,
        like: VideoInfo,
        encoder: Encoder,
        stats: Stats,
        *,
        replace: bool = True,
        threads: int = 0,
        side_streams: Callable[
            [VideoInfo, av.container.OutputContainer, av.VideoStream], SideStreams
        ] = StreamCopier,
    ) -> None:
        """Create the partial file with its streams; the header is written with the first frame.

        Args:
            path: final name; its suffix decides the container.
            like: properties of the input: time base, rate, aspect ratio, color tags, metadata. With
                tags of HDR, the pictures are SDR of BT.709, and mapped to it.
            encoder: from `choose_encoder`.
            stats: receives the counter "frames", the position, and the timings of stage "encode".
            replace: whether `finish` may replace a file of the final name.
            threads: of the encoder; 0 lets it choose.
            side_streams: called once with input, output and video stream; adds the side streams.

        Raises:
            SinkError: the suffix is of no known container, the file cannot be created, or it takes
                no stream of the encoder.
            SourceError: the input cannot be opened again for its side streams.
        """
        self._path, self._like, self._encoder, self._stats = path, like, encoder, stats
        self._replace, self._threads = replace, threads
        with self._sink_errors():  # the current folder may be gone
            # Absolute, because FFmpeg takes the part of a name before a colon for a protocol.
            self._partial = self._partial_path(path.absolute())
        self._size_wh: tuple[int, int] | None = None
        self._hdr_mapper: HdrMapper | None = None
        self._pts = array("q")  # 8 bytes a frame: an hour at 60 fps is 2 MB
        self._durations: dict[int, int] = {}  # by pts, of the frames inside the encoder
        self._end_pts = 0
        self._first_dts: int | None = None
        self._finished = False
        container = self._container()
        options = self._muxer_options(container)
        with self._sink_errors():
            self._output = self._open(container, options)
        try:
            with self._sink_errors():
                self._video = self._encoding = self._add_video(self._output)
            self._side_streams = side_streams(like, self._output, self._video)
            self._video.metadata[KEY] = MARK  # instead of the original's, copied just now
        except BaseException:
            self._discard()
            raise
        self.warnings = self._side_streams.warnings

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._side_streams.close()
        if not self._finished:
            self._discard()

    def write(self, frame: Frame) -> None:
        """Encode one frame; mux the side streams up to its time.

        Args:
            frame: with increasing pts in the time base of `like`; the first one sets the size,
                later ones of another size are scaled to it.

        Raises:
            SinkError: the folder is missing or not writable, the disk is full, or the encoder
                refused the frame.
        """
        with self._stats.timed("encode"), self._sink_errors():
            self._output.mux(self._encode(self._encodable(frame)))
            self._side_streams.advance(frame.time_s)
        self._stats.count("frames")
        self._stats.position_s = frame.time_s

    def finish(self) -> int:
        """Flush encoder and side streams, close the file, verify it, and rename it.

        Call it once, after the last of at least one frame.

        Returns:
            The file's size in bytes.

        Raises:
            SinkError: the disk is full, the verification failed, or the final name was taken
                during the run; then the file is kept under a free name.
        """
        with self._stats.timed("encode"), self._sink_errors():
            self._output.mux(self._encode(None))
            self._side_streams.advance(math.inf if self._like.end_s is None else self._like.end_s)
            self._output.close()
        size = self._complete()
        self._finished = True
        return size

    def _complete(self) -> int:
        """Verify and rename the closed file; return its size in bytes."""
        verify(self._partial, self._pts, self._like.time_base, self._side_streams.copied)
        with self._sink_errors():
            self._publish()
            return self._path.stat().st_size

    def _container(self) -> str:
        """FFmpeg's name of the output format."""
        return container_format(self._path)

    def _medium(self) -> str:
        """Name of codec and container, for warnings."""
        return f"{self._encoder.name} in {self._output.format.name}"

    def _open(self, container: str, options: dict[str, str]) -> av.container.OutputContainer:
        return av.open(str(self._partial), "w", format=container, container_options=options)

    def _partial_path(self, path: Path) -> Path:
        """Path to write to, for a final name."""
        return partial_path(path)

    def _muxer_options(self, container: str) -> dict[str, str]:
        return muxer_options(container, self._like.time_base, self._like.tags)

    def _publish(self) -> None:
        publish(self._partial, self._path, replace=self._replace)

    def _add_video(self, output: av.container.OutputContainer) -> av.VideoStream:
        """Add the video stream to a container, with its encoder."""
        like, encoder = self._like, self._encoder
        pq = like.color.transfer == PQ
        options = mastering_options(encoder.kind, encoder.options) if pq else dict(encoder.options)
        stream: Any = output.add_stream(encoder.name, rate=like.rate, options=options)
        stream.pix_fmt = encoder.pixels
        if like.has_alpha:
            stream.pix_fmt = alpha_format(encoder, output.format.name) or stream.pix_fmt
        if has_alpha(stream.pix_fmt) and encoder.kind.alpha_containers:
            stream.metadata["alpha_mode"] = "1"  # by which players find it
        context = stream.codec_context
        if encoder.kind.is_hevc and output.format.name in MP4_LIKE:
            context.codec_tag = "hvc1"  # the only tag of HEVC that Apple's players accept
        context.time_base = like.time_base
        context.thread_count = self._threads
        context.sample_aspect_ratio = like.sample_aspect_ratio
        context.colorspace, context.color_primaries = like.color.matrix, like.color.primaries
        context.color_trc, context.color_range = like.color.transfer, like.color.range
        video: av.VideoStream = stream
        return video

    def _set_size(self, first: Picture) -> tuple[int, int]:
        """Size of the video stream for its first picture; appends a warning where it differs."""
        width, height = first.width, first.height
        aspect, name = self._like.sample_aspect_ratio, self._output.format.name
        if aspect != 1 and name not in MP4_LIKE and not self._encoder.kind.stores_aspect:
            # PyAV cannot set the display size, in which Matroska keeps the aspect ratio.
            width, height = square_size_wh(width, height, aspect)
            self._video.codec_context.sample_aspect_ratio = Fraction(1)
            self.warnings.append(
                f"{first.width}x{first.height} became {width}x{height}: {self._medium()} "
                "has square pixels only"
            )
        if not self._encoder.kind.odd_sizes and (width % 2 or height % 2):
            odd = f"{width}x{height}"
            width, height = max(2, width & ~1), max(2, height & ~1)
            self.warnings.append(
                f"{odd} became {width}x{height}: {self._encoder.name} wants even sizes"
            )
        self._video.width, self._video.height = width, height
        self._open_encoder()
        return width, height

    def _open_encoder(self) -> None:
        """Open the encoder at its size.

        Raises:
            SinkError: the encoder refused the size, or has no memory for it.
        """
        try:
            with unchanged_scheduling():
                self._encoding.codec_context.open()
        except av.FFmpegError as error:
            width, height = self._encoding.width, self._encoding.height
            raise size_error(self._encoder, width, height, error) from error

    def _encode(self, frame: av.VideoFrame | None) -> list[Any]:
        """Encode a frame, or flush the encoder with None; return the packets to mux."""
        packets = self._packets(frame)
        if packets and frame is None:
            self._complete_duration(packets[-1])
        return packets

    def _packets(self, frame: av.VideoFrame | None) -> list[Any]:
        """Encode a frame, or flush the encoder with None; return the packets."""
        packets: list[Any] = list(self._encoding.encode(frame))
        if packets and self._first_dts is None:
            if frame is None:
                _set_decoding_times(packets)
            self._first_dts = packets[0].dts
        for packet in packets:
            packet.duration = self._durations.pop(packet.pts, packet.duration)
        return packets

    def _complete_duration(self, last: Any) -> None:
        """Extend the duration of the last packet, in MP4, to the end of the last frame.

        MP4 sums up durations in decoding order. With B-frames and a variable frame rate the sum
        differs from the presentation time of all frames, and players would drop the last ones.
        """
        if last.dts is not None and self._output.format.name in MP4_LIKE:
            assert self._first_dts is not None
            shown, decoded = self._end_pts - self._pts[0], last.dts - self._first_dts
            last.duration = max(1, shown - decoded)

    def _encodable(self, frame: Frame) -> av.VideoFrame:
        """Copy a frame for the encoder; an odd row or column is cropped, other sizes are scaled."""
        picture = frame.picture
        width, height = self._size_wh = self._size_wh or self._set_size(picture)
        if picture.width - width not in (0, 1) or picture.height - height not in (0, 1):
            picture = picture.resized(width, height)
        encodable = video_frame(picture, width, height, self._alpha(frame, picture))
        if self._like.color.transfer in HDR_TRANSFERS:
            encodable = self._in_hdr(encodable)
        encodable.pts, encodable.time_base = frame.pts, frame.time_base
        encodable.duration = frame.duration
        color = self._like.color
        encodable.colorspace, encodable.color_range = color.matrix, color.range
        encodable.color_primaries, encodable.color_trc = color.primaries, color.transfer
        self._note_times(frame)
        return encodable

    def _in_hdr(self, frame: av.VideoFrame) -> av.VideoFrame:
        if self._hdr_mapper is None:
            frame.time_base = self._like.time_base
            transfer = self._like.color.transfer
            pixels = str(self._video.codec_context.pix_fmt)
            self._hdr_mapper = HdrMapper(frame, transfer, pixels)
        return self._hdr_mapper.map(frame)

    def _alpha(self, frame: Frame, picture: Picture) -> Bytes | None:
        """Alpha channel of a frame at the size of its picture; None for an opaque output."""
        if not self._like.has_alpha:
            return None
        if frame.alpha is None:
            return np.full(picture.y.shape, 255, np.uint8)
        return resize(frame.alpha, picture.width, picture.height)

    def _note_times(self, frame: Frame) -> None:
        """Keep the pts for `verify`, and the duration for the frame's packet."""
        usual = max(1, round(1 / self._like.rate / frame.time_base))
        duration = frame.duration or usual
        self._pts.append(frame.pts)
        self._durations[frame.pts] = duration
        self._end_pts = frame.pts + duration

    def _discard(self) -> None:
        with suppress(OSError, av.FFmpegError):  # a full disk refuses the trailer too
            self._output.close()
        self._partial.unlink(missing_ok=True)

    def _sink_errors(self) -> AbstractContextManager[None]:
        return sink_errors(self._path, self.failure_note, self.path_setting)


def square_size_wh(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Size in square pixels of a picture with pixels of another shape; no side gets shorter."""
    wider = float(aspect)
    return round(width * max(1.0, wider)), round(height * max(1.0, 1 / wider))


def _set_decoding_times(packets: Sequence[Any]) -> None:
    """Compute the dts of all packets of a video that is shorter than the encoder's delay.

    x265 leaves them to chance, and MP4 then refuses the packets.
    """
    times = sorted(packet.pts for packet in packets)
    pairs = list(zip(packets, times, strict=True))
    delay = max(time - packet.pts for packet, time in pairs)
    for packet, time in pairs:
        packet.dts = time - delay
