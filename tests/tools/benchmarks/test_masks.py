"""Measures of masks, with a stand-in for the network."""

import numpy as np
import pytest

from tests.persons import right_half
from tests.textures import noise_image
from tools.benchmarks import masks
from tools.benchmarks.masks import measure
from vidstyle.frame import Picture
from vidstyle.stylize import person_mask
from vidstyle.stylize.segmentation import Segmentation


def test_a_mask_that_stands_still_is_the_networks_and_does_not_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (masks, person_mask):
        monkeypatch.setattr(module, "segment", right_half)
    sums = measure([Picture.from_rgb(noise_image(96, 160, 0, blur=4))] * 4)
    assert sums.common / sums.either > 0.97
    assert np.mean(sums.edge_px) < 1
    assert len(sums.mask_s) == len(sums.blend_s) == 4
    assert len(sums.changes) == 3
    assert max(sums.changes) < 0.01
    assert max(sums.plain_changes) == 0


def test_a_network_that_trembles_is_steadied(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter(range(100))

    def trembling(seen: Picture) -> Segmentation:
        found = right_half(seen)
        shift = 8 * (next(calls) % 2)
        return Segmentation(np.roll(found.mask, shift, axis=1), found.presence)

    for module in (masks, person_mask):
        monkeypatch.setattr(module, "segment", trembling)
    sums = measure([Picture.from_rgb(noise_image(96, 160, 0, blur=4))] * 9)
    assert np.mean(sums.changes) < np.mean(sums.plain_changes)
    assert sums.row("toy.mp4").startswith("| toy.mp4 | ")
    assert sums.row("toy.mp4").count("|") == 7
