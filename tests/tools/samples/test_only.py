"""The strip of a portrait with one of its halves painted at a time."""

from tests.textures import noise_image
from tools.samples.only import strip


def test_the_photo_stands_beside_its_painted_halves() -> None:
    photo = noise_image(64, 96, seed=1)
    shown = strip(photo, "udnie-17k")
    assert shown.shape == (64, 288, 3)
    assert (shown[:, :96] == photo).all()
    assert (shown[:, 96:192] != photo).any() or (shown[:, 192:] != photo).any()
