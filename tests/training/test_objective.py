"""Each loss against its formula, written again with NumPy or plain loops."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tests.training.toys import ToyFeatures, toy_painting
from vidstyle.perceptual.losses import (
    SPREAD_FLOOR,
    grid_loss,
    relaxed_earth_mover_loss,
    structure_loss,
)
from vidstyle.training import objective as objective_module
from vidstyle.training.data.augment import CameraMotion
from vidstyle.training.objective import (
    MARGIN,
    MEMORY,
    LossWeights,
    Objective,
    StyleTargets,
    as_vectors,
)

SIDE = 32  # px inside the margin
WEIGHTS = LossWeights(
    style=1.1,
    patch=1.2,
    content=1.3,
    tone=1.4,
    structure=1.45,
    grid=1000,
    tv=1.5,
    temporal=1.6,
    range=1.7,
)

Array = NDArray[np.float64]


@pytest.fixture
def objective(monkeypatch: pytest.MonkeyPatch) -> Objective:
    # Along the axes, standard deviations are those of the channels.
    monkeypatch.setattr(objective_module, "_directions", lambda c: torch.eye(c.shape[1]))
    return Objective(ToyFeatures(), toy_targets(), WEIGHTS)


def toy_targets() -> StyleTargets:
    return StyleTargets.of(ToyFeatures(), toy_painting())


def pictures(seed: int, count: int = 2) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    side = SIDE + 2 * MARGIN
    noise = torch.rand(count, 3, side // 4, side // 4, generator=random)
    return functional.interpolate(noise, scale_factor=4, mode="bicubic", align_corners=False)


def seen(images: Tensor) -> dict[str, Array]:
    return {name: part.double().numpy() for name, part in ToyFeatures()(images).items()}


def inner(images: Tensor) -> Tensor:
    return images[:, :, MARGIN : MARGIN + SIDE, MARGIN : MARGIN + SIDE]


def still(count: int = 2) -> CameraMotion:
    side = SIDE + 2 * MARGIN
    grid = functional.affine_grid(
        torch.eye(2, 3).expand(count, 2, 3), [count, 1, side, side], False
    )
    return CameraMotion(grid, torch.ones(count, 1, 1, 1))


def losses(objective: Objective, painted: Tensor) -> dict[str, Tensor]:
    return objective.losses(pictures(2), painted, pictures(4), still())


def gram(activations: Array) -> Array:
    """CxHxW to CxC."""
    flat = activations.reshape(len(activations), -1)
    return np.array([[np.mean(a * b) for b in flat] for a in flat])


def covariance(activations: Array) -> Array:
    """CxHxW to CxC."""
    return np.cov(activations.reshape(len(activations), -1), bias=True)


def gram_losses(images: Tensor) -> list[float]:
    """By layer: each picture's covariances and its spread, and the Gram matrix of all together."""
    painting, painted = seen(toy_painting()), seen(images)
    found = []
    for name in ("fine", "coarse"):
        texture = covariance(painting[name][0])
        textures = [covariance(activations) for activations in painted[name]]
        alone = [np.sum((c - texture) ** 2) / np.sum(texture**2) for c in textures]
        variances = np.array([np.diag(c) for c in (texture, *textures)])
        wanted, *deviations = np.sqrt(variances + SPREAD_FLOOR * variances[0].mean())
        spreads = [np.sum((d - wanted) ** 2) / np.sum(wanted**2) for d in deviations]
        target = gram(painting[name][0])
        grams = [gram(activations) for activations in painted[name]]
        together = np.sum((np.mean(grams, axis=0) - target) ** 2) / np.sum(target**2)
        found.append(float(np.mean(alone) + 2 * np.mean(spreads) + 2 * together) / 5)
    return found


def cosine_distances(here: Array, there: Array) -> Array:
    lengths = [np.linalg.norm(vectors, axis=1) for vectors in (here, there)]
    distances: Array = 1 - here @ there.T / np.maximum(np.outer(*lengths), 1e-12)
    return distances


def flat(activations: Array) -> Array:
    vectors: Array = np.moveaxis(activations, 1, -1).reshape(-1, activations.shape[1])
    return vectors


def test_the_gram_loss_is_the_formula(objective: Objective) -> None:
    means = np.array([0.2, 3.0])  # the second layer lags behind
    objective.layer_means = torch.tensor([0.2, 3.0])
    for seed in (1, 2, 3):  # the running means have a memory
        images = pictures(seed)
        by_layer = np.array(gram_losses(images))
        means = MEMORY * means + (1 - MEMORY) * by_layer
        lag = np.sqrt(means / means.mean())
        expected = np.sum(by_layer * lag / lag.mean()) / 2
        found = objective.gram_loss(objective.features(images))
        assert float(found) == pytest.approx(expected, rel=1e-4)
    assert objective.layer_means.numpy() == pytest.approx(means, rel=1e-5)


def test_the_painting_itself_has_no_style_loss(objective: Objective) -> None:
    found = objective.features(toy_painting())
    assert objective.gram_loss(found) < 1e-8


def test_textures_are_seen_from_other_sides_each_time() -> None:
    torch.manual_seed(0)
    objective = Objective(ToyFeatures(), toy_targets(), WEIGHTS)
    found = objective.features(pictures(1))
    first, second = (float(objective.gram_loss(found)) for _ in range(2))
    assert first == pytest.approx(second, rel=0.2)
    assert abs(first - second) > 1e-6 * first


def test_the_patch_loss_is_the_slow_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objective_module, "PATCHES", 10**6)  # all places there are
    detail = toy_painting()[..., :60, :70]  # of the whole, distances would be a gigabyte
    targets = StyleTargets.of(ToyFeatures(), detail)
    objective = Objective(ToyFeatures(), targets, WEIGHTS)
    images = pictures(1, count=1)
    painting, painted = seen(detail), seen(images)
    expected = []
    for name in ("fine", "coarse"):
        here, there = flat(painted[name]), flat(painting[name])
        center = there.mean(axis=0)  # the painting's, taken from both
        distances = cosine_distances(here - center, there - center)
        expected.append(max(distances.min(axis=1).mean(), distances.min(axis=0).mean()))
    found = objective.patch_loss(objective.features(images))
    assert float(found) == pytest.approx(np.mean(expected), rel=1e-3)


def test_patches_are_drawn_anew_each_time(
    objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objective_module, "PATCHES", 20)
    asked = []

    def spied(vectors: Tensor, target: Tensor) -> Tensor:
        asked.append((vectors, target))
        return relaxed_earth_mover_loss(vectors, target)

    monkeypatch.setattr(objective_module, "relaxed_earth_mover_loss", spied)
    found = objective.features(pictures(1))
    for _ in range(2):
        objective.patch_loss(found)
    assert [(len(v), len(t)) for v, t in asked] == [(20, 20)] * 4
    assert not torch.equal(asked[0][0], asked[2][0])
    assert not torch.equal(asked[0][1], asked[2][1])
    center = as_vectors(ToyFeatures()(toy_painting())["fine"]).mean(dim=0)
    to_places = torch.cdist(asked[0][0] + center, as_vectors(found["fine"]))
    assert to_places.amin(dim=1).max() < 1e-3  # each one is a place of the picture


def test_a_vector_is_one_place() -> None:
    activations = torch.rand(2, 5, 3, 4)
    vectors = as_vectors(activations)
    assert vectors.shape == (24, 5)
    assert torch.equal(vectors[12 + 1 * 4 + 2], activations[1, :, 1, 2])


def test_all_losses_are_their_formulas_times_their_weights(objective: Objective) -> None:
    recolored, again = pictures(2), pictures(4)
    painted = pictures(3) * 1.3 - 0.1  # leaves 0..1
    torch.manual_seed(0)
    motion = CameraMotion.random(again)
    found = objective.losses(recolored, painted, again, motion)
    moved = inner(motion.apply(painted.clamp(0, 1))).numpy()
    inside = inner(painted)
    clipped = inside.clamp(0, 1)
    x, other = clipped.numpy(), inner(recolored).numpy()
    content, target = seen(clipped), seen(inner(recolored))
    ratios = [
        np.sum((content[name] - target[name]) ** 2) / np.sum(target[name] ** 2)
        for name in ("fine", "coarse")
    ]
    cells = [
        (x[n, c, i : i + 8, j : j + 8].mean() - other[n, c, i : i + 8, j : j + 8].mean()) ** 2
        for n in range(2)
        for c in range(3)
        for i in range(0, SIDE, 8)
        for j in range(0, SIDE, 8)
    ]
    by_layer = np.array(gram_losses(clipped))
    means = MEMORY + (1 - MEMORY) * by_layer
    lag = np.sqrt(means / means.mean())
    expected = {
        "style": 1.1 * np.sum(by_layer * lag / lag.mean()) / 2,
        "content": 1.3 * np.mean(ratios),
        "tone": 1.4 * np.mean(cells),
        "structure": 1.45 * float(structure_loss(clipped, inner(recolored))),
        "grid": 1000 * float(grid_loss(clipped)),
        "tv": 1.5 * (np.mean(np.diff(x, axis=3) ** 2) + np.mean(np.diff(x, axis=2) ** 2)),
        "temporal": 1.6 * np.mean((inner(again).numpy() - moved) ** 2),
        "range": 1.7 * np.mean(np.square(inside.numpy() - np.clip(inside.numpy(), 0, 1))),
    }
    assert found.keys() == expected.keys() | {"patch"}
    for name, value in expected.items():
        assert value > 1e-4
        assert float(found[name]) == pytest.approx(value, rel=1e-3), name


def test_steadiness_never_asks_for_colors_that_are_none(objective: Objective) -> None:
    """A network far outside of 0..1 ran further away: the calmer picture went after the other."""
    painted, again = (torch.full_like(pictures(2), level) for level in (4.0, 3.0))
    again.requires_grad_()
    steady = objective.losses(pictures(2), painted, again, still())["temporal"]
    (slope,) = torch.autograd.grad(steady, again)
    assert inner(slope).min() > 0  # down, back to what can be shown


def test_a_stylization_that_moves_with_the_picture_is_steady(objective: Objective) -> None:
    painted = pictures(3).clamp(0, 1)
    torch.manual_seed(0)
    motion = CameraMotion.random(painted)
    steady = objective.losses(pictures(2), painted, motion.apply(painted), motion)["temporal"]
    stays = objective.losses(pictures(2), painted, painted, motion)["temporal"]
    assert steady < 1e-10
    assert stays > 1e-3


def test_no_loss_sees_the_margin(objective: Objective) -> None:
    painted = pictures(3)
    other = painted.clone()
    other[..., : MARGIN - 2, :] = 7.0
    other[..., :, SIDE + MARGIN + 2 :] = -7.0
    found = []
    for images in (painted, other):
        objective.layer_means = torch.ones(2)
        torch.manual_seed(0)
        found.append(losses(objective, images))
    for name in found[0]:
        assert float(found[0][name]) == pytest.approx(float(found[1][name]), rel=1e-4), name


def test_colors_out_of_range_cost_by_how_far(objective: Objective) -> None:
    assert losses(objective, pictures(3).clamp(0, 1))["range"] == 0
    found = losses(objective, torch.full_like(pictures(3), 1.5))["range"]
    assert float(found) == pytest.approx(1.7 * 0.25)


def test_low_memory_gives_the_same_losses_and_gradients() -> None:
    found = []
    for low_memory in (False, True):
        objective = Objective(ToyFeatures(), toy_targets(), WEIGHTS, low_memory)
        torch.manual_seed(0)
        painted = pictures(3).requires_grad_()
        parts = losses(objective, painted)
        torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]
        assert painted.grad is not None
        found.append(({name: float(part.detach()) for name, part in parts.items()}, painted.grad))
    (plain, gradient), (low, low_gradient) = found
    assert low == pytest.approx(plain, rel=1e-6)
    assert torch.allclose(low_gradient, gradient, atol=1e-7)
    assert gradient.abs().max() > 1e-4
