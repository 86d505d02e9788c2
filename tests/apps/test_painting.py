"""Style files from paintings, by Python and by the command line."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.processes import file_size_limit
from tests.textures import noise_image
from vidstyle.apps.painting import style_from_painting
from vidstyle.cli import DONE, FAILED, main
from vidstyle.errors import OptionError, SinkError, SourceError, VidstyleError
from vidstyle.media.image_file import write_photo
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.generator_pool import load_generator
from vidstyle.training.results import int8_path

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def painting(tmp_path: Path) -> Path:
    write_photo(tmp_path / "oil.png", noise_image(96, 128, seed=2))
    return tmp_path / "oil.png"


def test_both_forms_are_written_and_paint(painting: Path) -> None:
    output = painting.with_suffix(".onnx")
    result = style_from_painting(painting, output)
    assert result.output == output
    assert result.output_bytes == output.stat().st_size
    assert result.others == [int8_path(output)]
    photo = np.full((32, 32, 3), 90, np.uint8)
    for file in (output, *result.others):
        assert OnnxGenerator(file).paint(photo).shape == photo.shape


def test_without_a_name_the_file_is_called_after_the_painting(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(painting.parent)
    assert style_from_painting(painting).output == Path("oil.onnx")


def test_a_mix_of_paintings_is_one_file(painting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(painting.parent)
    write_photo(Path("ink.png"), noise_image(96, 128, seed=3))
    mix = "oil.png:0.6,ink.png:0.4"
    result = style_from_painting(mix)
    assert result.output == Path("oil-60+ink-40.onnx")
    photo = noise_image(32, 32, seed=4)
    painted = load_generator(mix).paint(photo)
    np.testing.assert_array_equal(OnnxGenerator(result.others[0]).paint(photo), painted)
    with pytest.raises(OptionError, match="single painting"):
        style_from_painting(mix, "other.onnx", polish_s=60)
    with pytest.raises(OptionError, match="udnie is no picture"):
        style_from_painting("oil.png:0.6,udnie:0.4", "other.onnx")
    assert not Path("other.onnx").exists()


def test_a_training_is_announced_once_nothing_is_in_its_way(painting: Path) -> None:
    announced = list[str]()

    def announce() -> None:
        announced.append("begins")
        raise KeyboardInterrupt

    for style in (painting.with_name("none.png"), f"{painting}:0.6,{painting}:0.4"):
        with pytest.raises(VidstyleError):
            style_from_painting(style, polish_s=60, before_polish=announce)
    assert not announced
    with pytest.raises(KeyboardInterrupt):
        style_from_painting(painting, polish_s=60, before_polish=announce)
    assert announced == ["begins"]


def test_existing_files_stay_unless_they_may_be_replaced(painting: Path) -> None:
    output = painting.with_suffix(".onnx")
    int8_path(output).write_text("mine")
    with pytest.raises(SinkError, match="exists"):
        style_from_painting(painting, output)
    assert int8_path(output).read_text() == "mine"
    assert not output.exists()
    assert style_from_painting(painting, output, overwrite=True).output.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of file sizes")
def test_both_files_are_written_or_none(painting: Path) -> None:
    output = painting.with_suffix(".onnx")
    style_from_painting(painting, output)
    sizes = [file.stat().st_size for file in (output, int8_path(output))]
    with file_size_limit(sum(sizes) // 2), pytest.raises(SinkError, match="Cannot write"):
        style_from_painting(painting, painting.with_name("b.onnx"))
    assert not list(painting.parent.glob("*b*.onnx"))


@pytest.mark.parametrize(("name", "error"), [("a.txt", SinkError), ("no/a.onnx", SinkError)])
def test_an_output_that_cannot_be_is_refused(
    painting: Path, name: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        style_from_painting(painting, painting.parent / name)


def test_a_missing_painting_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.jpg"):
        style_from_painting(tmp_path / "none.jpg", tmp_path / "a.onnx")


def test_the_command_says_what_to_do_next(painting: Path, capsys: Captured) -> None:
    output = painting.with_suffix(".onnx")
    assert main(["style", str(painting), "-o", str(output)]) == DONE
    said = capsys.readouterr().out
    assert f"Use it: vidstyle film.mp4 --style {int8_path(output)}" in said
    assert main(["style", str(painting), "-o", str(output)]) == FAILED
    assert "--overwrite" in capsys.readouterr().err
    assert main(["style", str(painting), "-o", str(output), "--overwrite", "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["output"] == str(output)
