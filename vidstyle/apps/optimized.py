"""The best picture there is, for those who wait: `--quality full`.

Everything with PyTorch is imported inside functions, so that the fast mode never meets it.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidstyle.errors import MissingExtraError, StyleError
from vidstyle.extras import install_hint
from vidstyle.frame import RGBImage
from vidstyle.media.source import FileSource
from vidstyle.media.style_image import read_painting
from vidstyle.options import Look, StylizeOptions
from vidstyle.stats import Stats
from vidstyle.style_spec import style_shares
from vidstyle.stylize.catalog import find_painting

if TYPE_CHECKING:
    from vidstyle.optimize.film import Film
    from vidstyle.optimize.generator import OptimizingGenerator

# The settings that decide what a keyframe's painting looks like.
PAINTED_BY = (
    "features", "feature_weights", "every", "scale", "max_height", "start", "end", "time_budget",
)  # fmt: skip


def check_painting(style: str | None) -> None:
    """Find out before any work whether the style is a painting that can be worked from.

    Raises:
        StyleError: it is no picture file, or not one of a painting.
        SourceError: the file is missing or cannot be read.
    """
    painting_of(style)


def painting_of(style: str | None) -> RGBImage:
    """Read the painting that a style's words name, HxWx3 uint8 RGB: a file's, or a shipped one.

    Raises:
        StyleError: it is no style's name and no picture file, or not one of a painting.
        SourceError: the file is missing or cannot be read.
    """
    if len(style_shares(style)) > 1:
        raise StyleError(
            "The full quality works from one painting, not from a mix.",
            {"style": ...},
            {"quality": "fast"},
        )
    if style is not None and style.endswith(".onnx"):
        raise StyleError(
            f"{style} is a generator. The full quality works from a painting's picture.",
            {"style": "painting.jpg"},
            {"quality": "fast"},
        )
    if style is not None and (Path(style).suffix or Path(style).is_file()):
        return read_painting(Path(style))
    return read_painting(find_painting(style))


def load_optimizer(
    look: Look, threads: int | None = None, coarse: bool = False
) -> "OptimizingGenerator":
    """The optimizer of one picture, as a generator; if `coarse`, it only makes a sketch.

    Raises:
        MissingExtraError: PyTorch is not installed.
        VidstyleError: the painting or the features are of no use.
    """
    started = time.monotonic()  # loading PyTorch is part of the time budget
    painting = painting_of(look.style)
    with _extra():
        from vidstyle.optimize.generator import OptimizingGenerator, open_optimizer
    optimizer = open_optimizer(painting, look.features, look.feature_weights, threads)
    seconds = look.time_budget_s
    if seconds is not None:
        seconds = max(0.0, seconds - (time.monotonic() - started))
    return OptimizingGenerator(optimizer, seconds, coarse=coarse)


@contextmanager
def optimized_film(
    input: Path,
    output: Path,
    options: StylizeOptions,
    stats: Stats,
    threads: int,
    watch: Callable[[], None],
) -> Iterator["Film"]:
    """Optimize the keyframes of a film; what comes of it turns its frames into painted ones.

    Everything is kept in OUTPUT.work, so that the same call goes on after an interruption. A
    block that is left without an error deletes it. `watch` is called after each painting and
    while scenes are found; what it raises ends the work.

    Raises:
        MissingExtraError: PyTorch or PySceneDetect is not installed.
        VidstyleError: the painting, the features, the input or the work folder are of no use.
    """
    painting = painting_of(options.style)
    with FileSource(input, Stats(), start_s=options.start, end_s=options.end):
        pass  # says what is wrong with the input before anything is made
    with _extra():
        from vidstyle.optimize.film import Film
        from vidstyle.optimize.generator import open_optimizer
        from vidstyle.optimize.work_folder import WorkFolder
    work = WorkFolder(work_folder(output), _manifest(input, painting, options))
    optimizer = open_optimizer(painting, options.features, options.feature_weights, options.threads)
    film = Film(input, optimizer, options, work, stats, threads, watch)
    film.paint()
    yield film
    film.clean_up()


def work_folder(output: Path) -> Path:
    """Where the unfinished work on an output lies."""
    return output.with_name(f"{output.name}.work")


def _manifest(input: Path, painting: RGBImage, options: StylizeOptions) -> dict[str, Any]:
    """What the paintings in a work folder depend on."""
    with input.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return {
        "input": digest,
        "painting": hashlib.sha256(painting.tobytes()).hexdigest(),
        "settings": {name: getattr(options, name) for name in PAINTED_BY},
    }


@contextmanager
def _extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"The full quality needs the package {error.name}. Install the extra: "
            f"{install_hint('offline')}."
        ) from error
