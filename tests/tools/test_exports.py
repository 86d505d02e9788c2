"""All shipped styles are exported by one command."""

from pathlib import Path

import pytest

from tools.exports import HEAD, main
from vidstyle.assets import models_folder
from vidstyle.export import forms
from vidstyle.export.comparison import real_pictures


def test_styles_are_exported_into_a_folder_for_each_runtime(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "real_pictures", lambda width, height: real_pictures(128, 96))
    main([str(tmp_path), "--to", "onnx", "triton", "--styles", "udnie-17k", "scream"])
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*")) == [
        "onnx/scream.onnx",
        "onnx/udnie-17k.onnx",
        "triton/scream",
        "triton/udnie-17k",
    ]
    table = capsys.readouterr().out
    assert table.startswith(HEAD)
    size = (models_folder() / "scream.onnx").stat().st_size
    assert f"| scream | onnx | {size:,} | 0.00 | 0 | 1.0000 |" in table
