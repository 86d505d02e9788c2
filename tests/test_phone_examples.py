"""The examples for phones, which are not built here, fit what `vidstyle export` writes."""

import re
from pathlib import Path

import pytest

from vidstyle.export.mobile_form import COLORS, IMAGE, PAINTED
from vidstyle.options import ExportOptions
from vidstyle.stylize.generator import BORDERS

EXAMPLES = Path(__file__).parents[1] / "examples"
KOTLIN = EXAMPLES / "android/app/src/main/java/org/vidstyle/camera/MainActivity.kt"
SWIFT = EXAMPLES / "ios/StyleCamera.swift"
SOURCES = {KOTLIN: ("tflite", BORDERS["17k"]), SWIFT: ("coreml", BORDERS["55k"])}


def numbers(source: Path) -> dict[str, int]:
    """Constants of a source, by their names in lower case."""
    text = source.read_text(encoding="utf-8")
    return {name.lower(): int(value) for name, value in re.findall(r"(\w+) = (\d+)\b", text)}


@pytest.mark.parametrize("source", SOURCES)
def test_the_size_is_that_of_the_picture_with_its_border(source: Path) -> None:
    to, border = SOURCES[source]
    found = numbers(source)
    assert found["border"] == border
    readme = (EXAMPLES / source.relative_to(EXAMPLES).parts[0] / "README.md").read_text("utf-8")
    (words,) = re.findall(r"^vidstyle export .*", readme, re.MULTILINE)
    (size,) = re.findall(r"--size (\d+x\d+)", words)
    assert f"--to {to} " in words
    assert ExportOptions(to=to, size=size).sides == (
        found["width"] + 2 * border,
        found["height"] + 2 * border,
    )
    assert f"{found['width']}x{found['height']}" in readme
    assert "It was not built by the developers" in readme


def test_ends_have_their_names_and_values() -> None:
    swift, kotlin = (file.read_text(encoding="utf-8") for file in (SWIFT, KOTLIN))
    assert f'["{IMAGE}": bordered]' in swift
    assert f'featureValue(for: "{PAINTED}")' in swift
    assert f"FloatArray({COLORS} * pixels.size)" in kotlin  # RGB 0..1
    assert kotlin.count("/ 255f") == COLORS
    assert "255 * value + 0.5f" in kotlin


def test_examples_stay_small() -> None:
    for file in EXAMPLES.rglob("*"):
        if file.is_file():
            assert len(file.read_text(encoding="utf-8").splitlines()) < 200, file
