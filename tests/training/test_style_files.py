"""Files of a style: all forms or a note, and no form of another painting."""

from pathlib import Path
from typing import Any

import pytest

from tests.training.runs import run, stop_at, weights
from vidstyle.errors import SinkError, StyleError
from vidstyle.training import style_files
from vidstyle.training.results import TrainProgress

pytestmark = pytest.mark.usefixtures("toys")


def test_a_file_that_appears_during_the_training_is_not_replaced(painting: Path) -> None:
    output = painting.with_name("style.onnx")

    def interfere(_: TrainProgress) -> None:
        output.write_text("precious")

    with pytest.raises(SinkError, match=r"was not replaced\. The finished .*style-2\.onnx"):
        run(painting, interfere)
    assert output.read_text() == "precious"
    assert painting.with_name("style-2.onnx").read_bytes() == b"onnx"


def test_other_forms_are_written_beside(painting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calibrated = []

    def quantize(_: Path, images: list[Any], file: Path) -> None:
        calibrated.append(len(images))
        file.write_bytes(b"int8")

    monkeypatch.setattr(style_files, "quantize", quantize)
    monkeypatch.setattr(style_files, "export_torch", lambda _, file, __: file.write_bytes(b"pt2"))
    result = run(painting, steps=1, int8=True, torch=True)
    assert [file.name for file in result.others] == ["style.int8.onnx", "style.pt2"]
    assert [file.read_bytes() for file in result.others] == [b"int8", b"pt2"]
    assert calibrated == [4]


def test_an_int8_form_that_paints_something_else_is_left_out_and_that_is_said(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quantize(*_: Any) -> None:
        raise StyleError("Too unlike.")

    monkeypatch.setattr(style_files, "quantize", quantize)
    result = run(painting, steps=1, int8=True)
    assert result.others == []
    assert result.warnings[-1] == "There is no int8 form. Too unlike."
    assert result.output.exists()


def test_an_int8_form_of_another_painting_does_not_stay_where_there_is_none(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quantize(*_: Any) -> None:
        raise StyleError("Too unlike.")

    monkeypatch.setattr(style_files, "quantize", quantize)
    earlier = painting.with_name("style.int8.onnx")
    earlier.write_bytes(b"of another painting")
    result = run(painting, steps=1, int8=True, overwrite=True)
    assert result.warnings[-1] == "There is no int8 form. Too unlike."
    assert not earlier.exists()


@pytest.mark.parametrize("stopped", [False, True])
def test_forms_of_an_earlier_run_that_are_not_written_again_are_said(
    painting: Path, stopped: bool
) -> None:
    names = ["style.int8.onnx", "style.pt2"]
    for name in names:
        painting.with_name(name).write_bytes(b"old")
    result = run(painting, stop_at(2 if stopped else 0), steps=3, overwrite=True)
    assert result.finished == (not stopped)
    assert result.warnings[-2:] == [
        f"{name} is of an earlier run. Delete it if it is of another painting." for name in names
    ]
    assert {painting.with_name(name).read_bytes() for name in names} == {b"old"}


def test_ctrl_c_says_that_an_int8_form_is_of_an_earlier_run(painting: Path) -> None:
    painting.with_name("style.int8.onnx").write_bytes(b"old")
    result = run(painting, stop_at(2), int8=True, overwrite=True)
    assert "style.int8.onnx is of an earlier run" in result.warnings[-1]
    assert painting.with_name("style.int8.onnx").read_bytes() == b"old"


def test_a_style_too_large_for_its_class_is_said(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(style_files, "export", lambda _, file, *__: file.write_bytes(bytes(17_409)))
    with pytest.raises(StyleError, match="17,409 bytes, too many for its class"):
        run(painting, steps=1)


def test_a_disk_that_fills_at_the_end_is_said(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(style_files, "export", full)
    with pytest.raises(SinkError, match=r"Cannot write .*style\.onnx: No space left on device"):
        run(painting, steps=1)
    monkeypatch.undo()
    assert weights(painting)  # --resume exports it when there is room
