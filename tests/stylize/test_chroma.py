"""The photo's own chroma, put back into a painting."""

import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.frame import Picture
from vidstyle.stylize.chroma import with_own_chroma

PHOTO, PAINTING = (Picture.from_rgb(noise_image(48, 64, seed, blur=8)) for seed in (0, 1))


def flat(u: int, v: int) -> Picture:
    """A picture of one luma and chroma."""
    luma, *chroma = (np.full((8, 8), level, np.uint8) for level in (120, 128 + u, 128 + v))
    return Picture(luma, chroma[0][:4, :4], chroma[1][:4, :4], PHOTO.color)


def chroma_of(picture: Picture) -> tuple[int, int]:
    return int(picture.u[2, 2]) - 128, int(picture.v[2, 2]) - 128


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_luma_stays_and_chroma_is_mixed(share: float) -> None:
    own, painted = (-20, 30), (10, 25)
    photo, painting = flat(*own), flat(*painted)
    mixed = with_own_chroma(painting, photo, share)
    assert np.array_equal(mixed.y, painting.y)
    wanted = [share * a + (1 - 0.7 * share) * b for a, b in zip(own, painted, strict=True)]
    assert np.abs(np.subtract(chroma_of(mixed), wanted)).max() <= 0.51


def test_the_paintings_chroma_does_not_go_against_the_photos() -> None:
    """Orange skin painted green-blue: what is left of that is at right angles to the orange."""
    skin = np.array([-30, 40])
    mixed = chroma_of(with_own_chroma(flat(20, -40), flat(*skin), 0.5))
    assert np.dot(mixed, skin) / np.dot(skin, skin) == pytest.approx(0.5, abs=0.05)
    gray = chroma_of(with_own_chroma(flat(20, -40), flat(0, 0), 0.5))
    assert gray == (13, -26)  # as painted, times 0.65


def test_edges_of_color_stay_sharp() -> None:
    image = np.full((40, 60, 3), (200, 40, 40), np.uint8)
    image[:, 30:] = (40, 40, 200)
    gray = Picture.from_rgb(np.full((40, 60, 3), 128, np.uint8))
    mixed = with_own_chroma(gray, Picture.from_rgb(image), 1.0)
    photo = Picture.from_rgb(image)
    assert np.abs(mixed.u.astype(int) - photo.u).max() <= 1
    assert np.abs(mixed.v.astype(int) - photo.v).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (9, 3)])
def test_tiny_pictures_have_chroma_too(size: tuple[int, int]) -> None:
    photo = Picture.from_rgb(np.full((*size, 3), (200, 40, 40), np.uint8))
    mixed = with_own_chroma(photo, photo, 1.0)
    wanted = 128 + 1.3 * (photo.v - 128.0)
    assert np.abs(mixed.v - wanted.clip(0, 255)).max() <= 0.51
