"""Where PySceneDetect sees cuts, and how long scenes are divided."""

from fractions import Fraction

import pytest

from tests.textures import noise_image
from vidstyle.frame import Frame, Picture
from vidstyle.optimize.scene_detection import find_scenes


def film(*lengths: int) -> list[Frame]:
    """Stills of so many frames each, with a cut between any two."""
    pictures = [
        Picture.from_rgb(noise_image(72, 96, seed, blur=6))
        for seed, length in enumerate(lengths)
        for _ in range(length)
    ]
    return [Frame(picture, index, Fraction(1, 25)) for index, picture in enumerate(pictures)]


@pytest.mark.parametrize("lengths", [(1,), (30,), (12, 20, 9), (6, 6, 6, 6)])
def test_scenes_begin_at_cuts(lengths: tuple[int, ...]) -> None:
    scenes = find_scenes(film(*lengths), longest=100)
    assert [scene.frames for scene in scenes] == list(lengths)
    assert [scene.number for scene in scenes] == list(range(len(lengths)))
    assert [scene.start for scene in scenes] == [sum(lengths[:n]) for n in range(len(lengths))]
    assert not any(scene.continues for scene in scenes)


def test_long_scenes_are_divided_evenly_and_continue() -> None:
    scenes = find_scenes(film(25, 7), longest=10)
    assert [scene.frames for scene in scenes] == [8, 9, 8, 7]
    assert [scene.start for scene in scenes] == [0, 8, 17, 25]
    assert [scene.continues for scene in scenes] == [False, True, True, False]
