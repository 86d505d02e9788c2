"""File in, file out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from vidstyle.apps.optimized import optimized_film
from vidstyle.apps.outputs import Result, check_target
from vidstyle.hardware import ThreadPlan, usable_cores
from vidstyle.media.codecs import choose_encoder
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.options import DEFAULTS, StylizeOptions
from vidstyle.pipeline.pipeline import FrameTransform, Pipeline
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import style_name
from vidstyle.stylize.generator_pool import load_generator
from vidstyle.stylize.painter import GeneratorPainter
from vidstyle.stylize.stylizer import VideoStylizer


def stylize_video(
    input: Path | str,
    output: Path | str | None = None,
    options: StylizeOptions = DEFAULTS,
    stats: Stats | None = None,
) -> Result:
    """Stylize a whole video file, losing no frame.

    Args:
        input: any video that FFmpeg reads.
        output: .mp4, .mkv, .mov or .webm; beside the input, named after the style, if None.
        options: how.
        stats: pass one to watch the progress from another thread.

    Raises:
        VidstyleError: a `SourceError`, `SinkError` or `StyleError`; no output is left behind.
    """
    input, stats = Path(input), stats or Stats()
    output = Path(output) if output else default_output(input, options)
    encoder = choose_encoder(output, options.codec, options.crf, options.preset)
    check_target(input, output, options.overwrite)
    threads = ThreadPlan.for_cores(options.threads or usable_cores(), options.every == 1)
    cv2.setNumThreads(threads.opencv)
    with (
        _painter(input, output, options, stats, threads) as stylizer,
        FileSource(
            input, stats, start_s=options.start, end_s=options.end, threads=threads.decoder
        ) as source,
    ):
        stats.expected_frames = source.info.expected_frames
        with FileSink(output, source.info, encoder, stats, threads=threads.encoder) as sink:
            Pipeline(source, stylizer, sink).run()
            size = sink.finish()
        return Result(
            input=input,
            output=output,
            style=style_name(options.style),
            frames=stats["frames"],
            keyframes=stats["keyframes"],
            seconds=stats.elapsed_s,
            output_bytes=size,
            damage=_damage(source, stats),
            warnings=_remarks(stats) + sink.warnings,
        )


@contextmanager
def _painter(
    input: Path, output: Path, options: StylizeOptions, stats: Stats, threads: ThreadPlan
) -> Iterator[FrameTransform]:
    """What turns frames into painted ones at the quality that is asked for."""
    if options.quality == "full":
        with optimized_film(input, output, options, stats, threads.decoder) as film:
            yield film
    else:
        painter = GeneratorPainter(load_generator(options.style))
        yield VideoStylizer(painter, options, stats, threads.painters)


def default_output(input: Path, options: StylizeOptions) -> Path:
    """The input's name with the style's in it, as .mp4, in the same folder."""
    return input.with_name(f"{input.stem}.{style_name(options.style)}.mp4")


def _damage(source: FileSource, stats: Stats) -> list[str]:
    damage = []
    if stats["corrupt packets"]:
        damage.append(f"{_counted(stats['corrupt packets'], 'packet')} could not be decoded")
    if stats["damaged frames"]:
        damage.append(f"{_counted(stats['damaged frames'], 'frame')} may show damage")
    if source.lost_s:
        expected = source.info.expected_frames
        of = f" of {source.info.duration_s:.1f} s" if source.info.duration_s else ""
        frames = f", about {max(0, expected - stats['frames'])} frames" if expected else ""
        damage.append(f"the end of the input is missing: {source.lost_s:.1f} s{of}{frames}")
    return damage


def _remarks(stats: Stats) -> list[str]:
    remarks = []
    if stats["interlaced"]:
        remarks.append("the input was interlaced: its fields were joined into whole pictures")
    if stats["clock restarts"]:
        times = _counted(stats["clock restarts"], "time")
        remarks.append(f"the input's clock started again {times}: its parts were joined")
    if stats["repeated times"]:
        frames = _counted(stats["repeated times"], "frame")
        remarks.append(f"{frames} had no time of their own and got one")
    return remarks


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
