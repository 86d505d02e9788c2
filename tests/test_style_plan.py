"""Styles over time and in turn: what is read, and what is refused."""

from pathlib import Path

import pytest

from vidstyle.errors import OptionError
from vidstyle.options import LiveOptions, StylizeOptions
from vidstyle.style_plan import (
    SCHEDULE_EXAMPLE,
    StyleChange,
    read_schedule,
    renamed,
    style_list,
    style_plan,
)


@pytest.mark.parametrize(
    "style", [None, "udnie", "ink.onnx", r"C:\ink.onnx", "a:0.6,b:0.4", "1889:0.6,b:0.4", "x:y"]
)
def test_one_style_or_mix_is_a_plan_of_one(style: str | None) -> None:
    plan = style_plan(style)
    assert plan.is_single
    assert plan.changes == (StyleChange(style),)


@pytest.mark.parametrize(
    ("schedule", "changes"),
    [
        (SCHEDULE_EXAMPLE, [("great-wave", 0, 0), ("starry-night", 12.5, 2)]),
        ("0:a\n1:02.5:b/0.5\n\n  2m:c ", [("a", 0, 0), ("b", 62.5, 0.5), ("c", 120, 0)]),
        ("0:my ink.jpg 1:00:00:x/y.onnx/1m", [("my ink.jpg", 0, 0), ("x/y.onnx", 3600, 60)]),
        ("0:a:0.6,b:0.4 9s:b", [("a:0.6,b:0.4", 0, 0), ("b", 9, 0)]),
        (r"0:C:\a.onnx 3:D:\b.onnx/2s", [(r"C:\a.onnx", 0, 0), (r"D:\b.onnx", 3, 2)]),
    ],
)
def test_a_schedule_is_times_styles_and_fades(
    schedule: str, changes: list[tuple[str, float, float]]
) -> None:
    plan = StylizeOptions(style=schedule).style_plan
    assert list(plan.changes) == changes
    assert not plan.by_scene


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        ("3:a 5:b", "the first style begins at 0"),
        ("0:a 5:b 5:c", "c begins no later than the style before it"),
        ("0:a 5:b 4:c", "c begins no later than the style before it"),
        ("0:a 1:99:b", "1:99 is no time"),
        ("0:a 2:b:0.5,c", '"c" has no weight'),
    ],
)
def test_mistakes_of_a_schedule_are_said(schedule: str, problem: str) -> None:
    with pytest.raises(OptionError, match=problem):
        StylizeOptions(style=schedule)


@pytest.mark.parametrize(
    "style", ["x", "a:0.6,b:0.4", SCHEDULE_EXAMPLE, "0:a 0.00004:a.b:0.5,aa.b:0.5 12.345667:x/1m"]
)
def test_a_style_keeps_times_fades_and_weights_under_other_names(style: str) -> None:
    plan = style_plan(style)
    assert style_plan(renamed(style, str)).changes == plan.changes
    other = style_plan(renamed(style, lambda name: f"my/{name}.onnx"))
    assert other.names == [f"my/{name}.onnx" for name in plan.names]


def test_the_default_style_gets_a_name() -> None:
    assert renamed(None, lambda name: f"{name} is it") == "None is it"


def test_a_preview_has_the_style_of_its_time() -> None:
    plan = style_plan("0:a 5:b/2s 9:c")
    assert [plan.style_at(time_s) for time_s in (0, 4.9, 5, 9, 100)] == ["a", "a", "b", "c", "c"]
    assert style_plan(None, "a,b").style_at(50) == "a"


@pytest.mark.parametrize(
    ("text", "styles"),
    [
        ("a", ["a"]),
        ("a, b ,c.onnx", ["a", "b", "c.onnx"]),
        ("all", ["all"]),
        ("a:0.6,b:0.4", ["a:0.6,b:0.4"]),
        (r"C:\a.onnx,D:\b.onnx", [r"C:\a.onnx", r"D:\b.onnx"]),
        ("0:a 5:b", ["0:a 5:b"]),
    ],
)
def test_a_list_has_commas_and_no_weights(text: str, styles: list[str]) -> None:
    assert style_list(text) == styles


def test_a_file_with_a_comma_in_its_name_is_one_style(tmp_path: Path) -> None:
    file = tmp_path / "a, b.onnx"
    file.touch()
    assert style_list(str(file)) == [str(file)]


@pytest.mark.parametrize(
    ("text", "problem"), [("a,,b", "is empty"), ("a,b,a", '"a" is named more than once')]
)
def test_mistakes_of_a_list_are_said(text: str, problem: str) -> None:
    with pytest.raises(OptionError, match=problem):
        StylizeOptions(style_per_scene=text)


def test_styles_in_turn_are_no_style_besides() -> None:
    assert StylizeOptions(style_per_scene="a,b").style_plan.by_scene
    with pytest.raises(OptionError, match="style_per_scene must be without style"):
        StylizeOptions(style="c", style_per_scene="a,b")


def test_a_text_file_holds_a_schedule(tmp_path: Path) -> None:
    file = tmp_path / "film.TXT"
    file.write_text("# titles\r\n0:a\r\n12.5:my ink.jpg/2s  # the sea\r\n", encoding="utf-8-sig")
    options = StylizeOptions(style=file)  # type: ignore[arg-type]
    assert options.style == "0:a 12.5:my ink.jpg/2s"


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "cannot be read: No such file"), ("great-wave", "no schedule"), ("", "no schedule")],
)
def test_a_text_file_without_a_schedule_is_said(
    tmp_path: Path, content: str | None, problem: str
) -> None:
    file = tmp_path / "a.txt"
    if content is not None:
        file.write_text(content)
    with pytest.raises(OptionError, match=problem):
        read_schedule(str(file))


def test_live_takes_a_list_but_no_schedule() -> None:
    assert LiveOptions(style="a,b").style == "a,b"
    for style, problem in (("0:a 5:b", "one style, a mix or a list"), ("a,a", "more than once")):
        with pytest.raises(OptionError, match=problem):
            LiveOptions(style=style)
    with pytest.raises(OptionError, match="style_interval must be at least 1 second"):
        LiveOptions(style_interval=0.5)
