import re
from pathlib import Path

import pytest

from vidstyle.assets import catalog_section, intact_file, models_folder
from vidstyle.errors import StyleError
from vidstyle.media.style_image import read_painting
from vidstyle.style_plan import StylePlan, style_plan
from vidstyle.stylize.catalog import (
    PAINTINGS,
    expanded,
    find_painting,
    find_style,
    find_weights,
    is_result_name,
    known_name,
    plan_name,
    shipped_styles,
    style_name,
)
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.generator_pool import check_style

LARGEST_BYTES = {"17k": 17_408, "55k": 56_320, "220k": 225_280}
SMALLEST_PAINTING = 384  # px


def test_every_shipped_style_is_intact_runs_and_fits_its_class() -> None:
    for style in shipped_styles():
        forms = ((style.file, style.sha256, style.bytes), tuple(style.int8.values()))
        for file, sha256, size in forms:
            path = intact_file(file, sha256)
            OnnxGenerator(path)
            assert path.stat().st_size == size <= LARGEST_BYTES[style.size_class]
        assert style.licence and style.training
        assert {"file", "title", "artist", "year", "source"} <= style.painting.keys()


def test_names_are_unique_and_can_be_typed_and_mixed() -> None:
    names = [style.name for style in shipped_styles()]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name)] == []


def test_every_model_file_is_in_the_catalog() -> None:
    files = {file.name for file in models_folder().glob("*.onnx")}
    styles = shipped_styles()
    predictors = {entry["file"] for entry in catalog_section("textures")} & files
    shelf = {style.file for style in styles} | {style.int8["file"] for style in styles}
    persons = {entry["file"] for entry in catalog_section("segmentation")}
    faces = {entry["file"] for entry in catalog_section("faces")}
    assert files == shelf | predictors | persons | faces
    assert predictors == {"texture-encoder.onnx", "predictor.onnx"}
    assert len(persons) == len(faces) == 1


def test_paintings_ship_with_what_was_learned_from_them() -> None:
    styles = shipped_styles()
    files = {file.name for file in (models_folder() / PAINTINGS).iterdir()}
    assert files == {style.painting["file"] for style in styles if "sha256" in style.painting}
    for style in styles:
        assert min(read_painting(find_painting(style.name)).shape[:2]) >= SMALLEST_PAINTING


def test_a_style_without_its_painting_says_which_one_to_give(shelf: Path) -> None:
    with pytest.raises(StyleError, match=r'warm ships without.*picture of "\[warm\]" by A. Toy'):
        find_painting("warm")


def test_the_first_style_is_the_default() -> None:
    assert find_style(None) == find_style(shipped_styles()[0].name)
    assert style_name(None) == shipped_styles()[0].name


def test_weights_are_those_of_the_float_form() -> None:
    style = shipped_styles()[0]
    assert find_weights(style.name).name == style.file
    assert find_style(style.name).name == style.int8["file"]
    assert find_weights("some/ink.onnx") == Path("some/ink.onnx")


def test_a_file_of_another_kind_is_no_style(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.touch()
    with pytest.raises(StyleError, match=r"neither an \.onnx generator nor a painting's picture"):
        find_style(str(notes))


@pytest.mark.parametrize("name", ["starry", ""])
def test_an_unknown_style_names_the_known_ones(name: str) -> None:
    with pytest.raises(StyleError, match=f'"{name}".*{shipped_styles()[0].name}'):
        find_style(name)


def test_a_misspelled_style_is_answered_with_a_guess() -> None:
    with pytest.raises(StyleError, match=r'"Grate-wave"\. Did you mean great-wave\? Installed: '):
        find_style("Grate-wave")


@pytest.mark.parametrize("name", ["Starry Night", "STARRY_NIGHT", "starrynight", "Starry - Night"])
def test_case_spaces_and_underscores_do_not_matter(name: str) -> None:
    assert find_style(name) == find_style("starry-night")
    assert style_name(name) == known_name(name) == "starry-night"
    assert style_name(f"{name}:0.5,Udnie:0.5") == "starry-night-50+udnie-50"
    assert known_name("some/Ink.onnx") == "some/Ink.onnx"


def test_a_file_of_ones_own_is_taken_as_it_is() -> None:
    assert find_style("some/ink.onnx") == Path("some/ink.onnx")
    assert style_name("some/ink.onnx") == "ink"


def test_an_altered_file_is_refused(shelf: Path) -> None:
    assert find_style("warm") == shelf / "warm.onnx"
    (shelf / "warm.onnx").write_bytes(b"cold")
    with pytest.raises(StyleError, match="not the file that was shipped"):
        find_style("warm")


def test_a_missing_file_is_said(shelf: Path) -> None:
    (shelf / "warm.onnx").unlink()
    with pytest.raises(StyleError, match="missing"):
        find_style("warm")


@pytest.mark.parametrize("text", ["{", "{}", '{"styles": [{"name": "x"}]}'])
def test_a_broken_catalog_is_said(shelf: Path, text: str) -> None:
    (shelf / "catalog.json").write_text(text, encoding="utf-8")
    with pytest.raises(StyleError, match=r"catalog\.json is broken"):
        shipped_styles()


@pytest.mark.parametrize(
    ("style", "name"),
    [
        ("negative:0.6,warm:0.4", "negative-60+warm-40"),
        ("warm:0.25, some/ink.onnx:0.75", "warm-25+ink-75"),
        ("negative:0.333,warm:0.333,white:0.333", "negative-33+warm-33+white-33"),
    ],
)
def test_a_mix_has_a_name_for_files(style: str, name: str) -> None:
    assert style_name(style) == name


def test_every_style_of_a_mix_is_looked_for(shelf: Path) -> None:
    check_style("negative:0.6,warm:0.4")
    with pytest.raises(StyleError, match='No style named "cold"'):
        check_style("negative:0.6,cold:0.4")
    (shelf / "warm.onnx").unlink()
    with pytest.raises(StyleError, match="missing"):
        check_style("negative:0.6,warm:0.4")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.udnie.jpg", True),
        ("a.b.great-wave-17k.mp4", True),
        ("a.great-wave-60+udnie-40.mkv", True),
        ("a.great-wave-60+ink-40.mkv", False),
        ("a.great-wave-60+udnie.mkv", False),
        ("udnie.jpg", False),
        ("a.holiday.jpg", False),
        ("a.jpg", False),
    ],
)
def test_names_of_results_have_a_shipped_style_or_a_mix(name: str, expected: bool) -> None:
    assert is_result_name(Path("folder.udnie.d") / name) is expected


@pytest.mark.parametrize(
    ("plan", "name"),
    [
        (style_plan(None), "negative"),
        (style_plan("0:White 5:warm/2s"), "white-to-warm"),
        (style_plan("0:white:3,warm:2 5:my/ink.jpg"), "white-60+warm-40-to-ink"),
        (style_plan("0:white 1:warm 2:white 3:negative"), "white-to-3-more"),
        (style_plan(None, "warm,white"), "warm-and-white"),
        (style_plan(None, "all"), "negative-and-white-and-warm"),
    ],
)
@pytest.mark.usefixtures("shelf")
def test_results_of_several_styles_are_named_after_them(plan: StylePlan, name: str) -> None:
    assert plan_name(plan) == name


@pytest.mark.usefixtures("shelf")
def test_all_is_every_painting_once() -> None:
    assert expanded(["all", "ink.jpg", "Warm"]) == ["negative", "white", "warm", "ink.jpg"]
    assert expanded([None, "cold"]) == [None, "cold"]


def test_of_several_sizes_all_takes_the_first() -> None:
    names = [str(style) for style in expanded(["all"])]
    assert names[0] == shipped_styles()[0].name
    assert not [name for name in names if name.endswith(("-17k", "-220k"))]
