import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.frame import Flow, Plane
from vidstyle.stylize.lucas_kanade import MAX_STEP_PX, refined


def shifted(dx: int, dy: int) -> tuple[Plane, Plane]:
    """Two pictures of 80x100: the first shows at (x, y) what the second has at (x+dx, y+dy)."""
    large = noise_image(120, 140, blur=2)[..., 0]
    return large[20 + dy : 100 + dy, 20 + dx : 120 + dx].copy(), large[20:100, 20:120].copy()


def constant(dx: float, dy: float) -> Flow:
    return np.tile(np.array([dx, dy], np.float32), (80, 100, 1))


@pytest.mark.parametrize(("off_x", "off_y"), [(0, 0), (0.4, -0.3), (-0.5, 0.5)])
def test_a_flow_that_is_off_by_half_a_pixel_comes_nearer(off_x: float, off_y: float) -> None:
    here, there = shifted(3, -2)
    flow = refined(constant(3 + off_x, -2 + off_y), here, there)[10:-10, 10:-10]
    error = np.linalg.norm(flow - (3, -2), axis=2).mean()
    assert error < max(0.02, np.hypot(off_x, off_y) / 2)


def test_a_picture_without_texture_keeps_its_flow() -> None:
    gray = np.full((80, 100), 90, np.uint8)
    assert np.array_equal(refined(constant(1.5, 2), gray, gray), constant(1.5, 2))


def test_the_step_is_limited() -> None:
    here, there = shifted(8, 8)
    steps = refined(constant(0, 0), here, there)
    assert 0.5 < np.abs(steps).max() <= MAX_STEP_PX
