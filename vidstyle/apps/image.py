"""One picture: a photo, or a look at a video before converting it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from vidstyle.apps.arrays import Unpacked, unpack
from vidstyle.apps.inputs import PhotoInput, VideoInput, input_path, read_image, video_file
from vidstyle.apps.optimized import load_optimizer
from vidstyle.apps.outputs import Result, claimed_target
from vidstyle.errors import Note, SourceError
from vidstyle.frame import Picture
from vidstyle.media.image_file import write_photo
from vidstyle.media.source import FileSource
from vidstyle.options import DEFAULTS, Look, StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import style_name
from vidstyle.stylize.generator_pool import load_generator
from vidstyle.stylize.stylizer import stylize_picture

PREVIEW_AT = 1 / 3  # of the way through: past titles, before credits


def stylize_photo(
    input: PhotoInput,
    output: Path | str | None = None,
    options: StylizeOptions = DEFAULTS,
    stats: Stats | None = None,
) -> Result:
    """Stylize one picture.

    A path without an output is written beside the input, named after the style. Anything else
    without an output is not written: the picture is `Result.image`, HxWx3 uint8 RGB, or HxWx4
    with the input's alpha channel. Pictures that are written have no alpha channel.

    Args:
        input: path of a JPEG, PNG, WebP, BMP or TIFF, or a binary file object with one, upright
            as its EXIF data say; an array, HxWx3 or HxWx4 uint8 RGB, HxW or HxWx1 gray; or a PIL
            image of 8 bits, its pixels as they lie.
        output: path of a picture, its format by the suffix.
        options: how; settings that concern time or video have no effect.
        stats: counters and clocks of the run, for benchmarks.

    Raises:
        VidstyleError: a `SourceError`, `SinkError` or `StyleError`; no output is left behind.
        TypeError: the input is of another kind, or an array not of uint8.
        ValueError: an array of another shape, or without pixels.
    """
    path, style = input_path(input), style_name(options.style)
    if output is None and path is not None:
        output = path.with_name(f"{path.stem}.{style}{path.suffix}")
    with _claimed(path, output, options.overwrite) as target:
        unpacked = unpack(read_image(input))
        result = _paint(path, target, unpacked, options, stats or Stats())
    if options.quality == "full":
        result.warnings.extend(_reduction(unpacked.picture, options))
    return result


def preview_video(
    input: VideoInput,
    output: Path | str | None = None,
    options: StylizeOptions = DEFAULTS,
    stats: Stats | None = None,
) -> Result:
    """Stylize one frame of a video: the one at `options.start`, or a third of the way in.

    The full quality, which starts with the first scene, shows a sketch of its first frame.
    A path without an output is written beside the input as PNG; a file object without an output
    is not written, and the picture is `Result.image`, HxWx3 uint8 RGB.

    Args:
        input: path of a video, or a binary file object with one, which is copied to a temporary
            file.
        output: path of a picture, its format by the suffix.
        options: how.
        stats: counters and clocks of the run, for benchmarks.

    Raises:
        VidstyleError: a `SourceError`, `SinkError` or `StyleError`; no output is left behind.
        TypeError: the input is of another kind.
    """
    path, style = input_path(input), style_name(options.style)
    if output is None and path is not None:
        output = path.with_name(f"{path.stem}.{style}.png")
    at_start = options.start > 0 or options.quality == "full"
    with _claimed(path, output, options.overwrite) as target:
        with video_file(input) as file:
            picture = _frame_at(file, options.start) if at_start else _typical_frame(file)
        return _paint(path, target, Unpacked(picture), options, stats or Stats(), coarse=True)


@contextmanager
def _claimed(
    input: Path | None, output: Path | str | None, overwrite: bool
) -> Iterator[Path | None]:
    """Lock the file that the picture goes to, if there is to be one, and yield it."""
    if output is None:
        yield None
        return
    with claimed_target(input, Path(output), overwrite):
        yield Path(output)


def _reduction(picture: Picture, look: Look) -> list[str]:
    """A word about a photo that is painted smaller than it is, to those who wait for the best."""
    width, height = look.working_size_wh(picture.width, picture.height)
    if (width, height) == (picture.width, picture.height):
        return []
    lines = min(picture.width, picture.height)
    return [
        Note(f"painted at {width}x{height}; {lines} lines paint every pixel", {"max_height": lines})
    ]


def _typical_frame(input: Path) -> Picture:
    with FileSource(input, Stats()) as source:
        first, length_s = next(iter(source)).picture, source.info.duration_s or 0.0
    try:
        return _frame_at(input, length_s * PREVIEW_AT)
    except SourceError:  # too short, or cut off before
        return first


def _frame_at(input: Path, time_s: float) -> Picture:
    with FileSource(input, Stats(), start_s=time_s) as source:
        return next(iter(source)).picture


def _paint(
    input: Path | None,
    output: Path | None,
    unpacked: Unpacked,
    options: StylizeOptions,
    stats: Stats,
    coarse: bool = False,
) -> Result:
    full = options.quality == "full"
    generator = (
        load_optimizer(options, options.threads, coarse) if full else load_generator(options.style)
    )
    painted = stylize_picture(unpacked.picture, generator, options, stats)
    if options.compare or output is not None:
        unpacked = replace(unpacked, alpha=None)
    image = unpacked.packed(painted)
    size = 0 if output is None else write_photo(output, image, replace=options.overwrite)
    return Result(
        input=input,
        output=output,
        style=style_name(options.style),
        frames=1,
        keyframes=1,
        output_bytes=size,
        seconds=stats.elapsed_s,
        warnings=list(generator.remarks),
        image=image if output is None else None,
    )
