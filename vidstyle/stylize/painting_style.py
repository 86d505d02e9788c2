"""Styles of paintings without a training: a network whose weights are predicted.

The result is a generator file like any other, so it runs as fast as a shipped style. It is made in
a second or two, and kept in the cache of `painting_cache`. A mix of paintings gets one network.
"""

import hashlib
import logging
from pathlib import Path

import numpy as np

from vidstyle.errors import StyleError, reason
from vidstyle.frame import RGBImage
from vidstyle.media.image_file import READABLE_SUFFIXES
from vidstyle.media.style_image import read_painting
from vidstyle.options import CPU
from vidstyle.style_spec import StyleShare, mix_text, style_shares
from vidstyle.stylize.catalog import find_weights
from vidstyle.stylize.generator import ImageGenerator, OnnxGenerator
from vidstyle.stylize.model_metadata import with_metadata
from vidstyle.stylize.painting_cache import POLISHED_S, PaintingNetwork, painting_cache
from vidstyle.stylize.painting_look import LOOK
from vidstyle.stylize.palette import Palette, PaletteMap
from vidstyle.stylize.predictor import (
    Paintings,
    mixed_palette,
    predicted_weights,
    predictor_digest,
    tiles,
)
from vidstyle.stylize.provider_choice import ModelForms, open_generator

log = logging.getLogger(__name__)

CORRECTION = 0.5  # of the palette of what the network paints; 1 bleaches lights
TEMPLATE = "starry-night"  # shipped style whose file gets the predicted weights


def is_picture(style: str | None) -> bool:
    """Whether a style's name is that of a picture file, by its suffix."""
    return style is not None and Path(style).suffix.lower() in READABLE_SUFFIXES


def is_painting(style: str | None) -> bool:
    """Whether a style is that of a picture file, or a mix of nothing but such."""
    return all(is_picture(share.style) for share in style_shares(style))


def networks_of(style: str | None) -> list[StyleShare]:
    """The shares of a style or mix by networks: all its pictures have one together.

    Raises:
        OptionError: an invalid mix.
    """
    shares = style_shares(style)
    pictures = [share for share in shares if is_picture(share.style)]
    if len(pictures) < 2:
        return shares
    together = StyleShare(mix_text(pictures), sum(share.weight for share in pictures))
    return [share for share in shares if share not in pictures] + [together]


def read_paintings(style: str) -> Paintings:
    """Read the pictures of a style for which `is_painting` is true.

    Raises:
        SourceError, StyleError: as `read_painting`.
    """
    return [(read_painting(Path(str(name))), weight) for name, weight in style_shares(style)]


def load_painting(style: str, threads: int = 1, provider: str = CPU) -> OnnxGenerator:
    """Load the generator of a painting, polished if it was, or of a mix of paintings.

    Callable from any thread.

    Args:
        style: path of a picture file, or a mix of such, as in "a.jpg:0.6,b.jpg:0.4".
        threads: threads of one call of `paint`.
        provider: execution provider, one of `PROVIDERS`.

    Raises:
        OptionError: the provider is missing or does not run the network.
        SourceError, StyleError: as `read_painting`; or a shipped file is missing or altered.
    """
    paintings = read_paintings(style)
    try:
        return _opened(painting_network(paintings), threads, provider)
    except StyleError as error:
        log.debug("a damaged file in the cache: %s", error)
        return _opened(_predicted(paintings), threads, provider)


def _opened(network: PaintingNetwork, threads: int, provider: str) -> OnnxGenerator:
    return open_generator(ModelForms(network.int8, network.plain), threads, provider)


def painting_network(paintings: Paintings) -> PaintingNetwork:
    """Return the network of a painting or mix: the one in the cache, or else a prediction.

    Raises:
        StyleError: a shipped file is missing or altered, or there is no room for the result.
    """
    return painting_cache().get(paintings) or _predicted(paintings)


def _predicted(paintings: Paintings) -> PaintingNetwork:
    try:
        return painting_cache().put(paintings, *predicted_files(paintings))
    except OSError as error:
        raise StyleError(f"The painting's style cannot be kept: {reason(error)}.") from error


def predicted_files(paintings: Paintings) -> tuple[bytes, bytes]:
    """Predict the network of a painting or mix as .onnx contents: in float32, and in int8.

    The second is the first one where int8 would paint other pictures.

    Raises:
        StyleError: a shipped file is missing or altered.
    """
    # ONNX takes 0.3 s to import, and shipped styles do without it.
    from vidstyle.graph import quantize, weights

    readable = [(readable_painting(painting), share) for painting, share in paintings]
    plain = weights.filled(find_weights(TEMPLATE), predicted_weights(readable))
    painted = quantize.painted_pictures(plain, tiles())
    there = PaletteMap.between(Palette.of(np.vstack(painted)), mixed_palette(readable))
    palette = there.partly(CORRECTION)
    int8, similarity = quantize.quantized_and_compared(plain, tiles()[::2])
    if similarity < quantize.MIN_SIMILARITY:
        log.info("The style runs in float32: int8 is only %.3f similar.", similarity)
        int8 = plain
    about = _look() | _provenance(paintings) | {"palette": str(palette), POLISHED_S: "0"}
    plain_bytes, int8_bytes = (with_metadata(m.SerializeToString(), about) for m in (plain, int8))
    return plain_bytes, int8_bytes


def _provenance(paintings: Paintings) -> dict[str, str]:
    """Metadata that tell what a network was predicted from; of a mix with its shares."""
    shares = [
        StyleShare(hashlib.sha256(painting.tobytes()).hexdigest(), share)
        for painting, share in paintings
    ]
    pixels = shares[0].style if len(shares) == 1 else mix_text(shares)
    return {"painting_sha256": str(pixels), "predictor_sha256": predictor_digest().decode()}


def _look() -> dict[str, str]:
    """Metadata of the look of paintings that are styles, in place of the template's."""
    return {name: f"{value:g}" for name, value in LOOK.items()}


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
    before = OnnxGenerator(painting_network([(painting, 1.0)]).int8)
    palette = PaletteMap.between(_painted_palette(trained), _painted_palette(before))
    return _look() | {"palette": str(palette), POLISHED_S: f"{seconds:g}"}


def _painted_palette(generator: ImageGenerator) -> Palette:
    """Palette of a generator's output for the photos that the predictor measures with."""
    return Palette.of(np.vstack([generator.paint(tile) for tile in tiles()]))
