"""The start of a training is the style whose painting has the nearest texture."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.training.toys import blurred_noise
from vidstyle.errors import StyleError
from vidstyle.media.style_image import read_painting
from vidstyle.options import TrainOptions
from vidstyle.stylize.catalog import find_painting, shipped_style, shipped_styles
from vidstyle.training.start import nearest_style, start_name, start_weights

SMALL = [style for style in shipped_styles() if style.size_class == "17k"]


def test_a_shipped_painting_is_nearest_to_itself_in_other_colors_and_sizes() -> None:
    painting = read_painting(find_painting("starry-night"))
    smaller = np.asarray(cv2.resize(painting[..., ::-1] // 2, None, fx=0.7, fy=0.7), np.uint8)
    for image in (painting, smaller):
        assert nearest_style(image, SMALL) == "starry-night-17k"


def test_styles_of_the_size_class_with_a_painting_are_candidates() -> None:
    udnie = read_painting(find_painting("udnie"))
    for size, name in (("17k", "udnie-17k"), ("220k", "udnie-220k")):
        assert start_name(TrainOptions(size=size), udnie) == name
    without = replace(SMALL[0], painting={"title": "", "artist": ""})
    assert nearest_style(udnie, [without]) is None


@pytest.mark.parametrize("given", ["none", "scream", "my/ink.onnx"])
def test_a_start_that_is_given_is_taken(given: str) -> None:
    assert start_name(TrainOptions(start_from=given), blurred_noise(0)) == given


def test_weights_are_those_of_the_float_form_by_name_or_file() -> None:
    assert start_weights("none") is None
    by_name = start_weights("udnie-17k")
    assert by_name is not None and by_name["stem.weight"].shape == (16, 48, 1, 1)
    assert shipped_style("udnie-17k").file == "udnie-17k.onnx"


def test_a_file_that_is_no_style_is_said() -> None:
    with pytest.raises(StyleError, match=r"Cannot start from missing\.onnx: No such file"):
        start_weights("missing.onnx")
