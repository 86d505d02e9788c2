import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.perceptual.weights import (
    random_vgg,
    write_random_mobilenet,
    write_random_resnet,
    write_random_slim,
    write_random_weights,
)
from vidstyle import assets
from vidstyle.errors import StyleError
from vidstyle.perceptual import zoo
from vidstyle.perceptual.mobilenet import MobileNetV3
from vidstyle.perceptual.resnet import ResNet50
from vidstyle.perceptual.slim import Slim
from vidstyle.perceptual.squeezenet import SqueezeNet
from vidstyle.perceptual.vgg import Vgg
from vidstyle.perceptual.weights import WeightFile
from vidstyle.perceptual.zoo import NAMES, load_features


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of shipped models that holds a random slim file."""
    write_random_slim(tmp_path / "slim.npz")
    digest = hashlib.sha256((tmp_path / "slim.npz").read_bytes()).hexdigest()
    entry = {"name": "slim", "file": "slim.npz", "sha256": digest}
    (tmp_path / "catalog.json").write_text(json.dumps({"styles": [], "features": [entry]}))
    monkeypatch.setattr(assets, "models_folder", lambda: tmp_path)
    return tmp_path


def test_slim_is_the_file_that_ships(shipped: Path) -> None:
    assert isinstance(load_features("slim"), Slim)


def test_an_altered_file_is_said(shipped: Path) -> None:
    file = shipped / "slim.npz"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(StyleError, match="is not the file that was shipped"):
        load_features("slim")


def test_a_missing_file_is_said(shipped: Path) -> None:
    (shipped / "slim.npz").unlink()
    with pytest.raises(StyleError, match=r"slim\.npz is missing\. Install vidstyle again"):
        load_features("slim")


@pytest.mark.parametrize("catalog", [{"styles": []}, {"styles": [], "features": []}])
def test_a_catalog_without_features_is_said(shipped: Path, catalog: dict[str, object]) -> None:
    (shipped / "catalog.json").write_text(json.dumps(catalog))
    with pytest.raises(StyleError, match="Install vidstyle again"):
        load_features("slim")


def test_weights_that_are_not_numbers_are_refused(shipped: Path) -> None:
    file = shipped / "own.npz"
    with np.load(shipped / "slim.npz") as arrays:
        weights = dict(arrays)
    next(iter(weights.values())).flat[0] = np.nan
    np.savez(file, **weights)
    with pytest.raises(StyleError, match=r"own.npz has weights that are not numbers"):
        load_features("slim", file)


def test_an_unknown_name_is_said_with_those_there_are() -> None:
    with pytest.raises(StyleError, match=r'named "vgg11"\. There are: slim, squeezenet,'):
        load_features("vgg11")


def test_the_users_own_file_is_taken(tmp_path: Path) -> None:
    write_random_slim(tmp_path / "slim.npz")
    write_random_weights(tmp_path / "squeezenet.npz")
    torch.save(random_vgg("vgg16", "relu5_1"), tmp_path / "vgg16.pth")
    write_random_mobilenet(tmp_path / "mobilenet.pth")
    write_random_resnet(tmp_path / "resnet.pth")
    assert isinstance(load_features("slim", tmp_path / "slim.npz"), Slim)
    assert isinstance(load_features("squeezenet", tmp_path / "squeezenet.npz"), SqueezeNet)
    assert isinstance(load_features("vgg16", tmp_path / "vgg16.pth"), Vgg)
    loaded = load_features("mobilenet_v3_large", tmp_path / "mobilenet.pth")
    assert isinstance(loaded, MobileNetV3)
    assert isinstance(load_features("resnet50", tmp_path / "resnet.pth"), ResNet50)


@pytest.mark.parametrize("name", NAMES[1:])
def test_the_others_fetch_what_is_published(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetch(weight_file: WeightFile, report: object = None) -> Path:
        asked.append((weight_file.name, report))
        raise StyleError("offline")

    monkeypatch.setattr(zoo, "fetch", fetch)

    def report(done: int, total: int | None) -> None: ...

    with pytest.raises(StyleError, match="offline"):
        load_features(name, report=report)
    assert asked == [(name, report)]
