import numpy as np
import pytest

from vidstyle.frame import (
    BT601,
    BT709,
    LUMA_WEIGHTS,
    ColorSpace,
    Picture,
    RGBImage,
    chroma_size_wh,
    over_gray,
    over_white,
    resize,
    short_side_wh,
    with_short_side,
    without_hidden,
)

SPACES = [ColorSpace(matrix, full) for matrix in LUMA_WEIGHTS for full in (False, True)]


def smooth_image(height: int = 48, width: int = 64) -> RGBImage:
    y, x = np.mgrid[:height, :width] / max(height, width)
    rgb = np.dstack([x, y, 1 - (x + y) / 2])
    return (30 + 200 * rgb).astype(np.uint8)


@pytest.mark.parametrize("space", SPACES)
def test_rgb_survives_the_way_there_and_back(space: ColorSpace) -> None:
    image = smooth_image()
    back = Picture.from_rgb(image, space).to_rgb()
    assert np.abs(back.astype(int) - image)[2:-2, 2:-2].max() <= 6


@pytest.mark.parametrize("space", SPACES)
def test_white_and_black_have_the_values_of_the_standard(space: ColorSpace) -> None:
    white = Picture.from_rgb(np.full((4, 4, 3), 255, np.uint8), space)
    black = Picture.from_rgb(np.zeros((4, 4, 3), np.uint8), space)
    assert white.y[0, 0] == (255 if space.full_range else 235)
    assert black.y[0, 0] == (0 if space.full_range else 16)
    assert white.u[0, 0] == white.v[0, 0] == black.u[0, 0] == 128


def test_known_colors_of_bt601_and_bt709() -> None:
    red = np.tile(np.array([255, 0, 0], np.uint8), (4, 4, 1))
    found = {
        matrix: [int(p[0, 0]) for p in Picture.from_rgb(red, ColorSpace(matrix)).planes]
        for matrix in (BT601, BT709)
    }
    assert found == {BT601: [81, 90, 240], BT709: [63, 102, 240]}


@pytest.mark.parametrize(
    ("image", "error", "cure"),
    [
        (smooth_image() / 255, TypeError, "float64. Multiply values of 0..1 by 255 and convert"),
        (smooth_image().astype(np.uint16), TypeError, "uint16. Bring its values to 0..255"),
        (np.dstack([smooth_image()] * 2)[..., :4], ValueError, "48x64x4. Drop the alpha channel"),
        (smooth_image()[..., 0], ValueError, "48x64. Convert it with cv2.cvtColor"),
        (smooth_image().transpose(2, 0, 1), ValueError, "3x48x64. Move the channels to the end"),
        (smooth_image()[:0], ValueError, "0x64x3. Give at least one pixel"),
        (None, TypeError, "not None: the camera or file gave no frame"),
        ("a.png", TypeError, "not str. Convert it with numpy.asarray"),
    ],
)
def test_an_array_that_would_be_misread_is_refused(
    image: RGBImage, error: type[Exception], cure: str
) -> None:
    with pytest.raises(error, match=cure):
        Picture.from_rgb(image)


def test_planes_that_do_not_belong_together_are_refused() -> None:
    y, u = np.zeros((5, 7), np.uint8), np.zeros((3, 4), np.uint8)
    assert Picture(y, u, u).width == 7
    with pytest.raises(ValueError, match=r"not 5x7, 3x4, 5x7\. Resize U and V"):
        Picture(y, u, y)
    with pytest.raises(TypeError, match="not float32, uint8, uint8"):
        Picture(y.astype(np.float32), u, u)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3, 4, -1])
def test_turning_is_counter_clockwise(quarters: int) -> None:
    image = smooth_image(32, 48)
    turned = Picture.from_rgb(image).turned(quarters)
    expected = Picture.from_rgb(np.ascontiguousarray(np.rot90(image, quarters)))
    assert np.array_equal(turned.y, expected.y)
    assert turned.u.shape == expected.u.shape


@pytest.mark.parametrize(("width", "height"), [(48, 32), (47, 31), (1, 1)])
def test_side_by_side_shows_both(width: int, height: int) -> None:
    left = Picture.from_rgb(np.full((height, width, 3), 40, np.uint8))
    right = Picture.from_rgb(np.full((height, width, 3), 200, np.uint8))
    both = left.beside(right)
    assert both.y.shape == (height, 2 * width)
    assert both.u.shape == both.v.shape == chroma_size_wh(2 * width, height)[::-1]
    assert np.array_equal(both.y[:, :width], left.y)
    assert np.array_equal(both.y[:, width:], right.y)


def test_a_crop_is_a_part_of_all_planes() -> None:
    picture = Picture.from_rgb(smooth_image())
    part = picture.crop(10, 4, 31, 999)
    assert part.y.shape == (44, 21)
    assert part.u.shape == (22, 11)
    assert np.array_equal(part.y, picture.y[4:, 10:31])
    assert np.array_equal(part.v, picture.v[2:, 5:16])


def test_resizing_keeps_the_mean() -> None:
    plane = np.random.default_rng(0).integers(0, 256, (432, 768)).astype(np.uint8)
    for width, height in ((384, 216), (300, 200), (96, 54), (1000, 600)):
        small = resize(plane, width, height)
        assert small.shape == (height, width)
        assert abs(float(small.mean()) - float(plane.mean())) < 0.6


def test_resizing_to_the_same_size_copies_nothing() -> None:
    picture = Picture.from_rgb(smooth_image())
    assert picture.resized(picture.width, picture.height) is picture


@pytest.mark.parametrize(
    ("size_wh", "short_side", "enlarge", "expected"),
    [
        ((120, 90), 45, True, (60, 45)),
        ((90, 120), 45, False, (45, 60)),
        ((120, 90), 180, True, (240, 180)),
        ((120, 90), 180, False, (120, 90)),
        ((5000, 1), 1, True, (5000, 1)),
        ((1000, 2), 1, True, (500, 1)),
    ],
)
def test_a_short_side_decides_the_size(
    size_wh: tuple[int, int], short_side: int, enlarge: bool, expected: tuple[int, int]
) -> None:
    assert short_side_wh(*size_wh, short_side, enlarge=enlarge) == expected
    image = np.full((size_wh[1], size_wh[0], 3), (7, 100, 200), np.uint8)
    resized = with_short_side(image, short_side, enlarge=enlarge)
    assert resized.shape == (expected[1], expected[0], 3)
    assert (resized == (7, 100, 200)).all()


def test_compositing_is_exact_to_half_a_level() -> None:
    alpha = np.arange(256, dtype=np.uint8).reshape(1, 256)
    for level in (0, 77, 255):
        plane = np.full((1, 256), level, np.uint8)
        wanted = (level * alpha.astype(float) + 235 * (255 - alpha.astype(float))) / 255
        assert np.abs(over_gray(plane, alpha, 235) - wanted).max() <= 0.5
    image = np.full((1, 256, 3), (9, 99, 199), np.uint8)
    assert over_white(image, alpha)[0, 255].tolist() == [9, 99, 199]
    assert over_white(image, alpha)[0, 0].tolist() == [255, 255, 255]


def test_only_hidden_pixels_become_white() -> None:
    image = np.full((1, 3, 3), 9, np.uint8)
    alpha = np.array([[0, 1, 255]], np.uint8)
    assert without_hidden(image, alpha)[0, :, 0].tolist() == [255, 9, 9]
    assert image.max() == 9
    assert without_hidden(image, np.full((1, 3), 1, np.uint8)) is image
