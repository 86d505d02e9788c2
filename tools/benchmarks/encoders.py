"""Encoders on painted film: milliseconds per frame, bytes, and SSIM at the same bitrate.

    python -m tools.benchmarks.encoders
    python -m tools.benchmarks.encoders film.great-wave.mp4 --bitrate 4M --names h264 hevc

SSIM is that of FFmpeg's filter, luma and chroma, mean of all frames. The film should be painted and
nearly lossless (--crf 5).
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.filter import Graph

from tools.benchmarks.sample_clip import SAMPLE
from vidstyle import StylizeOptions, stylize_video
from vidstyle.hardware import usable_cores
from vidstyle.media.codecs import default_preset
from vidstyle.media.encoders import (
    VideoEncoder,
    default_pixels,
    encoder_options,
    encoders_named,
    failure,
)
from vidstyle.media.scheduling import unchanged_scheduling
from vidstyle.output_spec import bits_per_second

HEAD = "| encoder | ms per frame | kbit/s | SSIM |\n| --- | --- | --- | --- |"
RATE = Fraction(30)
DECODERS = {"av1": "libdav1d"}  # where FFmpeg's own needs hardware


@dataclass(frozen=True, slots=True)
class Row:
    """Measurements of one encoder."""

    name: str
    frame_ms: float
    kbit_per_s: float
    ssim: float

    def __str__(self) -> str:
        return f"| {self.name} | {self.frame_ms:.1f} | {self.kbit_per_s:.0f} | {self.ssim:.4f} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row for each encoder that starts."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        film = options.film or _painted(Path(folder), options.seconds)
        frames = list(decoded(film, options.seconds))
    print(HEAD)
    for name in options.names:
        for row in encoders_named(name):
            if row.takes_bitrate and not failure(row):
                print(measured(row, frames, bits_per_second(options.bitrate)), flush=True)


def measured(row: VideoEncoder, frames: Sequence[av.VideoFrame], bitrate: int) -> Row:
    """Encode frames at a bitrate, decode them, and compare.

    Args:
        row: of the table of encoders.
        frames: yuv420p, of one size.
        bitrate: in bits per second.
    """
    context = _opened(row, frames[0], bitrate)
    started_s = time.perf_counter()
    packets = [packet for frame in (*_numbered(frames), None) for packet in context.encode(frame)]
    frame_ms = 1000 * (time.perf_counter() - started_s) / len(frames)
    standard = context.codec.canonical_name
    decoder: Any = av.CodecContext.create(DECODERS.get(standard, standard), "r")
    decoder.extradata = context.extradata
    found = [frame for packet in (*packets, None) for frame in decoder.decode(packet)]
    size = sum(packet.size for packet in packets)
    seconds = float(len(frames) / RATE)
    return Row(row.name, frame_ms, size * 8 / 1000 / seconds, ssim(frames, found))


def ssim(frames: Sequence[av.VideoFrame], others: Sequence[av.VideoFrame]) -> float:
    """Mean SSIM of two films with the same frames, by FFmpeg's filter."""
    assert len(frames) == len(others)
    graph: Any = Graph()
    form = {"width": frames[0].width, "height": frames[0].height, "time_base": 1 / RATE}
    first, second = (
        graph.add_buffer(format=av.VideoFormat("yuv420p"), name=name, **form)
        for name in ("first", "second")
    )
    compare, sink = graph.add("ssim"), graph.add("buffersink")
    first.link_to(compare, 0, 0)
    second.link_to(compare, 0, 1)
    compare.link_to(sink)
    graph.configure()
    values = []
    for pair in zip(_numbered(frames), _numbered(others), strict=True):
        for source, frame in zip((first, second), pair, strict=True):
            source.push(frame.reformat(format="yuv420p"))
        values.append(float(sink.pull().metadata["lavfi.ssim.All"]))
    return statistics.fmean(values)


def decoded(film: Path, seconds: float) -> Iterator[av.VideoFrame]:
    """Yield the first frames of a film as yuv420p."""
    with av.open(str(film)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= seconds * RATE:
                return
            yield frame.reformat(format="yuv420p")


def _opened(row: VideoEncoder, like: av.VideoFrame, bitrate: int) -> Any:
    context: Any = av.CodecContext.create(row.name, "w")
    context.width, context.height, context.pix_fmt = like.width, like.height, default_pixels(row)
    context.time_base, context.framerate = 1 / RATE, RATE
    context.options = encoder_options(row, default_preset(usable_cores()), bitrate=bitrate)
    with unchanged_scheduling():
        context.open()
    return context


def _numbered(frames: Sequence[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    for number, frame in enumerate(frames):
        frame.pts, frame.time_base = number, 1 / RATE
        frame.pict_type = 0
        yield frame


def _painted(folder: Path, seconds: float) -> Path:
    """The sample, painted and nearly lossless."""
    output = folder / "painted.mp4"
    stylize_video(SAMPLE, output, StylizeOptions(crf=5, end=seconds, audio="none"))
    return output


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("film", type=Path, nargs="?", help="painted film (default: the sample)")
    parser.add_argument("--names", nargs="+", default=["h264"], help="encoders or standards")
    parser.add_argument("--bitrate", default="2M", help="bits per second (default: 2M)")
    parser.add_argument("--seconds", type=float, default=4.0, help="of the film (default: 4)")
    return parser


if __name__ == "__main__":
    main()
