"""Low-contrast pictures: noise, fog and night."""

import numpy as np
import pytest

from vidstyle.training.data.procedural.canvas import Canvas
from vidstyle.training.data.procedural.haze import fog, night, smooth
from vidstyle.training.data.procedural.landscape import landscape

SIDE = 160


def sheet(seed: int) -> Canvas:
    return Canvas(SIDE, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(4))
def test_fog_takes_contrast_from_its_landscape(seed: int) -> None:
    clear, foggy = sheet(seed), sheet(seed)
    landscape(clear)
    fog(foggy)
    assert foggy.image.std() < 0.7 * clear.image.std()
    assert foggy.image.mean() > 80


def test_nights_are_dark_with_a_few_lights() -> None:
    for seed in range(4):
        canvas = sheet(seed)
        night(canvas)
        brightness = canvas.image.max(axis=2)
        assert np.median(brightness) < 100
        assert np.percentile(brightness, 99.9) > 200


def test_smooth_pictures_go_between_two_colors() -> None:
    for seed in range(4):
        canvas = sheet(seed)
        smooth(canvas)
        assert (canvas.image.max(axis=2) > 0).mean() > 0.9
        colors = canvas.image.reshape(-1, 3).astype(float)
        shades = np.linalg.svd(colors - colors.mean(axis=0), compute_uv=False)
        assert shades[2] < 0.5 * shades[0]
