"""What the words of the setting `style` ask for: one style, or a mix of several.

Knows how a mix is written, not which styles there are.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from vidstyle.errors import OptionError

TOLERANCE = 0.001  # of the weights' sum: three times 0.333 will do
EXAMPLE = "wave:0.6,ink:0.4"


class StyleShare(NamedTuple):
    """A style and how much of it goes into the painting."""

    style: str | None  # a name, the path of an .onnx or picture file, or None for the default
    weight: float  # over 0; those of a mix add up to 1


def style_shares(style: str | None) -> list[StyleShare]:
    """Read one style, or a mix such as "wave:0.6,ink:0.4".

    A colon counts only before a number, so the path C:\\ink.onnx is one style. A path may hold
    commas, but not inside a mix.

    Raises:
        OptionError: a mix that is none; the message says why and shows one.
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
        raise OptionError(f'--style "{style}": {problem}. A mix looks like this: "{EXAMPLE}".')
    total = sum(piece.weight for piece in pieces)
    return [StyleShare(piece.style, piece.weight / total) for piece in pieces]


def _share(piece: str) -> StyleShare:
    """Split "wave:0.6"; the weight of a piece without one is NaN."""
    style, _, weight = piece.rpartition(":")
    try:
        return StyleShare(style.strip(), float(weight)) if style else StyleShare(piece, math.nan)
    except ValueError:
        return StyleShare(piece, math.nan)


def _problem(pieces: Sequence[StyleShare]) -> str | None:
    files = [Path(style or "") for style, _ in pieces]  # ./a.onnx is a.onnx
    for style, weight in pieces:
        if math.isnan(weight):
            return f'"{style}" has no weight'
        if weight <= 0:
            return f'the weight of "{style}" is {weight:g}, not over 0'
        if files.count(Path(style or "")) > 1:
            return f'"{style}" is named more than once'
    if len(pieces) < 2:
        return "a mix takes at least two styles"
    total = sum(piece.weight for piece in pieces)
    if round(abs(total - 1), 9) > TOLERANCE:  # rounded: 1 - 3 * 0.333 is 0.0010000000000000009
        return f"the weights add up to {total:g}, not to 1"
    return None
