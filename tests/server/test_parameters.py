"""Bodies and queries are read within limits, and mistakes are named."""

from pathlib import Path
from typing import Any

import pytest

from tests.server.client import Client
from vidstyle.errors import OptionError, StyleError
from vidstyle.options import StylizeOptions
from vidstyle.server.parameters import (
    JOB_OPTIONS,
    described_options,
    differing,
    job_options,
    label,
    picture_options,
)
from vidstyle.server.problems import Problem
from vidstyle.server.shelf import StyleShelf


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> StyleShelf:
    return StyleShelf(tmp_path_factory.mktemp("own"))


def test_options_of_a_job_are_those_of_the_command_line(own: StyleShelf) -> None:
    assert job_options({"style": "Udnie", "end": 4}, own) == StylizeOptions(style="udnie", end=4)
    assert differing(StylizeOptions(strength=0.5, overwrite=True)) == {"strength": 0.5}
    assert [option["name"] for option in described_options()] == list(JOB_OPTIONS)


def test_a_whole_number_may_be_written_with_a_point(own: StyleShelf) -> None:
    assert job_options({"max_height": 200.0}, own).max_height == 200


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"stile": "udnie"}, 'no setting "stile". Did you mean style'),
        ({"overwrite": True}, 'no setting "overwrite"'),
        ({"strength": "much"}, 'strength must be a number, not "much"'),
        ({"keep_colors": 1}, "keep_colors must be true or false, not 1"),
    ],
)
def test_a_wrong_option_is_named(own: StyleShelf, values: dict[str, Any], words: str) -> None:
    with pytest.raises(Problem) as caught:
        job_options(values, own)
    assert caught.value.status == 422
    assert words in caught.value.detail


def test_texts_of_a_query_become_values(own: StyleShelf) -> None:
    query = {"keep_colors": "true", "strength": "0.5", "max_height": "200", "scale": "0.5"}
    expected = StylizeOptions(
        style="great-wave", keep_colors=True, strength=0.5, max_height=200, scale=0.5
    )
    assert picture_options(query, own) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"style": "0:udnie 1:scream"},
        {"keep_colors": "yes"},
        {"strength": "x"},
        {"max_height": "1.5"},
        {"start": "1"},
    ],
)
def test_other_texts_of_a_query_are_refused(own: StyleShelf, query: dict[str, str]) -> None:
    with pytest.raises(Problem) as caught:
        picture_options(query, own)
    assert caught.value.status == 422


def test_styles_in_turn_are_spelled_by_their_ids(own: StyleShelf) -> None:
    assert job_options({"style_per_scene": "Udnie, scream"}, own).style_per_scene == "udnie,scream"
    assert job_options({"style_per_scene": "all"}, own).style_per_scene == "all"


@pytest.mark.parametrize("name", ["style", "style_per_scene"])
def test_no_file_that_a_style_names_is_read(own: StyleShelf, tmp_path: Path, name: str) -> None:
    (tmp_path / "plan.txt").write_text("0:udnie 1:scream")
    for style in ("plan.txt", "a.onnx", "a.png"):
        with pytest.raises(StyleError, match="No style named"):
            job_options({name: str(tmp_path / style)}, own)


@pytest.mark.parametrize("strength", ["nan", "inf", "-1"])
def test_numbers_out_of_range_are_refused(own: StyleShelf, strength: str) -> None:
    with pytest.raises(OptionError):
        picture_options({"strength": strength}, own)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("holiday.mp4", "holiday.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\films\\a.mp4", "a.mp4"),
        ("..", "unnamed"),
        ("a\x00\r\nb.mp4", "ab.mp4"),
        (".bashrc", "bashrc"),
        ("", "unnamed"),
        ("x" * 5000, "x" * 200),
    ],
)
def test_a_name_is_a_label_and_no_path(name: str, shown: str) -> None:
    assert label(name) == shown


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"token": NaN}', 400),
        (b'{"token": "\\ud800"}', 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"token": 1}', 422),
        (b'{"tokem": "a"}', 422),
        (b" " * 1_000_001, 413),
    ],
)
def test_a_malformed_body_has_its_status(client: Client, body: bytes, status: int) -> None:
    answer = client.post("session", body)
    assert answer.status == status
    assert answer.detail
