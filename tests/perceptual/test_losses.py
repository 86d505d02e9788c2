import numpy as np
import pytest
import torch

from vidstyle.perceptual.losses import (
    centered,
    content_loss,
    gram_matrix,
    grid_loss,
    relaxed_earth_mover_loss,
    spread_loss,
    structure_loss,
    style_loss,
    tone_loss,
    tv_loss,
)

EYE = torch.eye(4)
PHASES = ((0, 0), (0, 1), (1, 0), (1, 1))  # row and column of a pixel in its cell


def test_the_gram_matrix_is_the_slow_loops() -> None:
    x = torch.rand(2, 3, 4, 5)
    found = gram_matrix(x)
    for n in range(2):
        for i in range(3):
            for j in range(3):
                expected = sum(
                    float(x[n, i, row, column] * x[n, j, row, column])
                    for row in range(4)
                    for column in range(5)
                )
                assert np.isclose(float(found[n, i, j]), expected / 20, rtol=1e-5)


def test_a_gram_matrix_does_not_know_the_picture_size() -> None:
    x = torch.rand(1, 3, 4, 5)
    assert torch.allclose(gram_matrix(x), gram_matrix(torch.cat([x, x], dim=3)))


def test_losses_are_nothing_for_the_target_itself() -> None:
    x = torch.rand(2, 4, 6, 6)
    grams = gram_matrix(x)
    assert style_loss(grams[:1], grams[:1]) == 0
    assert content_loss(x, x) == 0
    vectors = x.permute(0, 2, 3, 1).flatten(0, 2)
    assert relaxed_earth_mover_loss(vectors, vectors) < 1e-6
    assert tv_loss(torch.full((1, 3, 8, 8), 0.3)) == 0


def test_losses_are_ratios() -> None:
    target = torch.rand(1, 5, 6, 6)
    assert np.isclose(float(content_loss(torch.zeros_like(target), target)), 1)
    gram = gram_matrix(target)
    assert np.isclose(float(style_loss(torch.zeros_like(gram), gram)), 1)
    assert np.isclose(float(style_loss(3 * gram, gram)), 4, rtol=1e-5)


def test_tv_is_the_mean_squared_step() -> None:
    x = torch.rand(1, 3, 5, 7)
    a = x.numpy()
    expected = np.mean(np.diff(a, axis=3) ** 2) + np.mean(np.diff(a, axis=2) ** 2)
    assert np.isclose(float(tv_loss(x)), expected, rtol=1e-5)


def test_the_earth_mover_is_the_slow_loops() -> None:
    here, there = torch.rand(6, 4), torch.rand(9, 4)

    def distance(a: torch.Tensor, b: torch.Tensor) -> float:
        return 1 - float(a @ b / (a.norm() * b.norm()))

    to_there = np.mean([min(distance(a, b) for b in there) for a in here])
    to_here = np.mean([min(distance(a, b) for a in here) for b in there])
    found = float(relaxed_earth_mover_loss(here, there))
    assert np.isclose(found, max(to_there, to_here), atol=1e-5)


def test_the_tone_is_the_mean_of_cells_and_no_finer() -> None:
    images = torch.rand(1, 3, 16, 24)
    shuffled = images.clone()
    shuffled[..., :8, :8] = images[..., :8, :8].flip(3)  # other pixels, same mean
    assert tone_loss(shuffled, images) < 1e-10
    assert np.isclose(float(tone_loss(images + 0.5, images)), 0.25, rtol=1e-4)


def test_a_grid_is_the_variance_of_its_four_means() -> None:
    images = torch.rand(1, 3, 8, 12)
    pixels = images[0].numpy()
    expected = [
        np.var([pixels[c, i::2, x + j : x + 4 : 2][y // 2 : y // 2 + 2].mean() for i, j in PHASES])
        for c in range(3)
        for y in range(0, 8, 4)
        for x in range(0, 12, 4)
    ]
    assert np.isclose(float(grid_loss(images, window=2)), np.mean(expected), rtol=1e-5)


def test_a_board_is_a_grid_and_grain_is_not() -> None:
    board = (torch.arange(64)[:, None] + torch.arange(64)) % 2
    random = torch.Generator().manual_seed(0)
    grain = torch.randint(0, 2, (1, 3, 64, 64), generator=random)
    assert grid_loss(0.1 * board.expand(1, 3, 64, 64)) > 50 * grid_loss(0.1 * grain)


def test_structure_is_the_slow_correlation() -> None:
    images, target = torch.rand(1, 3, 8, 10), torch.rand(1, 3, 8, 10)
    lumas = [x[0].numpy().transpose(1, 2, 0) @ (0.299, 0.587, 0.114) for x in (images, target)]
    first, second = (x.reshape(4, 2, 5, 2).mean(axis=(1, 3)) for x in lumas)
    missing, weights = [], []
    for row in range(2):
        for column in range(3):
            a, b = (x[row : row + 3, column : column + 3].ravel() for x in (first, second))
            missing.append(1 - np.corrcoef(a, b)[0, 1])
            weights.append(b.std())
    found = float(structure_loss(images, target, cell=2, window=3))
    assert np.isclose(found, np.average(missing, weights=weights), atol=1e-3)


def test_structure_asks_for_the_shape_of_shades_and_not_for_their_strength() -> None:
    target = torch.rand(1, 3, 8, 8).repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)
    assert structure_loss(0.3 * target + 0.5, target) < 1e-2
    assert structure_loss(1 - target, target) > 1.9
    flat = torch.full_like(target, 0.5)
    assert structure_loss(target, flat) < 1e-3  # strokes on flat ground cost nothing


def test_the_gradient_of_a_gram_matrix_is_right() -> None:
    random = torch.Generator().manual_seed(0)
    activations = torch.randn(2, 3, 4, 5, dtype=torch.float64, generator=random).requires_grad_()
    assert torch.autograd.gradcheck(gram_matrix, activations)


def test_centered_gram_matrices_are_covariances() -> None:
    activations = torch.rand(2, 3, 4, 5)
    found = centered(gram_matrix(activations), activations.mean(dim=(2, 3)))
    for n in range(2):
        expected = torch.cov(activations[n].flatten(1), correction=0)
        assert torch.allclose(found[n], expected, atol=1e-6)


def test_spread_compares_the_standard_deviations_of_projections() -> None:
    random = torch.Generator().manual_seed(1)
    points, painting = (torch.randn(n, 500, 4, generator=random) for n in (3, 1))
    points[1] *= 0.3
    directions = torch.randn(4, 6, generator=random)
    wanted = (painting[0] @ directions).std(dim=0, correction=0)
    expected = [
        float(((p @ directions).std(dim=0, correction=0) - wanted).square().sum())
        / float(wanted.square().sum())
        for p in points
    ]
    found = spread_loss(covariances(points), covariances(painting), directions)
    assert float(found) == pytest.approx(np.mean(expected), rel=1e-3)


def test_spread_pulls_at_flat_ground_and_covariances_do_not() -> None:
    painting = torch.randn(1, 500, 4, generator=torch.Generator().manual_seed(1))
    slopes = {}
    for contrast in (1e-2, 0.5):
        strength = torch.tensor(contrast, requires_grad=True)
        losses = {
            "covariances": style_loss(covariances(strength * painting), covariances(painting)),
            "spread": spread_loss(covariances(strength * painting), covariances(painting), EYE),
        }
        for name, loss in losses.items():
            (slope,) = torch.autograd.grad(loss, strength, retain_graph=True)
            slopes[name, contrast] = -float(slope)
    assert slopes["covariances", 1e-2] < 0.05 * slopes["covariances", 0.5]
    assert slopes["spread", 1e-2] > slopes["spread", 0.5] > 0


def covariances(points: torch.Tensor) -> torch.Tensor:
    """NxPxC to NxCxC."""
    apart = points - points.mean(dim=1, keepdim=True)
    return apart.transpose(1, 2) @ apart / points.shape[1]
