"""Paintings on threads of their own: sizes, parts, costs and errors."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.live.scene import WAIT_S, Broken, Flat, Inverter, panned
from vidstyle.live.keyframe_painter import KeyframePainter, PaintJob
from vidstyle.options import Look
from vidstyle.stats import Stats
from vidstyle.stylize.boxes import Box
from vidstyle.stylize.exposure import ExposureTracker
from vidstyle.stylize.flow import thumbnail
from vidstyle.stylize.generator import ImageGenerator


@pytest.fixture
def stats() -> Stats:
    return Stats()


@pytest.fixture
def painter(stats: Stats) -> Iterator[KeyframePainter]:
    with KeyframePainter(stats) as painter:
        yield painter


def job(generator: ImageGenerator, height: int = 160, boxes: list[Box] | None = None) -> PaintJob:
    """Painting of a frame of 256x160 px that the generator sees at a height."""
    working = panned(0)
    seen = working.resized(working.width * height // working.height, height)
    curve = ExposureTracker().measure(thumbnail(working), False, 0.0, cut=False)
    return PaintJob(generator, curve, 1.0, Look().fine_faces, working, seen, boxes)


def test_a_painting_has_the_working_size_and_the_cost_of_what_was_seen(
    painter: KeyframePainter, stats: Stats
) -> None:
    generator = Inverter()
    painting = painter.begin(job(generator, height=80)).result(WAIT_S)
    assert generator.sizes == [(80, 128)]
    assert painting.megapixels == pytest.approx(80 * 128 / 1e6)
    assert (painting.picture.width, painting.picture.height) == (256, 160)
    assert stats["keyframes"] == 1


def test_of_a_patch_only_the_boxes_are_painted(painter: KeyframePainter, stats: Stats) -> None:
    plain = panned(0).y.astype(int)
    box = (64, 32, 128, 96)
    shown = painter.begin(job(Flat(255), boxes=[box])).result(WAIT_S).picture.y
    left, top, right, bottom = box
    assert shown[top + 8 : bottom - 8, left + 8 : right - 8].min() > 225
    assert np.abs(shown[:, 240:] - plain[:, 240:]).mean() < 8
    assert stats["keyframes"] == 0


def test_an_error_of_the_generator_is_raised_by_its_future(painter: KeyframePainter) -> None:
    with pytest.raises(ValueError, match="no paint"):
        painter.begin(job(Broken())).result(WAIT_S)


def test_a_second_painting_does_not_wait_for_the_first(painter: KeyframePainter) -> None:
    held = Inverter(held=True)
    slow = painter.begin(job(held))
    painter.begin(job(Flat(60))).result(WAIT_S)
    assert not slow.done()
    held.free.set()
    slow.result(WAIT_S)
