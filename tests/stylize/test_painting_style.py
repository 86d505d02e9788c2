"""Styles of paintings without a training."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.errors import SourceError, StyleError
from vidstyle.frame import RGBImage
from vidstyle.media.image_file import write_photo
from vidstyle.network.architecture import LARGEST_BYTES
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.generator_pool import check_style, load_generator
from vidstyle.stylize.mixture import Mixture
from vidstyle.stylize.model_metadata import metadata_of
from vidstyle.stylize.painting_look import ABSTRACTION, FINISH, OWN_CHROMA, SMOOTHING
from vidstyle.stylize.painting_style import (
    is_painting,
    is_picture,
    load_painting,
    networks_of,
    painting_network,
    predicted_files,
)

PHOTO = noise_image(96, 128, seed=4)
SMOOTH = noise_image(96, 128, seed=6, blur=8)


@pytest.fixture
def painting() -> RGBImage:
    return np.asarray(noise_image(128, 160, seed=5) * (1.0, 0.5, 0.2), np.uint8)


@pytest.fixture
def file(painting: RGBImage, tmp_path: Path) -> Path:
    write_photo(tmp_path / "painting.png", painting)
    return tmp_path / "painting.png"


def test_pictures_are_known_by_their_suffix() -> None:
    assert is_picture("a/Painting.JPG")
    assert not is_picture("starry-night")
    assert not is_picture("a/style.onnx")
    assert not is_picture(None)


def test_a_network_is_predicted_in_the_paintings_colors(file: Path) -> None:
    generator = load_painting(str(file))
    assert generator.finish == FINISH
    assert generator.own_chroma == OWN_CHROMA
    assert (generator.abstraction, generator.smoothing) == (ABSTRACTION, SMOOTHING)
    red, green, blue = generator.paint(PHOTO).reshape(-1, 3).mean(axis=0)
    assert red > green > blue


def test_other_paintings_get_other_strokes(painting: RGBImage, file: Path, tmp_path: Path) -> None:
    """The same colors, so that only strokes can differ."""
    coarse = cv2.resize(painting[::8, ::8], (160, 128), interpolation=cv2.INTER_CUBIC)
    write_photo(tmp_path / "coarse.png", np.asarray(coarse, np.uint8))
    names = (file, tmp_path / "coarse.png")
    pictures = [load_painting(str(name)).paint(SMOOTH).astype(float) for name in names]
    first, second = (picture.mean(axis=(0, 1)) for picture in pictures)
    np.testing.assert_allclose(first, second, atol=20)
    details = [picture - cv2.GaussianBlur(picture, (0, 0), 4) for picture in pictures]
    assert np.corrcoef(details[0].ravel(), details[1].ravel())[0, 1] < 0.9


def test_a_prediction_is_kept_and_a_damaged_one_is_made_anew(painting: RGBImage) -> None:
    network = painting_network([(painting, 1.0)])
    assert network.seconds == 0
    written = network.plain.read_bytes()
    assert painting_network([(painting, 1.0)]) == network
    network.int8.write_bytes(b"damaged")
    assert painting_network([(painting, 1.0)]).plain.read_bytes() == written
    assert painting_network([(painting, 1.0)]).int8.read_bytes() != b"damaged"


def test_a_painting_takes_the_place_of_a_style(file: Path) -> None:
    check_style(str(file))
    generator = load_generator(str(file))
    np.testing.assert_array_equal(generator.paint(PHOTO), load_painting(str(file)).paint(PHOTO))
    check_style(f"{file}:0.5,udnie:0.5")
    assert isinstance(load_generator(f"{file}:0.5,udnie:0.5"), Mixture)


def test_paintings_of_a_mix_get_one_network(file: Path, tmp_path: Path) -> None:
    blue = np.asarray(noise_image(128, 160, seed=6, blur=3) * (0.2, 0.5, 1.0), np.uint8)
    write_photo(tmp_path / "blue.png", blue)
    names = [f"{file}:0.9,{tmp_path / 'blue.png'}:0.1", f"{file}:1,{tmp_path / 'blue.png'}:9"]
    check_style(names[0])
    generators = [load_generator(str(file)), *map(load_generator, names)]
    assert all(isinstance(generator, OnnxGenerator) for generator in generators)
    # Red against blue, from the one painting to nearly the other.
    difference = [float((g.paint(PHOTO) @ (1.0, 0.0, -1.0)).mean()) for g in generators]
    assert difference == sorted(difference, reverse=True)
    assert difference[0] > 10 > -10 > difference[2]


def test_only_pictures_share_a_network() -> None:
    mix = "a.jpg:0.2,udnie:0.4,b.png:0.4"
    assert networks_of(mix) == [("udnie", 0.4), ("a.jpg:0.2,b.png:0.4", pytest.approx(0.6))]
    assert networks_of("a.jpg:1,udnie:1") == [("a.jpg", 0.5), ("udnie", 0.5)]
    assert networks_of(None) == [(None, 1.0)]
    assert is_painting("a.jpg:0.2,b.png:0.4")
    assert is_painting("a.jpg")
    assert not is_painting(mix)
    assert not is_painting(None)


def test_the_files_of_a_painting_paint_as_it_does(
    painting: RGBImage, file: Path, tmp_path: Path
) -> None:
    plain, int8 = predicted_files([(painting, 1.0)])
    (tmp_path / "int8.onnx").write_bytes(int8)
    (tmp_path / "plain.onnx").write_bytes(plain)
    assert len(plain) <= LARGEST_BYTES["55k"]
    kept = OnnxGenerator(tmp_path / "int8.onnx")
    np.testing.assert_array_equal(kept.paint(PHOTO), load_painting(str(file)).paint(PHOTO))
    assert (kept.finish, kept.own_chroma) == (FINISH, OWN_CHROMA)
    about = metadata_of(int8)
    assert about["painting_sha256"] == hashlib.sha256(painting.tobytes()).hexdigest()
    assert len(about["predictor_sha256"]) == 64
    exact = OnnxGenerator(tmp_path / "plain.onnx").paint(PHOTO).astype(float)
    assert np.abs(exact - kept.paint(PHOTO)).mean() < 8


def test_what_is_no_painting_is_refused_before_any_work(tmp_path: Path) -> None:
    write_photo(tmp_path / "tiny.png", noise_image(20, 20, seed=1))
    with pytest.raises(StyleError, match="too small"):
        check_style(str(tmp_path / "tiny.png"))
    with pytest.raises(SourceError):
        check_style(str(tmp_path / "missing.jpg"))
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(SourceError):
        check_style(str(tmp_path / "text.jpg"))


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_flat_color_is_a_style(level: int, tmp_path: Path) -> None:
    write_photo(tmp_path / "flat.png", np.full((64, 64, 3), level, np.uint8))
    assert load_painting(str(tmp_path / "flat.png")).paint(PHOTO).shape == PHOTO.shape


@pytest.mark.parametrize("text", ["1 2 3", "nan " * 12])
def test_a_palette_that_is_none_is_refused(inverter: Path, text: str) -> None:
    with pytest.raises(StyleError, match="palette"):
        OnnxGenerator(inverter, metadata={"palette": text})
