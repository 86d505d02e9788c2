"""Animation sinks: animated WebP and PNG, and GIF with a palette made for its pictures."""

from array import array
from collections import Counter
from dataclasses import replace as replaced
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av

from vidstyle.errors import SinkError
from vidstyle.frame import Frame
from vidstyle.media.animation_chunks import (
    flag_webp_transparency,
    set_last_png_duration,
    set_last_webp_duration,
    webp_durations,
)
from vidstyle.media.atomic import partial_path, publish
from vidstyle.media.codecs import ANIMATIONS, Encoder
from vidstyle.media.gif_palette import PaletteBuilder, paletted
from vidstyle.media.info import VideoInfo
from vidstyle.media.result_mark import append_mark
from vidstyle.media.side_streams import NoSideStreams
from vidstyle.media.sink import FileSink
from vidstyle.media.verify import verify
from vidstyle.stats import Stats

LOOPING = {"gif": {"loop": "0"}, "webp": {"loop": "0"}, "apng": {"plays": "0"}}  # forever
GIF_TICK = Fraction(1, 100)  # seconds
MIN_GIF_TICKS = 2  # of a frame; browsers slow down shorter ones to a tenth of a second


class AnimationSink(FileSink):
    """`FileSink` of an animated WebP or PNG, which loops; the first frame is at time zero."""

    def __init__(
        self,
        path: Path,
        like: VideoInfo,
        encoder: Encoder,
        stats: Stats,
        *,
        replace: bool = True,
        threads: int = 0,
        audio: str = "copy",
    ) -> None:
        """Create the partial file; arguments and errors as of `FileSink`.

        Args:
            path: final name; its suffix is a key of `ANIMATIONS`.
            like: properties of the input.
            encoder: from `choose_encoder`.
            stats: receives the counters and timings of `FileSink`.
            replace: whether `finish` may replace a file of the final name.
            threads: of the encoder; 0 lets it choose.
            audio: "none" for no note on sound that is left out.
        """
        self._kind = ANIMATIONS[path.suffix.lower()]
        self._first_pts: int | None = None
        super().__init__(
            path,
            replaced(like, color=like.screen_tags()),
            encoder,
            stats,
            replace=replace,
            threads=threads,
            side_streams=partial(NoSideStreams, suffix=path.suffix, audio=audio),
        )

    def write(self, frame: Frame) -> None:
        if self._first_pts is None:
            self._first_pts = frame.pts
        super().write(replaced(frame, pts=frame.pts - self._first_pts))

    def _container(self) -> str:
        return self._kind

    def _medium(self) -> str:
        return self._path.suffix

    def _muxer_options(self, container: str) -> dict[str, str]:
        return LOOPING[container]

    def _complete(self) -> int:
        with self._sink_errors():
            self._complete_chunks()
        self._verify()
        with self._sink_errors():
            append_mark(self._partial)
            self._publish()
        return self._path.stat().st_size

    def _complete_chunks(self) -> None:
        """Write into the partial file what the muxers do not know."""
        last = (self._end_pts - self._pts[-1]) * self._like.time_base
        if self._kind == "apng":
            set_last_png_duration(self._partial, last)
            return
        set_last_webp_duration(self._partial, max(1, round(1000 * last)))
        if self._like.has_alpha:
            flag_webp_transparency(self._partial)

    def _verify(self) -> None:
        """Verify the partial file; of a WebP the number and durations of frames.

        FFmpeg reads no animated WebP. libwebp joins equal frames, and writes a still picture if all
        are equal.
        """
        if self._kind == "apng":
            verify(self._partial, self._pts, self._like.time_base, Counter())
            return
        with self._sink_errors():
            durations = webp_durations(self._partial)
        shown_ms = float((self._end_pts - self._pts[0]) * self._like.time_base * 1000)
        frames = len(durations)
        if frames > len(self._pts) or (frames and abs(sum(durations) - shown_ms) > 2):
            raise SinkError(
                f"{len(self._pts)} frames of {shown_ms:.0f} ms were written, but the file holds "
                f"{frames} of {sum(durations)} ms."
            )


class GifSink(AnimationSink):
    """`AnimationSink` of a GIF, in two passes.

    Frames are written losslessly to the partial file, and counted into a palette of 256 colors;
    `finish` makes the GIF of them.
    """

    def __init__(
        self,
        path: Path,
        like: VideoInfo,
        encoder: Encoder,
        stats: Stats,
        *,
        replace: bool = True,
        threads: int = 0,
        audio: str = "copy",
    ) -> None:
        """Create the partial file; arguments as of `AnimationSink`.

        Args:
            path: final name, ending in .gif.
            like: properties of the input.
            encoder: lossless, of the first pass.
            stats: receives the counters and timings of `FileSink`.
            replace: whether `finish` may replace a file of the final name.
            threads: of the encoder; 0 lets it choose.
            audio: "none" for no note on sound that is left out.
        """
        self._palette = PaletteBuilder()
        self._ticks = array("q")  # time of each frame, in `GIF_TICK`
        self._left_out = 0
        self._gif = partial_path(path.absolute())
        super().__init__(path, like, encoder, stats, replace=replace, threads=threads, audio=audio)

    def write(self, frame: Frame) -> None:
        """Write a frame, or leave it out if it comes too early for a GIF."""
        first = frame.pts if self._first_pts is None else self._first_pts
        ticks = round((frame.pts - first) * frame.time_base / GIF_TICK)
        if self._ticks and ticks - self._ticks[-1] < MIN_GIF_TICKS:
            self._left_out += 1
            return
        self._ticks.append(ticks)
        super().write(frame)

    def _container(self) -> str:
        return "matroska"

    def _muxer_options(self, container: str) -> dict[str, str]:
        return {}

    def _encodable(self, frame: Frame) -> av.VideoFrame:
        encodable = super()._encodable(frame)
        self._palette.add(encodable)
        return encodable

    def _complete(self) -> int:
        with self._stats.timed("encode"), self._sink_errors():
            self._write_gif()
        verify(self._gif, self._ticks, GIF_TICK, Counter())
        with self._sink_errors():
            append_mark(self._gif)
            publish(self._gif, self._path, replace=self._replace)
            self._partial.unlink()
        if self._left_out:
            self.warnings.append(
                f"{self._left_out} frames were left out: .gif shows 50 a second at most"
            )
        return self._path.stat().st_size

    def _write_gif(self) -> None:
        last = round((self._end_pts - self._pts[-1]) * self._like.time_base / GIF_TICK)
        options = LOOPING["gif"] | {"final_delay": str(max(MIN_GIF_TICKS, last))}
        with (
            av.open(str(self._partial), format="matroska") as frames,
            av.open(str(self._gif), "w", format="gif", container_options=options) as output,
        ):
            stream: Any = output.add_stream("gif", rate=self._like.rate)
            stream.width, stream.height, stream.pix_fmt = *self._coded_size_wh, "pal8"
            stream.codec_context.time_base = GIF_TICK
            pictures = paletted(frames.decode(video=0), self._palette.result())
            for picture, ticks in zip(pictures, self._ticks, strict=True):
                picture.pts, picture.time_base = ticks, GIF_TICK
                output.mux(stream.encode(picture))
            output.mux(stream.encode(None))

    @property
    def _coded_size_wh(self) -> tuple[int, int]:
        assert self._size_wh is not None
        return self._size_wh

    def _discard(self) -> None:
        super()._discard()
        self._gif.unlink(missing_ok=True)
