"""One picture: a photo, or a look at a video before converting it."""

from dataclasses import replace
from pathlib import Path

from vidstyle.apps.optimized import load_optimizer
from vidstyle.apps.outputs import Result, check_target
from vidstyle.errors import SourceError
from vidstyle.frame import Picture
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.media.source import FileSource
from vidstyle.options import DEFAULTS, StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import style_name
from vidstyle.stylize.generator_pool import load_generator
from vidstyle.stylize.stylizer import Stylizer

PREVIEW_AT = 1 / 3  # of the way through: past titles, before credits


def stylize_photo(
    input: Path | str,
    output: Path | str | None = None,
    options: StylizeOptions = DEFAULTS,
    stats: Stats | None = None,
) -> Result:
    """Stylize one picture file.

    Args:
        input: JPEG, PNG, WebP, BMP or TIFF.
        output: likewise; beside the input, named after the style, if None.
        options: how; what concerns time has no effect.
        stats: pass one to read its clocks.

    Raises:
        VidstyleError: a `SourceError`, `SinkError` or `StyleError`; no output is left behind.
    """
    input = Path(input)
    style = style_name(options.style)
    output = Path(output) if output else input.with_name(f"{input.stem}.{style}{input.suffix}")
    check_target(input, output, options.overwrite)
    picture = Picture.from_rgb(read_photo(input))
    result = _paint(input, output, picture, options, stats or Stats())
    if options.quality == "full":
        result.warnings.extend(_reduction(picture, options))
    return result


def preview_video(
    input: Path | str,
    output: Path | str | None = None,
    options: StylizeOptions = DEFAULTS,
    stats: Stats | None = None,
) -> Result:
    """Stylize one frame of a video: the one at `options.start`, or a third of the way in.

    The full quality, which starts with the first scene, shows a sketch of its first frame.

    Raises:
        VidstyleError: a `SourceError`, `SinkError` or `StyleError`; no output is left behind.
    """
    input = Path(input)
    style = style_name(options.style)
    output = Path(output) if output else input.with_name(f"{input.stem}.{style}.png")
    check_target(input, output, options.overwrite)
    at_start = options.start > 0 or options.quality == "full"
    picture = _frame_at(input, options.start) if at_start else _typical_frame(input)
    return _paint(input, output, picture, options, stats or Stats())


def _reduction(picture: Picture, options: StylizeOptions) -> list[str]:
    """A word about a photo that is painted smaller than it is, to those who wait for the best."""
    width, height = options.working_size_wh(picture.width, picture.height)
    if (width, height) == (picture.width, picture.height):
        return []
    lines = min(picture.width, picture.height)
    return [f"painted at {width}x{height}; --max-height {lines} paints every pixel"]


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
    input: Path, output: Path, picture: Picture, options: StylizeOptions, stats: Stats
) -> Result:
    full = options.quality == "full"
    generator = load_optimizer(options) if full else load_generator(options.style)
    stylizer = Stylizer(generator, replace(options, every=1), stats)
    painted = stylizer.stylize_picture(picture)
    size = write_photo(output, painted.to_rgb())
    return Result(
        input=input,
        output=output,
        style=style_name(options.style),
        frames=1,
        keyframes=1,
        seconds=stats.elapsed_s,
        output_bytes=size,
        warnings=list(generator.remarks),
    )
