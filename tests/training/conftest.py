"""Fixtures of training: a painting, and toys in place of what takes long."""

from functools import partial
from pathlib import Path

import pytest

from tests.training.toys import ToyFeatures, blurred_noise, toy_content
from vidstyle.media.image_file import write_photo
from vidstyle.training import run as session_module
from vidstyle.training import start as start_module
from vidstyle.training import style_files
from vidstyle.training.data import content as content_module
from vidstyle.training.trainer import TrainingSettings


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small crops, features and content; no export, and no curves, which take longest of all."""
    monkeypatch.setattr(session_module, "TrainingSettings", partial(TrainingSettings, crop=32))
    monkeypatch.setattr(session_module, "load_features", lambda *_: ToyFeatures())
    monkeypatch.setattr(content_module, "procedural_content", lambda seed: toy_content())
    monkeypatch.setattr(start_module, "nearest_style", lambda _, styles: styles[0].name)
    monkeypatch.setattr(session_module, "STYLE_SIZE", 128)
    monkeypatch.setattr(style_files, "traced", lambda *_: None)
    monkeypatch.setattr(style_files, "export", lambda _, file, *__: file.write_bytes(b"onnx"))
    monkeypatch.setattr(session_module, "plot_losses", lambda _, file: file.write_bytes(b"curves"))


@pytest.fixture
def painting(tmp_path: Path) -> Path:
    write_photo(tmp_path / "painting.png", blurred_noise(100))
    return tmp_path / "painting.png"
