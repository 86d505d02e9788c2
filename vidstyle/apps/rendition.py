"""Rendition: one result of a video, from its options to the stages that make it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from vidstyle.apps.cluster import ENCODER_THREADS, PartOrder, check_suitable, part_rule
from vidstyle.apps.optimized_film import optimized_film
from vidstyle.apps.outputs import Result
from vidstyle.apps.progress import Watch
from vidstyle.apps.video_outputs import VideoFile, VideoSink, video_output
from vidstyle.apps.work import (
    PartedTransform,
    claimed_work_folder,
    is_long,
    open_parts,
    work_folder,
)
from vidstyle.hardware import ThreadPlan
from vidstyle.media.footage import Footage, FootageReader, open_footage
from vidstyle.media.image_sequence import ImageSequence
from vidstyle.media.info import VideoInfo
from vidstyle.media.parts import PartFolder, PartsByTime
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import plan_name
from vidstyle.stylize.painter_schedule import load_painters
from vidstyle.stylize.stylizer import VideoStylizer


class Rendition:
    """One result of an input: where it goes, how it looks, and the counters of its run."""

    def __init__(self, output: Path, options: StylizeOptions, stats: Stats) -> None:
        """Choose the kind of output that the name and the options ask for.

        Args:
            output: path to write.
            options: of this result.
            stats: receives counters and timings of the run.

        Raises:
            VidstyleError: as `video_output`.
        """
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

    @contextmanager
    def frame_transform(
        self, file: Footage, threads: ThreadPlan, watch: Watch
    ) -> Iterator[PartedTransform]:
        """Open the pipeline's stylizer for the quality that the options ask for.

        Args:
            file: the input.
            threads: of the conversion.
            watch: called by the calling thread while a film is optimized.

        Raises:
            VidstyleError: a style, the encoder or, in full quality, the input cannot be used.
        """
        if self.options.quality == "full":
            self._check_encodes(file)  # before hours of work
            reader = self.reader(file, threads.decoder)
            with optimized_film(reader, self.output, self.options, self.stats, watch) as film:
                yield film
        else:
            options = self.options
            painters = load_painters(options.style_plan, options.start, options.provider)
            yield VideoStylizer(painters, options, self.stats, threads.painters)

    @contextmanager
    def part_folder(
        self,
        path: Path | None,
        file: Footage,
        transform: PartedTransform,
        like: VideoInfo,
        threads: int,
    ) -> Iterator[PartFolder | None]:
        """Open the parts of the result; None if it is short, or cannot be resumed.

        Args:
            path: of the input, as it was given.
            file: the input.
            transform: of the result.
            like: properties of the input.
            threads: of the encoder.

        Raises:
            VidstyleError: the work folder cannot be used, or the result not be divided among the
                machines of a cluster.
        """
        options, target = self.options, self.target
        if options.parts_on_cluster:
            check_suitable(file, path, target, like)
            assert isinstance(target, VideoFile)
            encoding = target.encoding(like, ENCODER_THREADS)
            assert encoding is not None
            with claimed_work_folder(self.output, options) as work:
                yield open_parts(file, work, options, encoding, part_rule(), independent=True)
            return
        is_kept = isinstance(file, ImageSequence) or file == path  # no copy of a pipe
        is_wanted = options.resume and is_kept and is_long(like)
        encoding = target.encoding(like, threads) if isinstance(target, VideoFile) else None
        if not is_wanted or encoding is None:
            yield None
            return
        with ExitStack() as claimed:
            work = work_folder(self.output, options)
            if options.quality == "fast":  # the full quality has claimed it
                claimed.enter_context(claimed_work_folder(self.output, options))
            rule = transform.part_rule(like.rate)
            yield open_parts(file, work, transform.options, encoding, rule)

    def result(
        self, input: Path | None, size: int, damage: list[str], warnings: list[str]
    ) -> Result:
        """Result with the counters so far.

        Args:
            input: path of the input; None for inputs that are not paths.
            size: of the output, in bytes.
            damage: messages on parts of the input that could not be read.
            warnings: notes for the user.
        """
        return Result(
            input=input,
            output=self.output,
            style=plan_name(self.options.style_plan),
            frames=self.stats["frames"],
            keyframes=self.stats["keyframes"],
            seconds=self.stats.elapsed_s,
            output_bytes=size,
            damage=damage,
            warnings=warnings,
        )

    def _check_encodes(self, file: Footage) -> None:
        options = self.options
        with open_footage(
            file, Stats(), start_s=options.start, threads=1, size=options.sized_wh
        ) as source:
            size_wh = options.output_size_wh(source.info.width, source.info.height)
            self.target.check_size(*size_wh)
