"""Portraits: where the person is, and of what colors."""

import numpy as np
import pytest

from vidstyle.training.data.procedural.canvas import Canvas
from vidstyle.training.data.procedural.portrait import Person, background, portrait

SIDE = 160


def sheet(seed: int) -> Canvas:
    return Canvas(SIDE, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(4))
def test_a_person_stands_at_its_place_down_to_the_lower_edge(seed: int) -> None:
    canvas = sheet(seed)
    canvas.blend(np.array([0.1, 0.9, 0.1]))
    before = canvas.image.copy()
    Person(canvas, 0.5, 0.4, 0.2).paint()
    changed = (canvas.image != before).any(axis=2)
    assert changed[int(0.4 * SIDE), SIDE // 2]  # the face
    assert changed[-2, SIDE // 2]  # the body
    assert not changed[: int(0.05 * SIDE)].any()
    assert not changed[: SIDE // 2, : int(0.1 * SIDE)].any()


def test_the_face_has_the_color_of_skin() -> None:
    """Red over green over blue, for all of the skins there are."""
    for seed in range(6):
        canvas = sheet(seed)
        person = Person(canvas, 0.5, 0.45, 0.3)
        person.paint()
        middle, half = int(0.45 * SIDE), int(0.1 * SIDE)
        face = canvas.image[middle - half : middle + half, SIDE // 2 - half : SIDE // 2 + half]
        red, green, blue = np.median(face.reshape(-1, 3), axis=0)
        assert red > green > blue


def test_the_same_seed_is_the_same_person_and_another_is_not() -> None:
    first, again, other = (sheet(seed) for seed in (1, 1, 2))
    for canvas in (first, again, other):
        portrait(canvas)
    assert np.array_equal(first.image, again.image)
    assert np.abs(first.image.astype(int) - other.image).mean() > 8


def test_backgrounds_are_sharp_or_out_of_focus() -> None:
    edges = []
    for seed in range(6):
        canvas = sheet(seed)
        background(canvas)
        assert (canvas.image.max(axis=2) > 0).mean() > 0.9
        edges.append(np.abs(np.diff(canvas.image.astype(int), axis=1)).mean())
    assert max(edges) > 2 * min(edges)
