"""Training of the weight predictor."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.textures import noise_image
from tools.predictor import paintings as paintings_module
from tools.predictor import train as module
from tools.predictor.muon import StackedMuon
from tools.predictor.paintings import PARTS, Painting, listed, measured
from tools.predictor.train import PredictorTraining, read_state
from vidstyle.errors import StyleError
from vidstyle.media.image_file import write_photo
from vidstyle.perceptual.color_transfer import to_tensor
from vidstyle.perceptual.zoo import load_features
from vidstyle.training.data.dataset import procedural_content
from vidstyle.training.muon import Muon
from vidstyle.training.objective import StyleTargets

TABLE = "file,artist\na-one.png,Monet\na-two.png,Paul Klee\nb-three.png,Cézanne\n"
NUMBERS = 50


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> PredictorTraining:
    return training(monkeypatch)


def training(monkeypatch: pytest.MonkeyPatch) -> PredictorTraining:
    """A run of two steps, with small crops and two paintings."""
    monkeypatch.setattr(module, "CROP", 96)
    monkeypatch.setattr(module, "PROBES", 2)
    return PredictorTraining([painting(1), painting(2)], procedural_content(4), steps=2)


def painting(seed: int) -> Painting:
    picture = to_tensor(noise_image(96, 96, seed, blur=2))[None]
    random = torch.Generator().manual_seed(seed)
    return Painting(
        name=f"toy-{seed}",
        group="toy",
        numbers=torch.randn(30, NUMBERS, generator=random),
        style=StyleTargets.of(load_features("slim"), picture),
        pixels=picture[0].flatten(1),
        covariance=torch.cov(picture[0].flatten(1)),
    )


def weights_of(run: PredictorTraining) -> Tensor:
    return torch.cat([p.detach().flatten() for p in run.predictor.parameters()])


def test_paintings_of_unwanted_artists_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "SOURCES.csv").write_text(TABLE, encoding="utf-8")
    files = listed(tmp_path, ["KLEE", "cézanne"])
    assert files == [(tmp_path / "a-one.png", tmp_path.name)]
    assert len(listed(tmp_path, [])) == 3


def test_names_that_begin_alike_are_a_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paintings_module, "SMALLEST_GROUP", 2)
    (tmp_path / "SOURCES.csv").write_text(TABLE, encoding="utf-8")
    assert [group for _, group in listed(tmp_path, [])] == ["a", "a", tmp_path.name]


def test_a_painting_is_measured_whole_and_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paintings_module, "SHORT_SIDE", 96)
    write_photo(tmp_path / "oil.png", 255 * (noise_image(96, 120, seed=1) // 128))
    random = np.random.default_rng(1)
    found = measured(tmp_path / "oil.png", "toys", load_features("slim"), random)
    assert (found.name, found.group) == ("oil", "toys")
    assert len(found.numbers) == 1 + PARTS
    targets = found.targets()
    for tensor in (*targets.grams.values(), *targets.vectors.values()):
        assert tensor.dtype == torch.float32
        assert tensor.isfinite().all()
    torch.testing.assert_close(found.covariance, found.covariance.T)


def test_a_resumed_training_is_the_unbroken_one(
    run: PredictorTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = weights_of(run)
    monkeypatch.setattr(module, "SAVED_EVERY", 1)
    monkeypatch.setattr(run, "save", lambda file: PredictorTraining.save(run, file / str(run.step)))
    run.train(tmp_path)
    resumed = training(monkeypatch)
    resumed.load(tmp_path / "1")
    assert resumed.step == 1
    resumed.train(tmp_path / "end")
    torch.testing.assert_close(weights_of(resumed), weights_of(run), atol=1e-5, rtol=0)
    assert (weights_of(run) - before).abs().max() > 1e-4
    numbers, predictor = read_state(tmp_path / "2")
    torch.testing.assert_close(numbers.projection, run.numbers.projection)
    for name, tensor in predictor.state_dict().items():
        torch.testing.assert_close(tensor, run.average.state_dict()[name])


def test_a_file_that_is_no_checkpoint_is_refused(run: PredictorTraining, tmp_path: Path) -> None:
    (tmp_path / "none.pt").write_text("no checkpoint")
    with pytest.raises(StyleError):
        run.load(tmp_path / "none.pt")


def test_each_kernel_of_a_stack_moves_as_one_alone() -> None:
    torch.manual_seed(1)
    stack = torch.nn.Parameter(torch.randn(3, 8, 4, 3, 3))
    alone = [torch.nn.Parameter(kernel.detach().clone()) for kernel in stack]
    both = [StackedMuon([stack], 0.01), Muon(alone, 0.01)]
    for _ in range(2):
        stack.grad = torch.randn_like(stack)
        for kernel, gradient in zip(alone, stack.grad, strict=True):
            kernel.grad = gradient.clone()
        for optimizer in both:
            optimizer.step()
    torch.testing.assert_close(stack.detach(), torch.stack([kernel.detach() for kernel in alone]))
