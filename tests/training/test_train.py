from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.perceptual.weights import write_random_weights
from vidstyle.training.network import Architecture
from vidstyle.training.train import Trainer, TrainingSettings


@pytest.fixture
def settings(tmp_path: Path) -> TrainingSettings:
    random = np.random.default_rng(0)
    files = []
    for name in ("painting", "a", "b", "c"):
        noise = random.integers(0, 256, (180, 200, 3)).astype(np.uint8)
        file = tmp_path / f"{name}.png"
        cv2.imwrite(str(file), cv2.GaussianBlur(noise, (0, 0), 2))
        files.append(file)
    weights = tmp_path / "squeezenet.npz"
    write_random_weights(weights)
    return TrainingSettings(
        painting=files[0],
        photos=tuple(files[1:]),
        feature_weights=weights,
        checkpoint=tmp_path / "run.pt",
        steps=4,
        batch_size=1,
        crop=96,
        style_size=120,
        architecture=Architecture(channels=8, bottleneck=8, dilations=(1,), head_channels=8),
    )


def test_training_changes_the_generator_and_leaves_a_checkpoint(settings: TrainingSettings) -> None:
    trainer = Trainer(settings)
    before = trainer.generator.paint.weight.clone()
    trainer.run()
    assert trainer.step == 4
    assert not torch.equal(trainer.generator.paint.weight, before)
    assert settings.checkpoint.exists()


def test_the_same_seed_trains_the_same_generator(
    settings: TrainingSettings, tmp_path: Path
) -> None:
    weights = []
    for name in ("one.pt", "two.pt"):
        trainer = Trainer(replace(settings, checkpoint=tmp_path / name, steps=2))
        weights.append(trainer.run().paint.weight)
    assert torch.equal(*weights)


def test_a_run_goes_on_from_its_checkpoint(settings: TrainingSettings) -> None:
    Trainer(replace(settings, steps=2)).run()
    trainer = Trainer(settings)
    steps = []
    learn = trainer._train_on
    trainer._train_on = lambda photos: steps.append(trainer.step) or learn(photos)  # type: ignore
    trainer.run()
    assert steps == [2, 3]


def test_a_style_can_start_from_another(settings: TrainingSettings, tmp_path: Path) -> None:
    first = Trainer(replace(settings, steps=1)).run()
    second = Trainer(
        replace(settings, start_from=settings.checkpoint, checkpoint=tmp_path / "second.pt")
    )
    assert torch.equal(second.generator.stem.conv.weight, first.stem.conv.weight)
