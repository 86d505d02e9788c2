"""Video conversion: a video file stylized to a video file, by generator or optimizer."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import cv2

from vidstyle.apps.arguments import check_arguments
from vidstyle.apps.cluster import (
    ENCODER_THREADS,
    PartOrder,
    check_suitable,
    make_parts,
    part_rule,
    rest_of,
)
from vidstyle.apps.inputs import VideoInput, input_path, is_pipe, result_stem, video_file
from vidstyle.apps.optimized_film import optimized_film
from vidstyle.apps.outputs import Result
from vidstyle.apps.progress import VideoProgress, Watch
from vidstyle.apps.remarks import damage_of, notes_on_sequence, remarks_on
from vidstyle.apps.video_outputs import VideoFile, VideoOutput, VideoSink, video_output
from vidstyle.apps.work import (
    PartedTransform,
    ResumedTransform,
    claimed_work_folder,
    expected_s,
    is_long,
    open_parts,
    resumed_frames,
    work_folder,
)
from vidstyle.frame import Frame
from vidstyle.hardware import ThreadPlan, memory_gb, usable_cores
from vidstyle.media.atomic import short_name
from vidstyle.media.codecs import default_suffix
from vidstyle.media.demux import free_closed_codecs
from vidstyle.media.footage import Footage, FootageReader, FootageSource, open_footage
from vidstyle.media.image_sequence import ImageSequence
from vidstyle.media.info import VideoInfo
from vidstyle.media.parts import PartFolder, PartsByTime
from vidstyle.options import DEFAULTS, StylizeOptions
from vidstyle.pipeline.pipeline import Branch, Pipeline
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import plan_name
from vidstyle.stylize.painter_schedule import load_painters
from vidstyle.stylize.stylizer import VideoStylizer

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
    rendition = _Rendition(Path(output), options, stats)
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
        _Rendition(output, replace(options, style=style), Stats() if number else stats)
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


class _Rendition:
    """One result of an input: where it goes, how it looks, and the counters of its run."""

    def __init__(self, output: Path, options: StylizeOptions, stats: Stats) -> None:
        self.output, self.options, self.stats = output, options, stats
        self.target = video_output(output, options)
        self.keep_alpha = not options.compare and self.target.keeps_alpha

    def reader(self, file: Footage, threads: int) -> FootageReader:
        """Reader of the input with so many threads of the decoder."""
        return FootageReader(file, self.options, threads, self.keep_alpha, self.target.is_deep)

    def sink(self, like: VideoInfo, threads: int, parts: PartFolder | None) -> VideoSink:
        """Create the sink; see `VideoOutput.sink`."""
        if parts is None:
            return self.target.sink(like, self.stats, threads)
        assert isinstance(self.target, VideoFile)
        return self.target.parted_sink(like, self.stats, threads, parts)

    def order(self, like: VideoInfo, parts: PartFolder) -> PartOrder:
        """Order for the workers of a cluster; arguments as of `VideoOutput.sink`."""
        assert isinstance(self.target, VideoFile) and isinstance(parts.rule, PartsByTime)
        info, encoder = self.target.for_input(like)
        return PartOrder(
            input=str(like.path),
            options=self.options,
            run=parts.run,
            rule=parts.rule,
            info=info,
            encoder=encoder,
            suffix=self.output.suffix,
            keep_alpha=self.keep_alpha,
            is_deep=self.target.is_deep,
        )


def _render(
    input: VideoInput,
    renditions: Sequence[_Rendition],
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
    input: VideoInput, renditions: Sequence[_Rendition], watch: Watch, file: Footage | None
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
            opened.enter_context(_frame_transform(file, each, threads, watch))
            for each in renditions
        ]
        source = opened.enter_context(_source(file, first, threads.decoder))
        parts = [
            opened.enter_context(_parts(path, file, each, transform, source.info, threads.encoder))
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
        _result(path, each, size, damage, remarks + sink.warnings)
        if isinstance(size, int)
        else size
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


def _source(file: Footage, first: _Rendition, threads: int) -> FootageSource:
    """Open the source of all renditions; tell the first one's stats what to expect."""
    stats = first.stats
    source = first.reader(file, threads).open(stats)
    stats.expected_frames, stats.expected_s = source.info.expected_frames, expected_s(source.info)
    return source


def _missing_frames(
    source: FootageSource,
    renditions: Sequence[_Rendition],
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


@contextmanager
def _parts(
    path: Path | None,
    file: Footage,
    rendition: _Rendition,
    transform: PartedTransform,
    like: VideoInfo,
    threads: int,
) -> Iterator[PartFolder | None]:
    """Open the parts of a rendition; None if it is short, or cannot be resumed."""
    options, target = rendition.options, rendition.target
    if options.parts_on_cluster:
        check_suitable(file, path, target, like)
        assert isinstance(target, VideoFile)
        encoding = target.encoding(like, ENCODER_THREADS)
        assert encoding is not None
        with claimed_work_folder(rendition.output, options) as work:
            yield open_parts(file, work, options, encoding, part_rule(), independent=True)
        return
    is_kept = isinstance(file, ImageSequence) or file == path  # no copy of a pipe
    is_wanted = options.resume and is_kept and is_long(like)
    encoding = target.encoding(like, threads) if isinstance(target, VideoFile) else None
    if not is_wanted or encoding is None:
        yield None
        return
    with ExitStack() as claimed:
        work = work_folder(rendition.output, options)
        if options.quality == "fast":  # the full quality has claimed it
            claimed.enter_context(claimed_work_folder(rendition.output, options))
        rule = transform.part_rule(like.rate)
        yield open_parts(file, work, transform.options, encoding, rule)


def _remarks(file: Footage, like: VideoInfo, first: _Rendition) -> list[str]:
    """Remarks on the input that all renditions share."""
    notes = notes_on_sequence(file, first.options) if isinstance(file, ImageSequence) else []
    can_keep_hdr = first.target.can_keep_hdr
    return [*notes, *remarks_on(like, first.stats, first.options, can_keep_hdr=can_keep_hdr)]


def _result(
    input: Path | None,
    rendition: _Rendition,
    size: int,
    damage: list[str],
    warnings: list[str],
) -> Result:
    stats = rendition.stats
    return Result(
        input=input,
        output=rendition.output,
        style=plan_name(rendition.options.style_plan),
        frames=stats["frames"],
        keyframes=stats["keyframes"],
        seconds=stats.elapsed_s,
        output_bytes=size,
        damage=damage,
        warnings=warnings,
    )


@contextmanager
def _frame_transform(
    input: Footage, rendition: _Rendition, threads: ThreadPlan, watch: Watch
) -> Iterator[PartedTransform]:
    """Open the pipeline's stylizer for the quality that the options ask for."""
    output, options, stats = rendition.output, rendition.options, rendition.stats
    if options.quality == "full":
        _check_encodes(input, rendition.target, options)  # before hours of work
        reader = rendition.reader(input, threads.decoder)
        with optimized_film(reader, output, options, stats, watch) as film:
            yield film
    else:
        painters = load_painters(options.style_plan, options.start, options.provider)
        yield VideoStylizer(painters, options, stats, threads.painters)


def _check_encodes(input: Footage, target: VideoOutput, options: StylizeOptions) -> None:
    with open_footage(
        input, Stats(), start_s=options.start, threads=1, size=options.sized_wh
    ) as source:
        target.check_size(*options.output_size_wh(source.info.width, source.info.height))


def default_output(input: Path, options: StylizeOptions) -> Path:
    """Default output path: INPUT.STYLE.mp4 beside the input, or with another codec's suffix."""
    suffix = default_suffix(options.codec)
    ending = f".{plan_name(options.style_plan)}{suffix}"
    return input.with_name(short_name(result_stem(input), ending))
