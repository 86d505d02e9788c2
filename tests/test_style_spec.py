"""Style specifications: single styles, mixes, and malformed ones."""

import pytest

from vidstyle.errors import OptionError
from vidstyle.flags import with_flags
from vidstyle.options import StylizeOptions
from vidstyle.style_spec import EXAMPLE, StyleShare, style_shares


@pytest.mark.parametrize(
    "style",
    [
        None,
        "wave",
        "1889",
        "ink.onnx",
        "some/ink:2.onnx",
        r"C:\ink.onnx",
        r"C:\Smith, John\ink.onnx",
        "unknown:words",
    ],
)
def test_one_style_is_all_of_the_painting(style: str | None) -> None:
    assert style_shares(style) == [StyleShare(style, 1.0)]


@pytest.mark.parametrize(
    ("style", "shares"),
    [
        (EXAMPLE, [("great-wave", 0.6), ("udnie", 0.4)]),
        (" wave : 0.6 , ink : 0.4 ", [("wave", 0.6), ("ink", 0.4)]),
        ("my/a.onnx:.5,wave:5e-1", [("my/a.onnx", 0.5), ("wave", 0.5)]),
        (r"C:\a.onnx:0.25,D:\b.onnx:0.75", [(r"C:\a.onnx", 0.25), (r"D:\b.onnx", 0.75)]),
    ],
)
def test_a_mix_names_styles_and_weights(style: str, shares: list[StyleShare]) -> None:
    assert style_shares(style) == shares


@pytest.mark.parametrize(
    ("style", "weights"),
    [
        ("a:0.333,b:0.333,c:0.333", [1 / 3] * 3),
        ("a:0.5,b:0.5", [0.5, 0.5]),
        ("a:60,b:40", [0.6, 0.4]),
        ("a:3,b:1", [0.75, 0.25]),
        ("a:0.01,b:0.01", [0.5, 0.5]),
    ],
)
def test_weights_count_as_shares_of_their_sum(style: str, weights: list[float]) -> None:
    assert [share.weight for share in style_shares(style)] == pytest.approx(weights, abs=1e-12)


@pytest.mark.parametrize(
    ("style", "problem"),
    [
        ("wave:inf,ink:0.4", 'the weight of "wave" is inf, not a number over 0'),
        ("wave:1,ink:0", 'the weight of "ink" is 0, not a number over 0'),
        ("wave:-0.5,ink:1.5", 'the weight of "wave" is -0.5, not a number over 0'),
        ("wave:nan,ink:1", '"wave" has no weight'),
        ("wave,ink", '"wave" has no weight'),
        ("wave:0.6,ink", '"ink" has no weight'),
        ("wave:0.6,ink.onnx", '"ink.onnx" has no weight'),
        ("wave:0.6,ink:much", '"ink:much" has no weight'),
        ("wave:0.6,ink:0.4,", '"" has no weight'),
        ("wave:0.6,:0.4", '":0.4" has no weight'),
        ("wave:1", "a mix takes at least two styles"),
        ("wave:0.6;ink:0.4", "a mix takes at least two styles"),
        ("wave:0.5,wave:0.5", '"wave" is named more than once'),
        ("a.onnx:0.5,./a.onnx:0.5", '"a.onnx" is named more than once'),
    ],
)
def test_what_is_no_mix_is_said_with_an_example(style: str, problem: str) -> None:
    with pytest.raises(OptionError) as refused:
        StylizeOptions(style=style)
    message = f'style "{style}": {problem}. A mix looks like this: "{EXAMPLE}".'
    assert str(refused.value) == message
    assert with_flags(refused.value) == f"--{message}"
