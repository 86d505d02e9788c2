import pytest
import torch
from torch import Tensor

from vidstyle.training.data.augment import (
    MAX_BEND_PX,
    MAX_GAIN_CHANGE,
    MAX_SHIFT_PX,
    MAX_TURN,
    NOISE,
    CameraMotion,
    with_noise,
)


def places(motion: CameraMotion) -> tuple[Tensor, Tensor]:
    """Where each pixel comes from, in pixels: x and y, NxHxW."""
    _, height, width, _ = motion.grid.shape
    return ((motion.grid[..., 0] + 1) * width - 1) / 2, ((motion.grid[..., 1] + 1) * height - 1) / 2


def traveled(motion: CameraMotion) -> Tensor:
    """How far each pixel has come, in pixels, NxHxW."""
    x, y = places(motion)
    _, height, width = x.shape
    return torch.hypot(x - torch.arange(width), y - torch.arange(height)[:, None])


@pytest.fixture
def motion() -> CameraMotion:
    torch.manual_seed(0)
    return CameraMotion.random(torch.zeros(60, 3, 48, 80))


def test_shapes_follow_the_pictures(motion: CameraMotion) -> None:
    assert motion.grid.shape == (60, 48, 80, 2)
    assert motion.gain.shape == (60, 1, 1, 1)
    assert motion.apply(torch.rand(60, 3, 48, 80)).shape == (60, 3, 48, 80)


def test_half_of_the_pictures_keep_still(motion: CameraMotion) -> None:
    still = traveled(motion).amax(dim=(1, 2)) < 1e-3
    assert 18 <= int(still.sum()) <= 42
    images = torch.rand(60, 3, 48, 80)
    moved = motion.apply(images)
    assert torch.allclose(moved[still], (images * motion.gain)[still], atol=1e-3)
    assert not torch.allclose(moved[~still], (images * motion.gain)[~still], atol=0.1)


def test_no_pixel_goes_further_than_said(motion: CameraMotion) -> None:
    corner = (24**2 + 40**2) ** 0.5
    turned_and_zoomed = 2**0.5 * MAX_TURN * corner
    bend = 1.5 * MAX_BEND_PX  # bicubic curves overshoot their knots
    assert traveled(motion).max() <= 2**0.5 * (MAX_SHIFT_PX + bend) + turned_and_zoomed
    assert traveled(motion).max() > MAX_SHIFT_PX / 2


def test_a_motion_bends(motion: CameraMotion) -> None:
    """What no shift, turn or zoom explains: the second difference along a row."""
    x, _ = places(motion)
    bends = x.diff(n=2, dim=2).abs().amax(dim=(1, 2))
    still = traveled(motion).amax(dim=(1, 2)) < 1e-3
    assert (bends[~still] > 1e-3).all()


def test_the_moved_ramp_is_the_ramp_at_the_moved_places(motion: CameraMotion) -> None:
    x, y = torch.arange(80.0), torch.arange(48.0)[:, None]
    ramp = (0.003 * x + 0.01 * y + 0.1).expand(60, 1, 48, 80)
    at_x, at_y = places(motion)
    expected = (0.003 * at_x + 0.01 * at_y + 0.1)[:, None] * motion.gain
    inside = (at_x > 2) & (at_x < 77) & (at_y > 2) & (at_y < 45)
    assert inside.float().mean() > 0.5
    difference = (motion.apply(ramp) - expected)[inside[:, None]]
    assert difference.abs().max() < 0.1 * 0.01  # bicubic curves are a tenth of a pixel off


def test_the_light_changes_a_little_and_differs_between_pictures(motion: CameraMotion) -> None:
    assert ((motion.gain - 1).abs() <= MAX_GAIN_CHANGE).all()
    assert motion.gain.std() > MAX_GAIN_CHANGE / 4
    flat = torch.full((60, 3, 48, 80), 0.5)
    assert torch.allclose(motion.apply(flat), 0.5 * motion.gain.expand_as(flat), atol=1e-4)


def test_the_same_seed_gives_the_same_motion() -> None:
    images = torch.zeros(5, 3, 32, 32)
    motions = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        motions.append(CameraMotion.random(images))
    assert torch.equal(motions[0].grid, motions[1].grid)
    assert torch.equal(motions[0].gain, motions[1].gain)
    assert not torch.equal(motions[0].gain, motions[2].gain)


def test_noise_is_a_sensors_and_stays_in_range() -> None:
    torch.manual_seed(0)
    noise = with_noise(torch.full((1, 3, 64, 64), 0.5)) - 0.5
    assert float(noise.std()) == pytest.approx(NOISE, rel=0.05)
    assert abs(float(noise.mean())) < NOISE / 20
    dark = with_noise(torch.zeros(1, 3, 64, 64))
    assert dark.min() == 0 and dark.max() > NOISE
