"""Style specification: parser of the `style` setting, one style or a weighted mix.

Parses the notation only; the catalog of styles is in `stylize/catalog.py`.
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from vidstyle.errors import OptionError

EXAMPLE = "great-wave:0.6,udnie:0.4"


@runtime_checkable
class StyleEntry(Protocol):
    """Catalog entry of a style, which stands for its name; the class is in `stylize/catalog.py`."""

    @property
    def name(self) -> str:
        """Name of the style."""

    @property
    def size_class(self) -> str:
        """Size class of its generator file, as "55k"."""


class StyleShare(NamedTuple):
    """One style of a mix and its weight."""

    style: str | None  # name, path of an .onnx or image file, or None for the default style
    weight: float  # over 0; the weights of a mix add up to 1 once parsed


def style_text(style: object) -> str | None:
    """Return the text of a `style` setting: that of a path, or the name of a catalog entry.

    Raises:
        TypeError: it is neither text, nor one of these, nor None.
    """
    if isinstance(style, os.PathLike):
        style = os.fspath(style)
    elif isinstance(style, StyleEntry):
        style = style.name
    if style is None or isinstance(style, str):
        return style
    raise TypeError(f"style must be a name, a path or a mix, not {type(style).__name__}.")


def style_shares(style: str | None) -> list[StyleShare]:
    """Parse one style, or a mix such as "great-wave:0.6,udnie:0.4".

    Weights of any sum are divided by it. A colon separates a weight only before a number, so the
    path C:\\ink.onnx is one style. A path may contain commas, but not inside a mix.

    Raises:
        OptionError: an invalid mix; the message names the mistake and shows a valid mix.
    """
    if style is None:
        return [StyleShare(None, 1.0)]
    pieces = [_share(piece.strip()) for piece in style.split(",")]
    if all(math.isnan(piece.weight) for piece in pieces) and (
        len(pieces) == 1 or Path(style).suffix
    ):
        return [StyleShare(style, 1.0)]
    problem = _problem(pieces)
    if problem:
        raise OptionError(
            f'style "{style}": {problem}. A mix looks like this: "{EXAMPLE}".', "style"
        )
    total = sum(piece.weight for piece in pieces)
    return [StyleShare(piece.style, piece.weight / total) for piece in pieces]


def mix_text(shares: Sequence[StyleShare]) -> str:
    """Write a mix so that `style_shares` reads it; no share may be the default style."""
    return ",".join(f"{share.style}:{share.weight:.6g}" for share in shares)


def _share(piece: str) -> StyleShare:
    """Split "wave:0.6" into style and weight; without a weight, the weight is NaN."""
    style, _, weight = piece.rpartition(":")
    try:
        return StyleShare(style.strip(), float(weight)) if style else StyleShare(piece, math.nan)
    except ValueError:
        return StyleShare(piece, math.nan)


def _problem(pieces: Sequence[StyleShare]) -> str | None:
    """Return the first mistake in a mix, for the error message; None if it is valid."""
    files = [Path(style or "") for style, _ in pieces]  # ./a.onnx is a.onnx
    for style, weight in pieces:
        if math.isnan(weight):
            return f'"{style}" has no weight'
        if not 0 < weight < math.inf:
            return f'the weight of "{style}" is {weight:g}, not a number over 0'
        if files.count(Path(style or "")) > 1:
            return f'"{style}" is named more than once'
    if len(pieces) < 2:
        return "a mix takes at least two styles"
    return None
