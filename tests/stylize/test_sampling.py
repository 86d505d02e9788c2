import numpy as np
import pytest

from vidstyle.frame import Flow
from vidstyle.stylize.sampling import sample_along, scaled_flow


def ramp_and_flow(dx: float, dy: float) -> tuple[Flow, Flow]:
    """A field that holds its own coordinates, 20x30, and a constant flow."""
    places = np.dstack(np.meshgrid(np.arange(30), np.arange(20))).astype(np.float32)
    return places, np.tile(np.array([dx, dy], np.float32), (20, 30, 1))


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (3, -2), (-0.5, 1.25)])
def test_values_are_those_at_the_end_of_the_flow(dx: float, dy: float) -> None:
    places, flow = ramp_and_flow(dx, dy)
    found = sample_along(places, flow)
    assert np.allclose(found[4:-4, 4:-4], (places + flow)[4:-4, 4:-4], atol=1e-2)


def test_beyond_the_border_are_the_border_or_the_given_values() -> None:
    places, flow = ramp_and_flow(-100, 0)
    assert np.array_equal(sample_along(places, flow)[..., 0], np.zeros((20, 30)))
    assert np.array_equal(sample_along(places, flow, (7, 8)), np.full((20, 30, 2), (7, 8)))


def test_a_scaled_flow_is_the_slow_loops() -> None:
    flow = np.random.default_rng(1).normal(0, 2, (5, 7, 2)).astype(np.float32)
    found = scaled_flow(flow, 21, 15)
    for y in range(15):
        for x in range(21):
            cell_x, cell_y = (x + 0.5) / 3 - 0.5, (y + 0.5) / 3 - 0.5
            left, top = int(np.floor(cell_x)), int(np.floor(cell_y))
            moved = np.zeros(2)
            for column, row in ((0, 0), (1, 0), (0, 1), (1, 1)):
                share = abs(1 - column - (cell_x - left)) * abs(1 - row - (cell_y - top))
                moved += share * flow[np.clip(top + row, 0, 4), np.clip(left + column, 0, 6)]
            assert np.allclose(found[y, x], 3 * moved, atol=1e-3)
