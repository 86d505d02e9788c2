"""Image conversion: a photo, or a single frame of a video as a preview."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from vidstyle.apps.arguments import check_arguments
from vidstyle.apps.arrays import Unpacked, is_transparent, unpack
from vidstyle.apps.inputs import (
    InputImage,
    PhotoInput,
    VideoInput,
    input_path,
    read_image,
    result_stem,
    video_file,
)
from vidstyle.apps.optimized import load_optimizer
from vidstyle.apps.outputs import Result, claimed_target
from vidstyle.errors import ELSEWHERE, Note, OptionError, SourceError
from vidstyle.frame import Picture
from vidstyle.media.atomic import short_name
from vidstyle.media.footage import Footage, open_footage
from vidstyle.media.image_file import (
    check_photo_name,
    check_photo_size,
    result_suffix,
    storable_metadata,
    stores_alpha,
    write_result,
)
from vidstyle.media.image_metadata import NAMES, NO_METADATA, Metadata
from vidstyle.options import DEFAULTS, VIDEO_LINES, Look, StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import plan_name, style_name
from vidstyle.stylize.generator_pool import load_generator
from vidstyle.stylize.stylizer import stylize_picture

PREVIEW_POSITION = 1 / 3  # of the duration: past titles, before credits


def stylize_photo(
    input: PhotoInput,
    output: Path | str | None = None,
    options: StylizeOptions = DEFAULTS,
    stats: Stats | None = None,
) -> Result:
    """Stylize one picture.

    With `output` None, the result of a path is written beside the input, named after the style; a
    result of any other input is not written, but is `Result.image`: HxWx3 uint8 RGB, or HxWx4 with
    the input's alpha channel. Written pictures keep it in PNG, WebP and TIFF, else transparent
    parts become white, which is said.

    Threads: callable from any thread.

    Args:
        input: path of a JPEG, PNG, WebP, AVIF, BMP, TIFF or, with the extra `heif`, HEIC, or a
            binary file object with one, upright by its EXIF orientation; an array, HxWx3 or HxWx4
            uint8 RGB, HxW or HxWx1 gray; or a PIL image of 8 bits, not rotated.
        output: path of the result; its suffix decides the format.
        options: style, working size and composition; settings of time or video have no effect.
        stats: receives counters and timings of the run, for benchmarks.

    Raises:
        VidstyleError: a `SourceError`, `SinkError` or `StyleError`; no output is left behind.
        TypeError: an argument has the wrong type, an array is not uint8, or a PIL image has more
            than 8 bits.
        ValueError: the array has another shape, or no pixels.
    """
    check_arguments(options, StylizeOptions, output)
    if not options.style_plan.is_single:
        raise OptionError("A photo has one style, not several.", "style", "style_per_scene")
    path, style = input_path(input), style_name(options.style)
    if output is None and path is not None:
        output = path.with_name(short_name(path.stem, f".{style}{result_suffix(path.suffix)}"))
    with _locked_output(path, output, options.overwrite) as target:
        image = read_image(input)
        keeps_alpha = not options.compare and (target is None or stores_alpha(target))
        unpacked = unpack(image.array, keep_alpha=keeps_alpha)
        result = _paint(path, target, unpacked, options, stats or Stats(), image.metadata)
    if is_transparent(image.array) and not keeps_alpha:
        note = "transparent parts became white"
        note = note if options.compare else Note(f"{note}; .png keeps them", ELSEWHERE)
        result.warnings.append(note)
    result.warnings.extend(_losses(image, target))
    if options.quality == "full":
        result.warnings.extend(_reduction(unpacked.picture, options))
    return result


def preview_video(
    input: VideoInput,
    output: Path | str | None = None,
    options: StylizeOptions = DEFAULTS,
    stats: Stats | None = None,
) -> Result:
    """Stylize one frame of a video: the one at `options.start`, or at a third of the duration.

    Of styles over time, its style is the one that has begun last; of styles in turn the first.

    With quality="full" it is a sketch of the frame at `options.start`, also at 0. With `output`
    None, the result of a path is written beside the input as PNG; the result of a file object is
    not written, but is `Result.image`, HxWx3 uint8 RGB.

    Threads: callable from any thread.

    Args:
        input: path of a video, or a binary file object with one, which is copied to a temporary
            file.
        output: path of the result; its suffix decides the format.
        options: style, sizes, composition, and `start`.
        stats: receives counters and timings of the run, for benchmarks.

    Raises:
        VidstyleError: a `SourceError`, `SinkError` or `StyleError`; no output is left behind.
        TypeError: an argument has the wrong type; the message names it.
    """
    check_arguments(options, StylizeOptions, output)
    path, plan = input_path(input), options.style_plan
    if output is None and path is not None:
        output = path.with_name(short_name(result_stem(path), f".{plan_name(plan)}.png"))
    at_start = options.start > 0 or options.quality == "full"
    with _locked_output(path, output, options.overwrite) as target:
        with video_file(input, options.rate) as file:
            time_s, picture = (
                (options.start, _frame_at(file, options.start))
                if at_start
                else _typical_frame(file)
            )
            picture = picture.resized(*options.sized_wh(picture.width, picture.height))
        look = replace(options, style=plan.style_at(time_s), style_per_scene=None)
        return _paint(path, target, Unpacked(picture), look, stats or Stats(), coarse=True)


@contextmanager
def _locked_output(
    input: Path | None, output: Path | str | None, overwrite: bool
) -> Iterator[Path | None]:
    """Lock the output and yield its path; yield None where nothing is to be written."""
    if output is None:
        yield None
        return
    with claimed_target(input, Path(output), overwrite):
        yield Path(output)


def _losses(image: InputImage, output: Path | None) -> list[str]:
    """Notes on what the result does not show of the input's file."""
    notes = list[str]()
    if image.hdr:
        notes.append(f"the input is HDR ({image.hdr}): it was tone-mapped to SDR, BT.709")
    if image.animated:
        text = "only the first picture of the file was painted; animations are converted as videos"
        notes.append(Note(text, {"command": "convert"}))
    if output is not None:
        lost = image.metadata.keys() - storable_metadata(output, image.metadata).keys()
        names = ", ".join(name for kind, name in NAMES.items() if kind in lost)
        if names:
            notes.append(Note(f"left out: {names} of the photo; .png keeps them", ELSEWHERE))
    return notes


def _reduction(picture: Picture, look: Look) -> list[str]:
    """Note for the full quality if the picture was painted at less than its own size."""
    width, height = look.working_size_wh(picture.width, picture.height)
    if (width, height) == (picture.width, picture.height):
        return []
    lines = min(picture.width, picture.height)
    return [
        Note(f"painted at {width}x{height}; {lines} lines paint every pixel", {"max_height": lines})
    ]


def _typical_frame(input: Footage) -> tuple[float, Picture]:
    """Frame at `PREVIEW_POSITION` and its time; the first one of a short or truncated video."""
    with open_footage(input, Stats()) as source:
        first, length_s = next(iter(source)).picture, source.info.duration_s or 0.0
    try:
        time_s = length_s * PREVIEW_POSITION
        return time_s, _frame_at(input, time_s)
    except SourceError:  # too short or truncated
        return 0.0, first


def _frame_at(input: Footage, time_s: float) -> Picture:
    with open_footage(input, Stats(), start_s=time_s) as source:
        return next(iter(source)).picture


def _paint(
    input: Path | None,
    output: Path | None,
    unpacked: Unpacked,
    options: StylizeOptions,
    stats: Stats,
    metadata: Metadata = NO_METADATA,
    coarse: bool = False,
) -> Result:
    if output is not None:
        check_photo_name(output)
    full = options.quality == "full"
    generator = (
        load_optimizer(options, options.threads, coarse, options.device)
        if full
        else load_generator(options.style, provider=options.provider)
    )
    lines = VIDEO_LINES if full or coarse else round(generator.stroke_lines)
    if output is not None:
        size_wh = (unpacked.picture.width, unpacked.picture.height)
        check_photo_size(output, *options.output_size_wh(*size_wh, lines))
    painted = stylize_picture(unpacked.picture, generator, options, stats, lines)
    image = unpacked.packed(painted)
    size = 0 if output is None else write_result(output, image, metadata, replace=options.overwrite)
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
