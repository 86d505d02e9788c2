"""Full quality (`--quality full`): pictures and films painted by optimization.

Modules with PyTorch are imported inside functions, so that the fast quality runs without them.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vidstyle.errors import MissingExtraError, StyleError
from vidstyle.extras import install_hint
from vidstyle.frame import RGBImage
from vidstyle.media.style_image import read_painting
from vidstyle.options import AUTO, Look
from vidstyle.style_plan import StylePlan
from vidstyle.style_spec import style_shares
from vidstyle.stylize.catalog import find_painting
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.generator_pool import load_generator
from vidstyle.stylize.painting_look import FINISH
from vidstyle.stylize.painting_style import is_picture

if TYPE_CHECKING:
    from vidstyle.optimize.generator import OptimizingGenerator

# Least share of the photo's own chroma; chosen blind, docs/experiments.md.
OWN_CHROMA = 0.5


def check_painting(plan: StylePlan) -> None:
    """Check before any work that the one style of a plan names a painting.

    Raises:
        StyleError: as `painting_of`.
        SourceError: likewise.
    """
    painting_of(plan)


def painting_of(plan: StylePlan) -> RGBImage:
    """Read the painting of a plan with one style as HxWx3 uint8 RGB.

    Args:
        plan: path of a picture file, name of a shipped style, or None for the default style.

    Raises:
        StyleError: the style is a mix, a generator, unknown, or its picture no usable painting; or
            there are several.
        SourceError: the file is missing, unreadable or not a picture.
    """
    style = plan.changes[0].style
    if not plan.is_single or len(style_shares(style)) > 1:
        several = "a mix" if plan.is_single else "several in turn"
        raise StyleError(
            f"The full quality works from one painting, not from {several}.",
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
    look: Look, threads: int | None = None, coarse: bool = False, device: str = AUTO
) -> "OptimizingGenerator":
    """Load the optimizer of a single picture, as an image generator.

    Args:
        look: style, feature network, and time budget, which includes the loading of PyTorch.
        threads: CPU cores to use; None for all.
        coarse: stop after a sketch.
        device: where PyTorch computes: "auto", "cpu", "cuda" or "mps".

    Raises:
        MissingExtraError: PyTorch is not installed.
        OptionError: the device is missing.
        VidstyleError: the painting or the weights of the feature network cannot be used.
    """
    started = time.monotonic()  # loading PyTorch is part of the time budget
    painting = painting_of(look.style_plan)
    with offline_extra():
        from vidstyle.optimize.generator import OptimizingGenerator, open_optimizer
    optimizer = open_optimizer(
        painting, look.features, look.feature_weights, threads, *delivery(look.style_plan), device
    )
    seconds = look.time_budget_s
    if seconds is not None:
        seconds = max(0.0, seconds - (time.monotonic() - started))
    return OptimizingGenerator(optimizer, seconds, coarse=coarse)


def delivery(plan: StylePlan) -> tuple[Finish, float]:
    """Finish and share of the photo's own chroma: those of the fast quality's style, or more."""
    style = plan.changes[0].style
    if is_picture(style):
        return FINISH, OWN_CHROMA
    generator = load_generator(style)
    return generator.finish, max(generator.own_chroma, OWN_CHROMA)


@contextmanager
def offline_extra() -> Iterator[None]:
    """Raise a missing module as `MissingExtraError`."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"The full quality needs the package {error.name}. Install the extra: "
            f"{install_hint('offline')}."
        ) from error
