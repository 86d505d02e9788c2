"""The photo's own chroma, put back into a painting."""

import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.frame import Picture
from vidstyle.stylize.chroma import with_own_chroma

PHOTO, PAINTING = (Picture.from_rgb(noise_image(48, 64, seed, blur=8)) for seed in (0, 1))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_luma_stays_and_chroma_is_mixed(share: float) -> None:
    mixed = with_own_chroma(PAINTING, PHOTO, share)
    assert np.array_equal(mixed.y, PAINTING.y)
    for found, own, painted in zip(mixed.planes, PHOTO.planes, PAINTING.planes, strict=True):
        if found is mixed.y:
            continue
        wanted = 128 + share * (own - 128.0) + (1 - 0.7 * share) * (painted - 128.0)
        assert np.abs(found - wanted.clip(0, 255)).mean() < 3  # the photo's is smoothed


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
