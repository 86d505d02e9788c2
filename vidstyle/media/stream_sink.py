"""Video stream sink: frames and side streams to a pipe, in Matroska, MPEG-TS, YUV4MPEG2 or raw."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import av

from vidstyle.frame import Frame
from vidstyle.media.codecs import STREAM_FORMATS, Encoder
from vidstyle.media.constant_rate import ConstantRate
from vidstyle.media.encoders import RAW_VIDEO
from vidstyle.media.info import VideoInfo
from vidstyle.media.side_streams import NoSideStreams, side_streams_of
from vidstyle.media.sink import FileSink, SideStreams
from vidstyle.stats import Stats


class StreamSink(FileSink):
    """`FileSink` that writes to a pipe as it goes; nothing is verified, and nothing taken back.

    YUV4MPEG2 and raw video have no times: frames are repeated or left out so that they show at a
    constant rate.
    """

    failure_note = "What was written until then is cut off."

    def __init__(
        self,
        pipe: BinaryIO,
        stream_format: str,
        like: VideoInfo,
        encoder: Encoder,
        stats: Stats,
        *,
        threads: int = 0,
        audio: str = "copy",
    ) -> None:
        """Create the streams; the header is written with the first frame.

        Args:
            pipe: unbuffered, open for writing, and not closed here.
            stream_format: key of `STREAM_FORMATS`.
            like: properties of the input, as for `FileSink`.
            encoder: from `choose_encoder` for this format.
            stats: receives the counters and timings of `FileSink`, of the frames written.
            threads: of the encoder; 0 lets it choose.
            audio: as for `StreamCopier`.

        Raises:
            SourceError: the input cannot be opened again for its side streams.
        """
        self._pipe = _Pipe(pipe)
        self._stream_format = stream_format
        self._pace: ConstantRate | None = None
        if encoder.kind is RAW_VIDEO:  # whose muxer takes the time base for the rate
            self._pace = ConstantRate(like.rate)
            like = replace(like, time_base=Fraction(1 / like.rate))
        side_streams: Callable[..., SideStreams]
        side_streams = side_streams_of(like, audio=audio, rewinds=False)
        if stream_format == "raw":  # whose muxer would mix everything
            like = replace(like, color=like.screen_tags())
            side_streams = partial(NoSideStreams, suffix="raw video", audio=audio)
        path = Path("standard output")
        super().__init__(path, like, encoder, stats, threads=threads, side_streams=side_streams)

    def write(self, frame: Frame) -> None:
        for each in (frame,) if self._pace is None else self._pace.add(frame):
            super().write(each)

    def _complete(self) -> int:
        pace = self._pace
        if self._stream_format == "raw" and self._size_wh is not None:
            width, height = self._size_wh
            self.warnings.append(
                f"for FFmpeg: -f rawvideo -pix_fmt {self._video.pix_fmt} -s {width}x{height} "
                f"-r {self._like.rate}"
            )
        if pace is not None and (pace.repeated or pace.left_out):
            self.warnings.append(
                f"a constant rate of {float(self._like.rate):g} fps: {pace.repeated} frames "
                f"repeated, {pace.left_out} left out"
            )
        return self._pipe.written

    def _container(self) -> str:
        return STREAM_FORMATS[self._stream_format]

    def _partial_path(self, path: Path) -> Path:
        return path

    def _muxer_options(self, container: str) -> dict[str, str]:
        matroska = container == "matroska"
        options = super()._muxer_options(container) if matroska else {}
        return options | {"flush_packets": "1"}

    def _open(self, container: str, options: dict[str, str]) -> av.container.OutputContainer:
        return av.open(self._pipe, "w", format=container, container_options=options)

    def _discard(self) -> None:
        with suppress(OSError, av.FFmpegError):
            self._output.close()


class _Pipe:
    """File object for PyAV that cannot seek, and writes everything or raises."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self.written = 0  # bytes

    def write(self, content: Any) -> int:
        rest = memoryview(content)
        while rest:
            rest = rest[self._pipe.write(rest) :]
        self.written += len(content)
        return len(content)
