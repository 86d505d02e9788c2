"""What a camera does to a scene."""

import numpy as np

from vidstyle.training.data.procedural.camera import photograph


def test_the_camera_keeps_the_order_of_colors() -> None:
    scene = np.full((64, 64, 3), (200, 90, 30), np.uint8)
    for seed in range(5):
        red, green, blue = photograph(scene, np.random.default_rng(seed)).mean(axis=(0, 1))
        assert red > green + 20 > blue + 40
