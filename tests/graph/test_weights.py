"""Weights of generators in .onnx files: read, and replaced."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from vidstyle.errors import StyleError
from vidstyle.graph.weights import filled, generator_weights, weights_with_alpha, without_alpha
from vidstyle.stylize.catalog import find_style, find_weights


def test_a_file_with_the_weights_of_another_is_that_one() -> None:
    wanted = onnx.load(find_weights("udnie"))
    made = filled(find_weights("starry-night"), generator_weights(wanted))
    for model in (made, wanted):
        del model.metadata_props[:]
    assert made.SerializeToString(deterministic=True) == wanted.SerializeToString(
        deterministic=True
    )


def test_the_metadata_are_those_of_the_template() -> None:
    template = find_weights("starry-night")
    made = filled(template, generator_weights(onnx.load(find_weights("udnie"))))
    about = [{p.key: p.value for p in m.metadata_props} for m in (made, onnx.load(template))]
    assert about[0] == about[1]
    assert about[0]["size_class"] == "55k"


def test_both_forms_have_the_same_weights() -> None:
    plain, int8 = (
        generator_weights(onnx.load(file)) for file in (find_weights("udnie"), find_style("udnie"))
    )
    assert plain.keys() == int8.keys()
    for name in ("stem.weight", "blocks.1.wide.weight", "decision.weight"):
        np.testing.assert_allclose(plain[name], int8[name], atol=1e-6)


def test_alpha_comes_and_goes() -> None:
    weights = generator_weights(onnx.load(find_weights("udnie")))
    widened = weights_with_alpha(weights)
    assert widened["skip.weight"].shape == (16, 16, 1, 1)
    assert widened["paint.bias"].shape == (16,)
    for name, array in without_alpha(widened).items():
        np.testing.assert_array_equal(array, weights[name])


def test_other_networks_are_refused(inverter: Path) -> None:
    with pytest.raises(StyleError, match="no network of vidstyle"):
        generator_weights(onnx.load(inverter))
