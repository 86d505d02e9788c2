import math
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.training.toys import ToyFeatures, toy_content, toy_painting
from vidstyle.errors import OptionError, SinkError, StyleError
from vidstyle.export.onnx import folded
from vidstyle.network.generator import RoundableConv
from vidstyle.perceptual.color_transfer import color_map, partial_color_map
from vidstyle.training import trainer as train_module
from vidstyle.training.checkpoint import read_checkpoint
from vidstyle.training.data.dataset import Content
from vidstyle.training.data.examples import collage
from vidstyle.training.muon import Muon
from vidstyle.training.objective import Objective
from vidstyle.training.trainer import (
    FREEZE_AT,
    ROUND_AT,
    Trainer,
    TrainingSettings,
    learning_rate_at,
)

ABOUT = {"painting": "a", "size": "17k"}
SETTINGS = TrainingSettings(size_class="17k", steps=6, batch_size=2, crop=64)


def trainer(start: dict[str, Tensor] | None = None, **changes: Any) -> Trainer:
    settings = replace(SETTINGS, **changes)
    return Trainer(settings, toy_painting(), toy_content(), ToyFeatures(), start)


def at_first(run: Trainer, photos: Tensor) -> Tensor:
    with torch.no_grad():
        painted: Tensor = run.generator(photos)
    return painted


def colors(photos: Tensor) -> tuple[Tensor, Tensor]:
    """Those of the photos and of the painting that a trainer maps onto each other."""
    return photos.transpose(0, 1).flatten(1)[:, ::7], toy_painting()[0].flatten(1)


def mapped(photos: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    return torch.einsum("ij,njhw->nihw", matrix, photos) + offset.view(1, 3, 1, 1)


def tensors(value: Any) -> list[Tensor]:
    """All tensors and numbers in a nested state, in order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [tensor for part in value for tensor in tensors(part)]
    return [torch.tensor(value)] if isinstance(value, int | float) else []


def everything(of: Trainer) -> list[Tensor]:
    """What must be the same for two runs to be the same, clocks left out."""
    history = [{k: v for k, v in record.items() if k != "seconds"} for record in of.history]
    states = [of.generator.state_dict(), of.average.state_dict()]
    states += [optimizer.state_dict() for optimizer in of.optimizers]
    return tensors([*states, of.objective.layer_means, of.step, history])


def same(one: Trainer, other: Trainer) -> bool:
    pairs = zip(everything(one), everything(other), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.fixture
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Record the losses of every step."""
    monkeypatch.setattr(train_module, "RECORD_EVERY", 1)


def test_training_changes_every_weight() -> None:
    run = trainer()
    before = {name: p.clone() for name, p in run.generator.named_parameters()}
    run.run()
    assert run.step == 6
    assert run.done == 1
    for name, parameter in run.generator.named_parameters():
        assert not torch.equal(parameter, before[name]), name


def test_the_losses_go_down_on_pictures_it_never_saw() -> None:
    run = trainer(steps=80)
    crops = toy_content().crops(4, 96, 1000, 1)

    def total() -> float:
        torch.manual_seed(0)
        with torch.no_grad():
            return float(torch.stack(list(run._losses(crops).values())).sum())

    before = total()
    run.run()
    assert all(math.isfinite(value) for record in run.history for value in record.values())
    assert total() < 0.9 * before


def test_with_examples_it_learns_to_paint_like_them() -> None:
    photos = toy_content()
    examples = Content([255 - image for image in photos.images])
    run = Trainer(
        replace(SETTINGS, steps=60),
        collage(examples.images),
        photos,
        ToyFeatures(),
        examples=examples,
    )
    run.run()
    crops = photos.crops(4, 96, 1000, 1)
    with torch.no_grad():
        painted = run.finished_generator()(crops)
    assert (painted - (1 - crops)).abs().mean() < (painted - crops).abs().mean()
    assert run.recent_losses()["pixel"] < run.history[0]["pixel"]


def test_the_same_seed_trains_the_same_generator_and_another_does_not() -> None:
    runs = [trainer(seed=seed, steps=2) for seed in (1, 1, 2)]
    for run in runs:
        run.run()
    assert same(runs[0], runs[1])
    assert not torch.equal(runs[0].generator.paint.weight, runs[2].generator.paint.weight)


def test_it_starts_as_the_color_map_of_its_photos_onto_the_painting() -> None:
    photos = toy_content().crops(16, 96, 0, SETTINGS.seed)
    painted = at_first(trainer(), photos)
    expected = color_map(*colors(photos))
    assert torch.allclose(painted, mapped(photos, *expected), atol=1e-5)
    assert torch.allclose(
        painted.mean(dim=(0, 2, 3)), toy_painting().mean(dim=(0, 2, 3)), atol=0.02
    )


def test_with_own_colors_it_starts_with_more_of_the_photos_light_and_hue() -> None:
    photos = toy_content().crops(16, 96, 0, SETTINGS.seed)
    painted = at_first(trainer(own_colors=0.6), photos)
    expected = partial_color_map(*colors(photos), 0.6)
    assert torch.allclose(painted, mapped(photos, *expected), atol=1e-5)


def test_the_learning_rate_warms_up_and_follows_a_cosine() -> None:
    assert learning_rate_at(0) == 0.02
    assert learning_rate_at(0.005) == pytest.approx(0.25)
    assert learning_rate_at(0.01) == pytest.approx(0.5)
    for done in (0.1, 0.5, 0.75):
        assert learning_rate_at(done) == pytest.approx((1 + math.cos(math.pi * done)) / 2)
    assert learning_rate_at(1) == 0.02


def test_each_step_learns_at_its_rate() -> None:
    run = trainer()
    rates: list[list[float]] = []
    run.run(lambda: rates.append([o.param_groups[0]["lr"] for o in run.optimizers]))
    expected = [SETTINGS.learning_rate * learning_rate_at(step / 6) for step in range(6)]
    for of_one in zip(*rates, strict=True):
        assert of_one == pytest.approx(expected)


def test_every_weight_has_one_optimizer() -> None:
    run = trainer()
    groups = [group for optimizer in run.optimizers for group in optimizer.param_groups]
    theirs = sorted(id(weight) for group in groups for weight in group["params"])
    assert theirs == sorted(id(weight) for weight in run.generator.parameters())


def test_norms_freeze_and_weights_round_at_their_shares() -> None:
    run = trainer(steps=20, batch_size=1)
    kept, rounding = [], []
    norm = run.generator.stem.norm
    assert norm.running_mean is not None
    before = norm.running_mean.clone()

    def look() -> None:
        nonlocal before
        assert norm.running_mean is not None
        kept.append(torch.equal(norm.running_mean, before))
        before = norm.running_mean.clone()
        convolutions = [m for m in run.generator.modules() if isinstance(m, RoundableConv)]
        assert len({conv.rounding for conv in convolutions}) == 1
        rounding.append(convolutions[0].rounding)

    run.run(look)
    assert kept == [step / 20 > FREEZE_AT for step in range(20)]
    assert rounding == [step / 20 > ROUND_AT for step in range(20)]


def test_the_average_follows_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_module, "AVERAGE_DECAY", 0.3)
    decays = iter((2 / 11, 3 / 12, 0.3))  # the fourth would be 4 / 13
    run = trainer(steps=4)
    expected: list[Tensor] = []

    def follow() -> None:
        weight = run.generator.stem.conv.weight.detach().clone()
        expected.append(torch.lerp(weight, expected[-1], next(decays)) if expected else weight)

    run.run(follow)
    finished = run.finished_generator()
    assert torch.allclose(finished.stem.conv.weight, expected[-1], atol=1e-6)
    assert not torch.allclose(finished.stem.conv.weight, run.generator.stem.conv.weight, atol=1e-6)
    assert not finished.training


def test_a_style_to_start_from_is_taken_over() -> None:
    first = trainer(steps=3)
    first.run()
    weights = {name: p.detach() for name, p in folded(first.generator).named_parameters()}
    second = trainer(start=weights)
    assert torch.equal(second.generator.stem.conv.weight, weights["stem.weight"])
    assert torch.equal(second.generator.paint.weight, weights["paint.weight"])
    with pytest.raises(StyleError, match="another architecture"):
        trainer(start=weights, size_class="55k")


def test_gradients_are_clipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adam does not mind the scale, so look at what it is given."""
    run = trainer(steps=1, weights=replace(SETTINGS.weights, style=1e4))
    run.run()
    gradients = [p.grad for p in run.generator.parameters() if p.grad is not None]
    assert float(torch.cat([g.flatten() for g in gradients]).norm()) == pytest.approx(1, rel=1e-3)


def test_time_ends_a_run_without_steps() -> None:
    run = trainer(steps=None, seconds=0.3)
    assert run.left_s == pytest.approx(0.3)
    run.run()
    assert run.step >= 1
    assert run.elapsed_s >= 0.3
    assert run.done == 1 and run.left_s == 0


def test_the_time_left_is_told_from_the_pace() -> None:
    run = trainer()
    run.step, run.elapsed_s = 2, 5.0
    assert run.left_s == pytest.approx(10)


@pytest.mark.parametrize("changes", [{"precision": torch.bfloat16}, {"low_memory": True}])
def test_cheaper_arithmetic_learns_about_the_same(
    changes: dict[str, Any], every_step: None
) -> None:
    usual, cheap = trainer(steps=2), trainer(steps=2, **changes)
    for run in (usual, cheap):
        run.run()
    losses = usual.recent_losses()
    assert losses.keys() >= {"style", "patch", "content", "temporal"}
    for name, value in cheap.recent_losses().items():
        assert value == pytest.approx(losses[name], rel=0.05, abs=0.01), name


def test_recent_losses_are_the_mean_of_the_last_hundred_steps() -> None:
    run = trainer()
    assert run.recent_losses() == {}
    run.history = [{"step": n, "seconds": 0.0, "style": float(n)} for n in range(10, 160, 10)]
    assert run.recent_losses() == {"style": pytest.approx(105)}


def test_a_resumed_run_is_the_run_in_one_go(tmp_path: Path, every_step: None) -> None:
    whole = trainer()
    whole.run()
    first = trainer()
    run_to(first, 3)
    first.save(tmp_path / "run.pt", ABOUT)
    second = trainer()
    second.load(tmp_path / "run.pt", ABOUT)
    assert second.step == 3
    assert second.elapsed_s == first.elapsed_s
    second.run()
    assert same(whole, second)
    assert [record["step"] for record in second.history] == [1, 2, 3, 4, 5, 6]


def run_to(run: Trainer, step: int) -> None:
    """Train until this step is done, then stop as Ctrl-C does."""

    def stop() -> None:
        if run.step == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.run(stop)


@pytest.mark.parametrize("part", ["loss", "update"])
def test_ctrl_c_within_a_step_leaves_the_state_between_two_steps(
    monkeypatch: pytest.MonkeyPatch, every_step: None, part: str
) -> None:
    whole, interrupted = trainer(), trainer()
    run_to(whole, 3 if part == "loss" else 4)  # an update that has begun is completed
    run_to(interrupted, 3)
    steady, update = Objective.losses, Muon.step

    def losses(*arguments: Any) -> dict[str, Tensor]:
        steady(*arguments)
        raise KeyboardInterrupt

    def step(*arguments: Any) -> None:
        update(*arguments)
        signal.raise_signal(signal.SIGINT)

    if part == "loss":
        monkeypatch.setattr(Objective, "losses", losses)
    else:
        monkeypatch.setattr(Muon, "step", step)
    with pytest.raises(KeyboardInterrupt):
        interrupted.run()
    assert same(whole, interrupted)
    monkeypatch.undo()
    monkeypatch.setattr(train_module, "RECORD_EVERY", 1)
    for each in (whole, interrupted):
        each.run()
    assert same(whole, interrupted)


def test_resuming_late_goes_on_frozen_and_rounded(tmp_path: Path) -> None:
    whole = trainer(steps=10, batch_size=1)
    whole.run()
    first, second = (trainer(steps=10, batch_size=1) for _ in range(2))
    run_to(first, 9)  # both switches are on
    first.save(tmp_path / "run.pt", ABOUT)
    second.load(tmp_path / "run.pt", ABOUT)
    second.run()
    assert same(whole, second)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("checkpoint") / "run.pt"
    trainer().save(file, ABOUT)
    return file


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"painting": "b", "size": "17k"}, "was made with another painting. Resume with"),
        ({"painting": "b", "size": "55k"}, "was made with another painting and size. Resume with"),
        (ABOUT | {"seed": 1}, "was made with another seed. Resume with"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(
    checkpoint: Path, about: dict[str, Any], reason: str
) -> None:
    run = trainer()
    with pytest.raises(StyleError, match=reason):
        run.load(checkpoint, about)
    assert same(run, trainer())


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    file = tmp_path / "run.pt"
    run = trainer(steps=2)
    run.save(file, ABOUT)
    run.run()
    old = file.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(old) // 2, hard))
    try:
        with pytest.raises(SinkError, match=r"run\.pt \(File too large\).* make room") as raised:
            run.save(file, ABOUT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(raised.value)
    assert file.read_bytes() == old
    assert list(tmp_path.iterdir()) == [file]
    run.save(file, ABOUT)  # there is room again
    assert read_checkpoint(file)["step"] == 2


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="Cannot write"):
        trainer().save(tmp_path / "none" / "run.pt", ABOUT)


def test_ctrl_c_while_saving_leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(file: Path, _: object) -> None:
        file.touch()
        raise KeyboardInterrupt

    run = trainer()
    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.save(tmp_path / "run.pt", ABOUT)
    assert list(tmp_path.iterdir()) == []


def test_a_batch_is_shared_out_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
    monkeypatch.setattr("torch.distributed.get_rank", lambda: 0)
    monkeypatch.setattr("torch.distributed.get_world_size", lambda: 2)
    with pytest.raises(OptionError, match=r"^batch must be a multiple of 2"):
        trainer(batch_size=3)
