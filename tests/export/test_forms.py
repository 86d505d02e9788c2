"""Forms of a style: ONNX desktop and mobile, without PyTorch."""

import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from vidstyle.assets import models_folder
from vidstyle.errors import StyleError
from vidstyle.export import forms
from vidstyle.export.comparison import real_pictures
from vidstyle.export.forms import Form, build_form, calibrated
from vidstyle.frame import RGBImage
from vidstyle.options import ExportOptions

FLOAT32, INT8 = (
    (models_folder() / f"udnie-17k{ending}.onnx").read_bytes() for ending in ("", ".int8")
)


def small_pictures(width: int, height: int) -> list[RGBImage]:
    return real_pictures(128, 96)


@pytest.fixture(autouse=True)
def few_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "real_pictures", small_pictures)


def built(**options: str) -> Form:
    return build_form("udnie", FLOAT32, INT8, ExportOptions(**options))  # type: ignore[arg-type]


def test_desktop_onnx_is_the_style_itself() -> None:
    assert built().content == FLOAT32
    assert built().difference.largest == 0
    assert built(precision="int8").content == INT8


def test_mobile_onnx_keeps_the_metadata() -> None:
    form = built(form="mobile")
    assert isinstance(form.content, bytes)
    model, original = map(onnx.load_model_from_string, (form.content, FLOAT32))
    assert model.metadata_props == original.metadata_props
    assert form.difference.largest <= 1
    assert form.size == len(form.content)


def test_exports_need_no_pytorch() -> None:
    code = "import sys, vidstyle.export.forms; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_folder_is_as_large_as_its_files() -> None:
    form = built(to="triton")
    assert isinstance(form.content, dict)
    assert form.size == sum(map(len, form.content.values()))


def test_another_networks_int8_form_is_noticed() -> None:
    other = (models_folder() / "mondrian.int8.onnx").read_bytes()
    with pytest.raises(StyleError, match="paints pictures that differ"):
        build_form("udnie", FLOAT32, other, ExportOptions(precision="int8"))


def test_a_style_without_int8_is_calibrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "_shipped_pictures", lambda: small_pictures(0, 0))
    file = tmp_path / "own.onnx"
    file.write_bytes(FLOAT32)
    form = build_form("own", FLOAT32, calibrated(file), ExportOptions(precision="int8"))
    assert form.content not in (FLOAT32, INT8)
    assert [path.name for path in tmp_path.iterdir()] == ["own.onnx"]
