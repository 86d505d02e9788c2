"""The shipped segmentation network on a portrait, and on pictures without persons."""

import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.assets import catalog_section, intact_file, models_folder
from vidstyle.errors import StyleError
from vidstyle.frame import Mask, Picture
from vidstyle.media.image_file import read_photo
from vidstyle.stylize import onnx_session
from vidstyle.stylize.segmentation import network_input, segment

LARGEST_BYTES = 256 << 10


def portrait(turned: bool = False) -> Picture:
    """A woman before a flag, from the head to the chest; with `turned`, beside herself."""
    image = read_photo(models_folder() / "photos" / "portrait.jpg")
    return Picture.from_rgb(np.hstack([image, image[:, ::-1]]) if turned else image)


def mean(mask: Mask, top: float, bottom: float, left: float, right: float) -> float:
    """Mean of a part of the mask, in shares of height and width."""
    height, width = mask.shape
    rows = slice(round(top * height), round(bottom * height))
    return float(mask[rows, round(left * width) : round(right * width)].mean())


def test_a_portrait_s_face_is_a_person_and_its_corner_is_not() -> None:
    found = segment(portrait())
    assert mean(found.mask, 0.3, 0.6, 0.4, 0.6) > 0.95
    assert mean(found.mask, 0, 0.2, 0, 0.15) < 0.1
    assert found.presence > 2


def test_two_persons_are_both_found() -> None:
    found = segment(portrait(turned=True))
    assert mean(found.mask, 0.3, 0.6, 0.2, 0.3) > 0.95
    assert mean(found.mask, 0.3, 0.6, 0.7, 0.8) > 0.95


@pytest.mark.parametrize("kind", ["flat", "noise", "ramp"])
def test_pictures_without_persons_have_none(kind: str) -> None:
    images = {
        "flat": np.full((90, 160, 3), 128, np.uint8),
        "noise": noise_image(90, 160, 0),
        "ramp": np.tile(np.arange(160, dtype=np.uint8)[np.newaxis, :, np.newaxis], (90, 1, 3)),
    }
    found = segment(Picture.from_rgb(images[kind]))
    assert found.mask.mean() < 0.02 or found.presence < -3.5


@pytest.mark.parametrize(("size", "shape"), [((90, 160), (144, 256)), ((160, 90), (256, 144))])
def test_upright_pictures_have_upright_masks(size: tuple[int, int], shape: tuple[int, int]) -> None:
    picture = Picture.from_rgb(noise_image(*size, 0))
    assert network_input(picture).shape == (1, *shape, 3)
    assert segment(picture).mask.shape == shape


def test_the_network_ships_small_with_its_license() -> None:
    (entry,) = catalog_section("segmentation")
    assert intact_file(entry["file"], entry["sha256"]).stat().st_size == entry["bytes"]
    assert entry["bytes"] <= LARGEST_BYTES
    assert entry["licence"] == "Apache-2.0"
    assert "Apache License" in (models_folder() / "LICENSE-APACHE").read_text(encoding="utf-8")


def test_a_catalog_without_the_network_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_session, "catalog_section", lambda name: [])
    onnx_session.shipped_network.cache_clear()
    with pytest.raises(StyleError, match="no network for segmentation"):
        segment(portrait())
