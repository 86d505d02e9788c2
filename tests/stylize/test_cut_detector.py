from itertools import pairwise

import numpy as np

from tests.textures import noise_image
from vidstyle.frame import Bytes
from vidstyle.stylize.cut_detector import CutDetector
from vidstyle.stylize.flow import FlowEstimator


def luma(seed: int, shift: int = 0) -> Bytes:
    return np.ascontiguousarray(noise_image(144, 300, seed)[:, 20 + shift : 220 + shift, 0])


def cuts(thumbnails: list[Bytes]) -> list[int]:
    """Indices at which the detector says that a scene starts."""
    flow, detector = FlowEstimator(), CutDetector()
    pairs = pairwise(thumbnails)
    return [
        index
        for index, (a, b) in enumerate(pairs, start=1)
        if detector.is_cut(a, b, flow.between(a, b))
    ]


def test_a_hard_cut_is_found_at_its_frame() -> None:
    assert cuts([luma(0)] * 4 + [luma(1)] * 4) == [4]


def test_two_cuts_in_a_row_are_both_found() -> None:
    assert cuts([luma(0)] * 4 + [luma(1)] + [luma(2)] * 4) == [4, 5]


def test_a_pan_is_no_cut() -> None:
    assert cuts([luma(0, shift=4 * i) for i in range(10)]) == []


def test_noise_is_no_cut() -> None:
    random = np.random.default_rng(0)
    noisy = [
        np.clip(luma(0) + random.normal(0, 8, (144, 200)), 0, 255).astype(np.uint8)
        for _ in range(8)
    ]
    assert cuts(noisy) == []


def test_a_slow_fade_is_no_cut() -> None:
    fading = [(luma(0) * (1 - i / 30)).astype(np.uint8) for i in range(20)]
    assert cuts(fading) == []
