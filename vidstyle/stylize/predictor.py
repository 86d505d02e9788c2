"""Weight predictor: the weights of a painting's generator, in one pass and without a training.

A network in ONNX Runtime turns numbers that describe a painting into kernels (`tools/predictor`
trains it): a mean plus coefficients times basis kernels. Several paintings get one generator with
the mean of their coefficients. Colors are not predicted but computed: the color skip maps those of
photos to the painting's, and the painting head works in units of its spread of colors.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vidstyle.assets import shipped_digest, shipped_file
from vidstyle.frame import LUMA_OF_RGB, RGBImage
from vidstyle.media.image_file import read_photo
from vidstyle.network.architecture import FINE
from vidstyle.stylize.onnx_session import load_session
from vidstyle.stylize.palette import Palette, PaletteMap
from vidstyle.stylize.texture import covariances, middle_part

LONGEST = 2.2  # ratio of a painting's sides: of longer scrolls the middle counts
SIDES = (160, 400)  # px, short sides at which a painting's textures are measured
FIRST_CHANNELS = 16  # of the first layer, whose covariances are padded to as many as the others
FAINTEST = 1e-5, 1e-4  # variances of luma and chroma that count as none
LUMA_WEIGHT = 4.0
OWN_COLORS = 0.25  # of the photo, in training and here
SPREAD = 0.25  # standard deviation of colors that the painting head's unit is
TILE = 96  # px, side of the photos over which the predictor measures its batch norms

# Pictures that are a style together, HxWx3 uint8 RGB, with shares that add up to 1.
Paintings = Sequence[tuple[RGBImage, float]]
Weights = dict[str, NDArray[np.float32]]


def style_numbers(painting: RGBImage) -> NDArray[np.float32]:
    """Numbers that describe how a painting is painted: textures at two sizes, spread of colors.

    Signed roots of the covariances of features, each layer's at unit length, and the logarithms of
    the lengths; then contrast, chroma and brightness.

    Args:
        painting: HxWx3 uint8 RGB.

    Raises:
        StyleError: a shipped file is missing or altered.
    """
    middle = middle_part(painting, LONGEST)
    parts: list[NDArray[Any]] = []
    for side in SIDES:
        for number, row in enumerate(covariances(middle, side)):
            channels = round(row.size**0.5)
            kept = FIRST_CHANNELS if number == 0 else channels
            square = row.reshape(channels, channels)[:kept, :kept]
            values = square[np.triu_indices(kept)]
            length = np.linalg.norm(values) + 1e-9
            parts += [np.sign(values) * np.sqrt(np.abs(values) / length), np.log([length])]
    return np.concatenate([*parts, _palette_numbers(Palette.of(middle))]).astype(np.float32)


def _palette_numbers(palette: Palette) -> NDArray[np.float64]:
    luma = np.array(LUMA_OF_RGB)
    contrast = luma @ palette.covariance @ luma
    chroma = max(np.trace(palette.covariance) - 3 * contrast, 0)
    logarithms = np.log(np.array([contrast, chroma]) + FAINTEST)
    return np.array([*logarithms, LUMA_WEIGHT * luma @ palette.mean])


def predicted_weights(paintings: Paintings) -> Weights:
    """Predict the weights of a generator of class 55k that paints like a painting, or a mix.

    Callable from any thread.

    Args:
        paintings: neither too dark nor too light.

    Returns:
        By the names of a folded generator's parameters, as `graph.weights.generator_weights`.

    Raises:
        StyleError: a shipped file is missing or altered.
    """
    session = _network()
    inputs = {
        "numbers": np.stack([style_numbers(painting) for painting, _ in paintings]),
        "shares": np.array([share for _, share in paintings], np.float32),
        "photos": _as_tensor(tiles()),
    }
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(None, inputs), strict=True))
    return _colored(found, mixed_palette(paintings), Palette.of(np.vstack(tiles())))


def mixed_palette(paintings: Paintings) -> Palette:
    """The palette of a painting, or of a mix."""
    return Palette.mixed([(Palette.of(painting), share) for painting, share in paintings])


def _colored(weights: Weights, painting: Palette, photos: Palette) -> Weights:
    """Weights with the painting's colors in place of the head's units and of `skip.colors`."""
    spread = painting.root() / SPREAD
    by_color = weights["paint.weight"].reshape(FINE**2, 3, *weights["paint.weight"].shape[1:])
    head = np.einsum("ab,pbiyx->paiyx", spread, by_color).reshape(weights["paint.weight"].shape)
    recolored = PaletteMap.between(photos, painting).keeping(OWN_COLORS, photos, painting)
    skip = recolored.matrix @ weights["skip.colors"]
    offset = recolored.matrix @ photos.mean + recolored.offset - skip @ photos.mean
    return {
        name: array for name, array in weights.items() if name.endswith((".weight", ".bias"))
    } | {
        "paint.weight": head.astype(np.float32),
        "paint.bias": np.tile(spread @ weights["paint.offset"], FINE**2).astype(np.float32),
        "skip.weight": np.kron(np.eye(FINE**2), skip)[:, :, None, None].astype(np.float32),
        "skip.bias": np.tile(offset, FINE**2).astype(np.float32),
    }


@cache
def tiles() -> tuple[RGBImage, ...]:
    """Photos over which batch norms and activations are measured, `TILE` px wide and high.

    Raises:
        StyleError: the shipped file is missing or altered.
    """
    sheet = read_photo(shipped_file("textures", "tiles"))
    rows, columns = (side // TILE for side in sheet.shape[:2])
    split = sheet.reshape(rows, TILE, columns, TILE, 3).swapaxes(1, 2)
    return tuple(np.ascontiguousarray(tile) for tile in split.reshape(-1, TILE, TILE, 3))


def _as_tensor(images: tuple[RGBImage, ...]) -> NDArray[np.float32]:
    return np.asarray(cv2.dnn.blobFromImages(images, 1 / 255), np.float32)


@cache
def _network() -> onnxruntime.InferenceSession:
    return load_session(shipped_file("textures", "predictor"), threads=1)


def predictor_digest() -> bytes:
    """Digest of the shipped predictor: predictions of another one are of no use."""
    return shipped_digest("textures", "predictor").encode()
