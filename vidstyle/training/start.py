"""Start of a training: the weights of a style, by default of the one with the nearest painting."""

from torch import Tensor

from vidstyle.errors import StyleError, reason
from vidstyle.export.onnx import folded_weights
from vidstyle.frame import RGBImage
from vidstyle.options import TrainOptions
from vidstyle.stylize.catalog import Style, find_weights, shipped_style, shipped_styles
from vidstyle.stylize.texture import by_nearness


def start_name(options: TrainOptions, painting: RGBImage) -> str:
    """Style to start from: a name, a path ending in .onnx, or "none".

    Args:
        options: with "auto", the nearest style of the size class is chosen.
        painting: painting to learn, HxWx3 uint8 RGB.

    Raises:
        StyleError: with "auto", a shipped file is missing or altered.
    """
    if options.start_from != "auto":
        return options.start_from
    styles = [style for style in shipped_styles() if style.size_class == options.size]
    return nearest_style(painting, styles) or "none"


def nearest_style(painting: RGBImage, styles: list[Style]) -> str | None:
    """Name of the style whose painting has the nearest texture; the first one of equals.

    Colors are not compared: a training takes them from the painting before its first step.

    Args:
        painting: HxWx3 uint8 RGB.
        styles: candidates, of one size class.

    Returns:
        None without a candidate whose painting ships.

    Raises:
        StyleError: a shipped file is missing or altered.
    """
    by_painting = {style.painting["title"]: style.name for style in styles}
    for near in by_nearness(painting):
        title = shipped_style(near.style).painting["title"]
        if title in by_painting:
            return by_painting[title]
    return None


def start_weights(name: str) -> dict[str, Tensor] | None:
    """Folded weights of the style to start from; None for "none".

    Raises:
        StyleError: the style is unknown, or its file cannot be read.
    """
    if name == "none":
        return None
    file = find_weights(name)
    try:
        return folded_weights(file)
    except Exception as error:  # a broken file fails in protobuf, ONNX or NumPy
        raise StyleError(f"Cannot start from {file}: {reason(error)}.") from error
