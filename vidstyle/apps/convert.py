"""Video conversion: a video file stylized to a video file, by generator or optimizer."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import cv2

from vidstyle.apps.arguments import check_arguments
from vidstyle.apps.cluster import ENCODER_THREADS, make_parts, rest_of
from vidstyle.apps.inputs import VideoInput, input_path, is_pipe, result_stem, video_file
from vidstyle.apps.outputs import Result
from vidstyle.apps.progress import VideoProgress, Watch
from vidstyle.apps.remarks import damage_of, notes_on_sequence, remarks_on
from vidstyle.apps.rendition import Rendition
from vidstyle.apps.video_outputs import VideoOutput, VideoSink
from vidstyle.apps.work import ResumedTransform, expected_s, resumed_frames
from vidstyle.frame import Frame
from vidstyle.hardware import ThreadPlan, memory_gb, usable_cores
from vidstyle.media.atomic import short_name
from vidstyle.media.codecs import default_suffix
from vidstyle.media.demux import free_closed_codecs
from vidstyle.media.footage import Footage, FootageSource, open_footage
from vidstyle.media.image_sequence import ImageSequence
from vidstyle.media.info import VideoInfo
from vidstyle.media.parts import PartFolder
from vidstyle.options import DEFAULTS, StylizeOptions
from vidstyle.pipeline.pipeline import Branch, Pipeline
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import plan_name

# Measured with several styles at once: 160 MB each at 1080p, 40 MB at 360p.
STYLE_BYTES = 30_000_000  # network and threads of a style
FRAMES_HELD = 42  # of the output's size, by stylizer and encoder
USUAL_MEMORY_GB = 4.0  # where the system does not tell


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
            which is copied to a temporary file, as is a named pipe, or "-" for standard input. Or a
            folder of pictures or a name with a number, as "frame_%04d.png", of `options.fps`
            pictures a second.
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
        VidstyleError: a `SourceError`, `SinkError` or `StyleError`; no output is left behind, but
            the work folder.
        Cancelled: `cancel` was set; no output is left behind. The work folder of a film of over a
            minute, or with quality="full", stays, and the same call resumes from it.
        TypeError: an argument has the wrong type; the message names it.
        ValueError: the input is a file object or a pipe, and `output` is None.
    """
    check_arguments(options, StylizeOptions, output, progress=progress, cancel=cancel)
    path, stats = input_path(input), stats or Stats()
    if output is None:
        if path is None or is_pipe(path):
            raise ValueError("A video from a file object or pipe needs an output. Give its path.")
        output = default_output(path, options)
    rendition = Rendition(Path(output), options, stats)
    (result,) = _render(input, [rendition], Watch(stats, progress, cancel))
    assert isinstance(result, Result)
    return result


def stylize_video_in_styles(
    input: VideoInput, outputs: Mapping[Path, str | None], options: StylizeOptions, stats: Stats
) -> list[Result | Exception]:
    """Stylize a video file in several styles at once; it is decoded once, if memory allows.

    Args:
        input: as for `stylize_video`.
        outputs: style of each output path; all of the same suffix, none of them "-".
        options: of all outputs, apart from the style; of the fast quality.
        stats: receives counters and timings of the source and the first output.

    Returns:
        The results in the order of the outputs, and the exceptions of those that could not be
        finished: none stops the others.

    Raises:
        VidstyleError: as for `stylize_video`, of the first styles that are made at once;
            unfinished outputs are not left behind.
    """
    renditions = [
        Rendition(output, replace(options, style=style), Stats() if number else stats)
        for number, (output, style) in enumerate(outputs.items())
    ]
    watch = Watch(stats, None, None)
    with video_file(input, options.rate) as file:
        at_once = _styles_at_once(file, options, renditions[0].target)
        groups = [renditions[i : i + at_once] for i in range(0, len(renditions), at_once)]
        outcomes = _render(input, groups[0], watch, file)
        for group in groups[1:]:
            try:
                outcomes += _render(input, group, watch, file)
            except Exception as error:  # the outputs before are finished
                outcomes += [error for _ in group]
    return outcomes


def _styles_at_once(file: Footage, options: StylizeOptions, target: VideoOutput) -> int:
    """Number of styles that a video is stylized in at once, within half of the memory."""
    start_s, size = options.start, options.sized_wh
    with open_footage(file, Stats(), start_s=start_s, threads=1, size=size) as source:
        width, height = options.output_size_wh(source.info.width, source.info.height)
    frame_bytes = width * height * (3 if target.is_deep else 1.5)
    style_bytes = STYLE_BYTES + FRAMES_HELD * frame_bytes
    memory_bytes = (memory_gb() or USUAL_MEMORY_GB) * 1e9
    return max(1, int(memory_bytes / 2 / style_bytes))


def _render(
    input: VideoInput,
    renditions: Sequence[Rendition],
    watch: Watch,
    file: Footage | None = None,
) -> list[Result | Exception]:
    """Decode an input once, and stylize and write all its renditions; free all that it opened.

    Args:
        input: as it was given.
        renditions: at least one.
        watch: called by the calling thread all the time.
        file: from `video_file`, if the input is open already.

    Returns:
        The result of each rendition; of several, also the exceptions of their `finish`.
    """
    outcomes = _run(input, renditions, watch, file)
    free_closed_codecs()
    return outcomes


def _run(
    input: VideoInput, renditions: Sequence[Rendition], watch: Watch, file: Footage | None
) -> list[Result | Exception]:
    """Render; the codecs stay in memory until `free_closed_codecs`."""
    first, path = renditions[0], input_path(input)
    threads = _thread_plan(first.options, len(renditions))
    cv2.setNumThreads(threads.opencv)
    watch()
    with ExitStack() as opened:
        for each in renditions:
            opened.enter_context(each.target.claimed(path))
        if file is None:
            file = opened.enter_context(video_file(input, first.options.rate))
        transforms = [
            opened.enter_context(each.frame_transform(file, threads, watch)) for each in renditions
        ]
        source = opened.enter_context(_source(file, first, threads.decoder))
        parts = [
            opened.enter_context(
                each.part_folder(path, file, transform, source.info, threads.encoder)
            )
            for each, transform in zip(renditions, transforms, strict=True)
        ]
        frames = _missing_frames(source, renditions, parts, watch)
        sinks = list[VideoSink]()
        for each, folder in zip(renditions, parts, strict=True):
            sinks.append(each.sink(source.info, threads.encoder, folder))
            opened.enter_context(sinks[-1])
        Pipeline(frames, *map(Branch, map(ResumedTransform, transforms, parts), sinks)).run(watch)
        watch.report()
        sizes = _finished(sinks)
        damage, remarks = damage_of(source, first.stats), _remarks(file, source.info, first)
    return [  # after the block, which completes the sinks' warnings
        each.result(path, size, damage, remarks + sink.warnings) if isinstance(size, int) else size
        for each, sink, size in zip(renditions, sinks, sizes, strict=True)
    ]


def _finished(sinks: Sequence[VideoSink]) -> list[int | Exception]:
    """Finish every sink; return the sizes in bytes, and the exceptions of those that failed.

    Raises:
        Exception: of an only sink, so that the blocks that it is in keep their work.
    """
    if len(sinks) == 1:
        return [sinks[0].finish()]
    sizes = list[int | Exception]()
    for sink in sinks:
        try:
            sizes.append(sink.finish())
        except Exception as error:
            sizes.append(error)
    return sizes


def _thread_plan(options: StylizeOptions, renditions: int) -> ThreadPlan:
    """Threads of each rendition; on a cluster, the encoder has as many as on its workers."""
    cores = max(1, (options.threads or usable_cores()) // renditions)
    plan = ThreadPlan.for_cores(cores, options.every == 1)
    return replace(plan, encoder=ENCODER_THREADS) if options.parts_on_cluster else plan


def _source(file: Footage, first: Rendition, threads: int) -> FootageSource:
    """Open the source of all renditions; tell the first one's stats what to expect."""
    stats = first.stats
    source = first.reader(file, threads).open(stats)
    stats.expected_frames, stats.expected_s = source.info.expected_frames, expected_s(source.info)
    return source


def _missing_frames(
    source: FootageSource,
    renditions: Sequence[Rendition],
    parts: Sequence[PartFolder | None],
    watch: Watch,
) -> Iterable[Frame]:
    """Frames that the finished parts lack, after those of a cluster were made; all without parts.

    Raises:
        VidstyleError: as `make_parts`.
    """
    kept = [folder for folder in parts if folder is not None]
    if not kept:
        return source
    first = renditions[0]
    if first.options.parts_on_cluster:
        (folder,) = kept
        make_parts(folder, first.order(source.info, folder), first.stats, watch)
        return rest_of(source, folder)
    return resumed_frames(source, kept, [each.stats for each in renditions])


def _remarks(file: Footage, like: VideoInfo, first: Rendition) -> list[str]:
    """Remarks on the input that all renditions share."""
    notes = notes_on_sequence(file, first.options) if isinstance(file, ImageSequence) else []
    can_keep_hdr = first.target.can_keep_hdr
    return [*notes, *remarks_on(like, first.stats, first.options, can_keep_hdr=can_keep_hdr)]


def default_output(input: Path, options: StylizeOptions) -> Path:
    """Default output path: INPUT.STYLE.mp4 beside the input, or with another codec's suffix."""
    suffix = default_suffix(options.codec)
    ending = f".{plan_name(options.style_plan)}{suffix}"
    return input.with_name(short_name(result_stem(input), ending))
