"""Exports of styles, by Python and by the command line."""

import hashlib
import json
import re
import sys
from pathlib import Path

import onnx
import pytest

from tests.textures import noise_image
from vidstyle.apps.export import SUFFIXES, export_style, page_numbers
from vidstyle.apps.painting import style_from_painting
from vidstyle.assets import models_folder
from vidstyle.cli import DONE, FAILED, main
from vidstyle.errors import MissingExtraError, SinkError, StyleError
from vidstyle.export import forms
from vidstyle.export.comparison import Difference, real_pictures
from vidstyle.media.image_file import write_photo
from vidstyle.options import ExportOptions
from vidstyle.stylize.generator import OnnxGenerator

Captured = pytest.CaptureFixture[str]
SHIPPED = models_folder() / "udnie-17k.onnx"


@pytest.fixture(autouse=True)
def few_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "real_pictures", lambda width, height: real_pictures(128, 96))


def digests() -> dict[str, str]:
    files = [*models_folder().glob("udnie*"), models_folder() / "catalog.json"]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_the_shipped_files_stay_as_they_are(tmp_path: Path) -> None:
    before = digests()
    for options in (ExportOptions(form="mobile"), ExportOptions(to="triton")):
        export_style("udnie-17k", tmp_path / f"{options.to}.onnx", options)
    assert digests() == before


def test_the_result_says_file_size_and_difference(tmp_path: Path) -> None:
    output = tmp_path / "phone.onnx"
    result = export_style("Udnie 17k", output, ExportOptions(form="mobile"))
    assert (result.output, result.style, result.to) == (output, "udnie-17k", "onnx")
    assert result.output_bytes == output.stat().st_size
    assert 0 <= result.mean_difference < 0.01
    assert result.largest_difference <= 1
    assert result.similarity > 0.999
    assert OnnxGenerator(output).own_chroma == OnnxGenerator(SHIPPED).own_chroma


def test_nothing_is_replaced_without_permission(tmp_path: Path) -> None:
    file, folder = tmp_path / "a.onnx", tmp_path / "model"
    file.write_text("mine")
    folder.mkdir()
    (folder / "config.pbtxt").write_text("mine")
    for output, to in ((file, "onnx"), (folder, "triton")):
        with pytest.raises(SinkError, match="exists"):
            export_style("udnie-17k", output, ExportOptions(to=to))
    assert file.read_text() == (folder / "config.pbtxt").read_text() == "mine"
    export_style("udnie-17k", folder, ExportOptions(to="triton", overwrite=True))
    assert sorted(path.name for path in folder.iterdir()) == ["1", "config.pbtxt"]


def test_a_folder_of_other_files_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/a.txt").write_text("mine")
    for output in (tmp_path / "letters", tmp_path / "letters/a.txt"):
        with pytest.raises(SinkError, match="is no earlier export"):
            export_style("udnie", output, ExportOptions(to="triton", overwrite=True))
    assert (tmp_path / "letters/a.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("mine", "named"), [("2/model.onnx", "2"), ("1/notes.txt", "1/notes.txt"), ("a.txt", "a.txt")]
)
def test_a_model_folder_with_files_of_others_is_never_replaced(
    tmp_path: Path, mine: str, named: str
) -> None:
    folder = tmp_path / "model"
    for name in ("config.pbtxt", "1/model.onnx", mine):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine")
    with pytest.raises(SinkError, match=rf"no export wrote, such as {re.escape(named)}\."):
        export_style("udnie-17k", folder, ExportOptions(to="triton", overwrite=True))
    assert (folder / mine).read_text() == "mine"


@pytest.mark.parametrize("mine", [None, "notes.txt", "Data/com.apple.CoreML/weights/notes.txt"])
def test_a_package_is_replaced_unless_it_holds_files_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mine: str | None
) -> None:
    data = "Data/com.apple.CoreML"
    files = ["Manifest.json", f"{data}/model.mlmodel", f"{data}/weights/weight.bin"]
    form = forms.Form(dict.fromkeys(files, b"new"), Difference(0.0, 0, 1.0), {})
    monkeypatch.setattr(forms, "build_form", lambda *_: form)
    for name in [*files, *filter(None, [mine])]:
        (tmp_path / "a.mlpackage" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "a.mlpackage" / name).write_text("old")
    options = ExportOptions(to="coreml", overwrite=True)
    if mine is None:
        export_style("udnie-17k", tmp_path / "a.mlpackage", options)
        assert {(tmp_path / "a.mlpackage" / name).read_text() for name in files} == {"new"}
        return
    with pytest.raises(SinkError, match=rf"no export wrote, such as {re.escape(mine)}\."):
        export_style("udnie-17k", tmp_path / "a.mlpackage", options)
    assert {(tmp_path / "a.mlpackage" / name).read_text() for name in [*files, mine]} == {"old"}


def test_a_style_is_not_written_over_itself(tmp_path: Path) -> None:
    file = tmp_path / "own.onnx"
    file.write_bytes(SHIPPED.read_bytes())
    with pytest.raises(SinkError, match="is the input itself"):
        export_style(file, file, ExportOptions(form="mobile", overwrite=True))


def test_a_form_that_paints_differently_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "compare", lambda *_: Difference(9.0, 80, 0.8))
    with pytest.raises(StyleError, match="differ by 80 of 255 levels"):
        export_style("udnie-17k", tmp_path / "a.onnx", ExportOptions(form="mobile"))
    assert not list(tmp_path.iterdir())


def test_the_name_must_fit_the_runtime(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"the name must end in \.tflite"):
        export_style("udnie-17k", tmp_path / "a.onnx", ExportOptions(to="tflite"))


def test_a_painting_is_made_a_style_first(tmp_path: Path) -> None:
    painting = tmp_path / "oil.jpg"
    painting.write_bytes(b"")
    with pytest.raises(StyleError, match=r"Make a style of a painting first"):
        export_style(painting, tmp_path / "a.onnx")


def test_a_foreign_network_has_no_mobile_form(inverter: Path, tmp_path: Path) -> None:
    with pytest.raises(StyleError, match="no network of vidstyle"):
        export_style(inverter, tmp_path / "a.onnx", ExportOptions(form="mobile"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("to", "package", "module"),
    [
        ("onnx", "onnx", "forms"),
        ("tflite", "flatbuffers", "tflite"),
        ("coreml", "coremltools", "coreml"),
    ],
)
def test_a_missing_package_is_named_with_its_cure(
    to: str, package: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, f"vidstyle.export.{module}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError) as missing:
        export_style("udnie-17k", tmp_path / f"a{SUFFIXES[to]}", ExportOptions(to=to))
    assert f"needs the package {package}." in str(missing.value)
    assert "[export]" in str(missing.value)
    assert not list(tmp_path.iterdir())


def test_the_command_prints_one_line(tmp_path: Path, capsys: Captured) -> None:
    output = tmp_path / "a.onnx"
    words = ["export", "udnie-17k", "--form", "mobile", "-o", str(output)]
    assert main(words) == DONE
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{output}  (")
    assert "bytes; differs by 0.00 of 255 levels on average" in line
    assert main(words) == FAILED
    assert f"{output} exists." in capsys.readouterr().err
    assert main([*words, "-y", "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["style"] == "udnie-17k"


def test_a_web_page_gets_the_numbers_around_the_network(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason='needs the extra "export"')
    result = export_style(
        "udnie-17k", tmp_path / "a.tflite", ExportOptions(to="web", size="128x96")
    )
    (file,) = result.others
    numbers = json.loads(file.read_text())
    assert file == tmp_path / "a.json"
    assert (numbers["name"], numbers["width"], numbers["height"]) == ("udnie-17k", 128, 96)
    assert numbers["border"] == 24
    assert numbers["normalizes_exposure"] is True
    assert numbers["abstraction"] == OnnxGenerator(models_folder() / "udnie-17k.onnx").abstraction
    assert set(numbers["finish"]) >= {"contrast", "sharpness"}
    assert numbers["stroke_lines"] == 720
    assert numbers["smoothing"] == 1
    assert numbers["palette"] is None


def test_an_int8_file_is_its_own_int8_form(tmp_path: Path) -> None:
    file = models_folder() / "udnie-17k.int8.onnx"
    export_style(file, tmp_path / "a.onnx", ExportOptions(precision="int8"))
    assert (tmp_path / "a.onnx").read_bytes() == file.read_bytes()
    with pytest.raises(StyleError, match=r"Give the style's float32 file"):
        export_style(file, tmp_path / "b.onnx", ExportOptions(form="mobile"))


def test_the_palette_of_a_painting_is_not_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "oil.onnx"
    write_photo(tmp_path / "oil.png", noise_image(96, 128, seed=2))
    style_from_painting(tmp_path / "oil.png", file)
    result = export_style(file, tmp_path / "a.onnx", ExportOptions(form="mobile"))
    assert not result.warnings
    assert OnnxGenerator(result.output).own_chroma == OnnxGenerator(file).own_chroma
    result = export_style(file, tmp_path / "model", ExportOptions(to="triton"))
    assert ["palette" in warning for warning in result.warnings] == [True]
    assert 'key: "palette"' in (tmp_path / "model/config.pbtxt").read_text()
    about = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
    expected = [float(word) for word in about["palette"].split()]
    assert page_numbers(OnnxGenerator(file))["palette"] == expected
