"""Arrays of callers: each layout comes back as it came."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import patches, transparent
from vidstyle.apps.arrays import ImageArray, Order, check_order, unpack
from vidstyle.errors import OptionError

COLORFUL = patches(64, 48)
MIDDLES = np.ix_([12, 36], [16, 48])
ALPHA = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)


def there_and_back(image: ImageArray, order: Order = "rgb") -> NDArray[np.int64]:
    unpacked = unpack(image, order)
    return unpacked.packed(unpacked.picture).astype(int)


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_colors_keep_their_order(order: Order) -> None:
    assert np.abs(there_and_back(COLORFUL, order) - COLORFUL)[MIDDLES].max() <= 3


def test_bgr_is_read_as_bgr() -> None:
    rgb, bgr = unpack(COLORFUL, "rgb").picture, unpack(COLORFUL[..., ::-1], "bgr").picture
    assert np.array_equal(rgb.y, bgr.y)
    assert np.array_equal(rgb.v, bgr.v)


@pytest.mark.parametrize("order", ["rgb", "bgr"])
@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 1)])
def test_gray_becomes_three_equal_channels(order: Order, shape: tuple[int, ...]) -> None:
    gray = COLORFUL[..., 1].copy().reshape(shape)
    back = there_and_back(gray, order)
    assert back.shape == (48, 64, 3)
    assert np.abs(back - gray.reshape(48, 64, 1)).max() <= 2


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_alpha_comes_back_unchanged(order: Order) -> None:
    back = there_and_back(np.dstack([COLORFUL, ALPHA]), order)
    assert np.array_equal(back[..., 3], ALPHA)
    assert np.abs(back[..., :3] - COLORFUL)[MIDDLES].max() <= 3


@pytest.mark.parametrize(
    "view",
    [
        COLORFUL[::-1],
        COLORFUL[:, ::-1],
        COLORFUL[..., ::-1],
        COLORFUL[::2, 1::3],
        np.asfortranarray(COLORFUL),
        COLORFUL.transpose(1, 0, 2),
        np.frombuffer(COLORFUL.tobytes(), np.uint8).reshape(COLORFUL.shape),  # read-only
        np.dstack([COLORFUL, ALPHA])[:, ::-1],
        COLORFUL[::-1, ::2, 0],
    ],
)
@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_views_are_read_as_their_copies(view: ImageArray, order: Order) -> None:
    assert np.array_equal(there_and_back(view, order), there_and_back(view.copy(), order))


@pytest.mark.parametrize(
    ("image", "kind", "message"),
    [
        (COLORFUL / 255, TypeError, "not float64. Multiply values of 0..1 by 255 and convert"),
        (COLORFUL.astype(np.int16), TypeError, "not int16. Bring its values to 0..255"),
        (COLORFUL.tolist(), TypeError, "not list. Convert it with numpy.asarray"),
        (COLORFUL[..., :2], ValueError, "not 48x64x2"),
        (COLORFUL[:0], ValueError, "not 0x64x3. Give at least one pixel"),
        (np.moveaxis(COLORFUL, -1, 0), ValueError, "numpy.moveaxis"),
        (COLORFUL[None], ValueError, "one by one"),
        (np.array([1, 2, 3], np.uint8), ValueError, "not 3. Give rows, columns"),
    ],
)
def test_other_arrays_are_refused_in_one_line(
    image: ImageArray, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message) as raised:
        unpack(image)
    assert "\n" not in str(raised.value)


def test_the_array_is_not_changed() -> None:
    image = COLORFUL.copy()
    there_and_back(image, "bgr")
    assert np.array_equal(image, COLORFUL)


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(OptionError, match='order must be "rgb" or "bgr", not \'grb\''):
        check_order("grb")


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_what_is_under_transparent_pixels_is_not_painted(order: Order) -> None:
    image = transparent(64, 48)
    if order == "bgr":
        image = image[..., [2, 1, 0, 3]]
    for keep_alpha in (True, False):
        unpacked = unpack(image, order, keep_alpha=keep_alpha)
        assert (unpacked.alpha is None) == (not keep_alpha)
        assert unpacked.picture.to_rgb()[:8].min() > 250
