"""Video conversion: a video file stylized to a video file, by generator or optimizer."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from vidstyle.apps.arguments import check_arguments
from vidstyle.apps.inputs import VideoInput, input_path, is_pipe, video_file
from vidstyle.apps.optimized import optimized_film
from vidstyle.apps.outputs import Result
from vidstyle.apps.progress import VideoProgress, Watch
from vidstyle.apps.video_outputs import VideoOutput, video_output
from vidstyle.errors import ELSEWHERE, Note
from vidstyle.hardware import ThreadPlan, usable_cores
from vidstyle.media.atomic import short_name
from vidstyle.media.codecs import default_suffix
from vidstyle.media.info import VideoInfo
from vidstyle.media.source import FileSource
from vidstyle.options import DEFAULTS, StylizeOptions
from vidstyle.pipeline.pipeline import Branch, FrameTransform, Pipeline
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import plan_name
from vidstyle.stylize.painter_schedule import load_painters
from vidstyle.stylize.stylizer import VideoStylizer


def stylize_video(
    input: VideoInput,
    output: Path | str | None = None,
    options: StylizeOptions = DEFAULTS,
    stats: Stats | None = None,
    *,
    progress: Callable[[VideoProgress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Result:
    """Stylize a video file, frame by frame; audio, subtitles and metadata are copied.

    Threads: callable from any thread; all threads that it starts have ended when it returns.

    Args:
        input: path of a video of any format that FFmpeg reads, or a binary file object with one,
            which is copied to a temporary file, as is a named pipe, or "-" for standard input.
        output: path that ends in .mp4, .mkv, .mov, .webm, .gif, .webp or .apng; a name with a
            number, as "frame_%04d.png", for a picture file of each frame; "-" for a stream to
            standard output in `options.format`; None for a file beside the input, named after the
            style.
        options: style, working size, range of time, codec and cores.
        stats: receives counters and timings of the run, for benchmarks.
        progress: called up to ten times per second by the calling thread, the last time when all
            frames are written. An exception that it raises ends the run and is raised again.
        cancel: set it from any thread to end the run within a few frames.

    Raises:
        VidstyleError: a `SourceError`, `SinkError` or `StyleError`; no output is left behind.
        Cancelled: `cancel` was set; no output is left behind. With quality="full", the work
            folder stays, and the same call resumes from it.
        TypeError: an argument has the wrong type; the message names it.
        ValueError: the input is a file object or a pipe, and `output` is None.
    """
    check_arguments(options, StylizeOptions, output, progress=progress, cancel=cancel)
    path, stats = input_path(input), stats or Stats()
    if output is None:
        if path is None or is_pipe(path):
            raise ValueError("A video from a file object or pipe needs an output. Give its path.")
        output = default_output(path, options)
    output, watch = Path(output), Watch(stats, progress, cancel)
    target = video_output(output, options)
    threads = ThreadPlan.for_cores(options.threads or usable_cores(), options.every == 1)
    cv2.setNumThreads(threads.opencv)
    watch()
    with (
        target.claimed(path),
        video_file(input) as file,
        _frame_transform(file, output, target, options, stats, threads, watch) as stylizer,
        FileSource(
            file,
            stats,
            start_s=options.start,
            end_s=options.end,
            threads=threads.decoder,
            keep_alpha=not options.compare and target.keeps_alpha,
            size=options.sized_wh,
            rate=options.rate,
        ) as source,
    ):
        stats.expected_frames = source.info.expected_frames
        with target.sink(source.info, stats, threads.encoder) as sink:
            Pipeline(source, Branch(stylizer, sink)).run(watch)
            watch.report()
            size = sink.finish()
        return Result(
            input=path,
            output=output,
            style=plan_name(options.style_plan),
            frames=stats["frames"],
            keyframes=stats["keyframes"],
            seconds=stats.elapsed_s,
            output_bytes=size,
            damage=_damage(source, stats),
            warnings=_remarks(source.info, stats, options.compare) + sink.warnings,
        )


@contextmanager
def _frame_transform(
    input: Path,
    output: Path,
    target: VideoOutput,
    options: StylizeOptions,
    stats: Stats,
    threads: ThreadPlan,
    watch: Watch,
) -> Iterator[FrameTransform]:
    """Open the pipeline's stylizer for the quality that the options ask for."""
    if options.quality == "full":
        _check_encodes(input, target, options)  # before hours of work
        with optimized_film(input, output, options, stats, threads.decoder, watch) as film:
            yield film
    else:
        painters = load_painters(options.style_plan, options.start)
        yield VideoStylizer(painters, options, stats, threads.painters)


def _check_encodes(input: Path, target: VideoOutput, options: StylizeOptions) -> None:
    with FileSource(
        input, Stats(), start_s=options.start, threads=1, size=options.sized_wh
    ) as source:
        target.check_size(*options.output_size_wh(source.info.width, source.info.height))


def default_output(input: Path, options: StylizeOptions) -> Path:
    """Default output path: INPUT.STYLE.mp4 beside the input, or with another codec's suffix."""
    suffix = default_suffix(options.codec)
    return input.with_name(short_name(input.stem, f".{plan_name(options.style_plan)}{suffix}"))


def _damage(source: FileSource, stats: Stats) -> list[str]:
    """Messages on parts of the input that could not be decoded."""
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


def _remarks(info: VideoInfo, stats: Stats, compare: bool) -> list[str]:
    """Messages on other corrections: HDR, deinterlacing, times, shape and transparency."""
    remarks = list[str]()
    if info.hdr:
        remarks.append(f"the input is HDR ({info.hdr}): it was tone-mapped to SDR, BT.709")
    if stats["interlaced"]:
        remarks.append("the input was interlaced: its fields were joined into whole pictures")
    if stats["clock restarts"]:
        times = _counted(stats["clock restarts"], "time")
        remarks.append(f"the input's clock started again {times}: its parts were joined")
    if stats["repeated times"]:
        frames = _counted(stats["repeated times"], "frame")
        remarks.append(f"{frames} had no time of their own and got one")
    if stats["fitted frames"]:
        frames = _counted(stats["fitted frames"], "frame")
        remarks.append(f"the picture changes its shape: {frames} got black bars")
    if stats["transparent frames"]:
        note = "transparent parts became white"
        kept = "; .webm keeps them, .webp, .gif, and prores_ks in .mov"
        remarks.append(note if compare else Note(note + kept, ELSEWHERE))
    return remarks


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
