"""Styles of paintings without a training: the nearest texture of the shelf, the painting's palette.

A shipped network paints the strokes, and a linear map gives its output the painting's colors. The
result is metadata of a generator file, so it runs as fast as a shipped style and can be written as
a file of its own. Texture and palette are measured in some 0.1 s.
"""

import hashlib
import logging
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np

from vidstyle.errors import StyleError
from vidstyle.frame import RGBImage, resize
from vidstyle.media.image_file import READABLE_SUFFIXES
from vidstyle.media.style_image import read_painting
from vidstyle.options import CPU
from vidstyle.stylize.catalog import find_painting, find_style, find_weights, shipped_styles
from vidstyle.stylize.exposure import with_normal_exposure
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.generator import ImageGenerator, OnnxGenerator
from vidstyle.stylize.model_metadata import with_metadata
from vidstyle.stylize.palette import Palette, PaletteMap
from vidstyle.stylize.polished import POLISHED_S, PolishedNetwork, polished_cache
from vidstyle.stylize.provider_choice import ModelForms, open_generator
from vidstyle.stylize.texture import by_nearness

log = logging.getLogger(__name__)

# Chosen blind, docs/experiments.md.
OWN_CHROMA = 0.3
FINISH = Finish(contrast=1.06, clarity=0.4, saturation=1.15)
PROBE_SIDE = 192  # px
LEFT_OUT = {"udnie"}  # its facets break faces in other colors than its own


@dataclass(frozen=True, slots=True)
class PaintingStyle:
    """A shipped style and the metadata that give its network a painting's look."""

    texture: str  # name of the shipped style
    metadata: dict[str, str]  # replaces entries of that style's file


def is_picture(style: str | None) -> bool:
    """Whether a style's name is that of a picture file, by its suffix."""
    return style is not None and Path(style).suffix.lower() in READABLE_SUFFIXES


def painting_style(painting: RGBImage) -> PaintingStyle:
    """Choose texture and palette for a painting.

    Args:
        painting: HxWx3 uint8 RGB.

    Raises:
        StyleError: a shipped file is missing or altered.
    """
    nearest = next(near for near in by_nearness(painting) if near.style not in LEFT_OUT)
    palette = PaletteMap.between(nearest.palette, Palette.of(painting).readable())
    finish = {name: f"{value:g}" for name, value in asdict(FINISH).items()}
    source = hashlib.sha256(painting.tobytes()).hexdigest()
    about = {"palette": str(palette), "texture": nearest.style, "painting_sha256": source}
    return PaintingStyle(nearest.style, about | finish | {"own_chroma": f"{OWN_CHROMA:g}"})


def load_painting(file: Path, threads: int = 1, provider: str = CPU) -> OnnxGenerator:
    """Load the generator of a painting, polished if it was; callable from any thread.

    Args:
        file: picture file.
        threads: threads of one call of `paint`.
        provider: execution provider, one of `PROVIDERS`.

    Raises:
        OptionError: the provider is missing or does not run the network.
        SourceError, StyleError: as `read_painting`; or a shipped file is missing or altered.
    """
    painting = read_painting(file)
    polished = polished_cache().get(painting)
    if polished is not None:
        try:
            return open_generator(ModelForms(polished.int8, polished.plain), threads, provider)
        except StyleError as error:
            log.debug("a damaged file in the cache: %s", error)
    style = painting_style(painting)
    forms = ModelForms(find_style(style.texture), find_weights(style.texture))
    return open_generator(forms, threads, provider, style.metadata)


def readable_painting(painting: RGBImage) -> RGBImage:
    """The painting with the palette that its style has: neither too dark nor too light.

    Args:
        painting: HxWx3 uint8 RGB.
    """
    palette = Palette.of(painting)
    shift = np.rint(255 * (palette.readable().mean - palette.mean))
    return np.clip(painting + shift, 0, 255).astype(np.uint8)


def polished_metadata(
    painting: RGBImage, trained: ImageGenerator, seconds: float
) -> dict[str, str]:
    """Metadata of a network trained on a painting, so that its colors are those before it.

    Args:
        painting: HxWx3 uint8 RGB.
        trained: the network, with the metadata of its training.
        seconds: time of training.

    Raises:
        StyleError: a shipped file is missing or altered.
    """
    style = painting_style(painting)
    before = OnnxGenerator(find_style(style.texture), 1, style.metadata)
    palette = PaletteMap.between(_painted_palette(trained), _painted_palette(before))
    return style.metadata | {"palette": str(palette), POLISHED_S: f"{seconds:g}"}


def _painted_palette(generator: ImageGenerator) -> Palette:
    """Palette of a generator's output, over all shipped paintings as pictures to paint."""
    painted = [generator.paint(image) for image in _probes()]
    return Palette.of(np.concatenate(painted))


@cache
def _probes() -> tuple[RGBImage, ...]:
    """Shipped paintings as squares of `PROBE_SIDE` px, with normalized exposure."""
    files = [find_painting(style.name) for style in shipped_styles() if "file" in style.painting]
    squares = [resize(read_painting(file), PROBE_SIDE, PROBE_SIDE) for file in dict.fromkeys(files)]
    return tuple(with_normal_exposure(square) for square in squares)


def painting_files(
    style: PaintingStyle, polished: PolishedNetwork | None = None
) -> tuple[bytes, bytes]:
    """Return a painting's style as .onnx contents: computing in float32, and in int8.

    Args:
        style: style of the painting.
        polished: network to take instead of the one of the style's texture.

    Raises:
        StyleError: a shipped file is missing or altered.
        OSError: a polished file cannot be read.
    """
    if polished is not None:
        return polished.plain.read_bytes(), polished.int8.read_bytes()
    plain, int8 = (
        with_metadata(file.read_bytes(), style.metadata)
        for file in (find_weights(style.texture), find_style(style.texture))
    )
    return plain, int8
