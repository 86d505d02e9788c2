"""Painter of one scene: keyframes from the work folder, frames between them polished."""

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.errors import SinkError, StyleError
from vidstyle.frame import BT601, ColorSpace, Frame, Picture, RGBImage
from vidstyle.optimize.picture_optimizer import POLISHING, SMOOTHING, PictureOptimizer, Stage
from vidstyle.optimize.scene import Scene
from vidstyle.optimize.scene_optimizer import POLISHED
from vidstyle.optimize.scene_painter import BETWEEN, FILLING, ScenePainter
from vidstyle.optimize.work_folder import WorkFolder, frame_name
from vidstyle.stylize.exposure import exposure_curve
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.flow import FlowPath, thumbnail
from vidstyle.stylize.keyframes import TrackedFrame
from vidstyle.stylize.smoothing import smoothed

QUICK = (Stage(1.0, 8),)
SCENE = Scene(0, 0, 9)
PHOTO = Picture.from_rgb(noise_image(64, 96, 1, 6), ColorSpace(BT601))
NOTHING = np.zeros((64, 96), np.float32)


def tracked(picture: Picture, number: int) -> TrackedFrame:
    small = thumbnail(picture)
    path = FlowPath.identity(small.shape)
    frame = Frame(picture, number, Fraction(1, 25))
    return TrackedFrame(number, frame, picture, small, exposure_curve(picture.y), None, path)


class Toy:
    """An optimizer that notes its calls and returns one shade."""

    finish, own_chroma = Finish(contrast=1.2), 0.0

    def __init__(self) -> None:
        self.calls = list[tuple[Sequence[Stage], float, int]]()

    def paint(
        self, image: RGBImage, stages: Sequence[Stage], seconds: float, targets: Sequence[Any]
    ) -> RGBImage:
        self.calls.append((stages, seconds, len(targets)))
        return np.full_like(image, 90)


class Exhausted:
    """An optimizer without memory."""

    def paint(self, *_: object) -> RGBImage:
        raise MemoryError


@pytest.fixture
def work(tmp_path: Path) -> WorkFolder:
    return WorkFolder(tmp_path / "work", {})


def painter(work: WorkFolder, toy: Any, seconds: float = math.inf) -> ScenePainter:
    return ScenePainter(toy, work, SCENE, seconds)


def test_the_finish_is_the_optimizers(work: WorkFolder) -> None:
    assert painter(work, Toy()).finish == Toy.finish


def test_a_keyframe_has_its_share_of_the_frames_own_chroma(work: WorkFolder) -> None:
    gray = np.full((64, 96, 3), 128, np.uint8)
    work.keep(SCENE, frame_name(3, POLISHED), gray)
    toy = Toy()
    assert set(np.unique(painter(work, toy).paint(tracked(PHOTO, 3)).u)) == {128}
    toy.own_chroma = 1.0
    colored = painter(work, toy).paint(tracked(PHOTO, 3))
    assert np.abs(colored.u.astype(int) - cv2.medianBlur(PHOTO.u, 5)).max() <= 1
    assert set(np.unique(colored.y)) == set(np.unique(Picture.from_rgb(gray, PHOTO.color).y))


def test_a_keyframe_is_the_painting_in_the_work_folder_smoothed(work: WorkFolder) -> None:
    painting = noise_image(64, 96, 7)
    work.keep(SCENE, frame_name(3, POLISHED), painting)
    toy = Toy()
    painted = painter(work, toy).paint(tracked(PHOTO, 3))
    wanted = smoothed(Picture.from_rgb(painting, PHOTO.color), PHOTO, SMOOTHING)
    assert np.array_equal(painted.y, wanted.y)
    assert painted.color == PHOTO.color
    assert toy.calls == []


def test_a_missing_painting_says_what_to_do(work: WorkFolder) -> None:
    with pytest.raises(SinkError, match=r"lacks a painting\. Give the same command again"):
        painter(work, Toy()).paint(tracked(PHOTO, 3))


def test_a_frame_that_is_wholly_shown_is_polished_only(work: WorkFolder) -> None:
    toy = Toy()
    painter(work, toy).inpaint(PHOTO, tracked(PHOTO, 1), NOTHING)
    assert toy.calls == [(POLISHING, math.inf, 1)]


def test_what_is_disoccluded_is_filled_in_half_of_the_time(work: WorkFolder) -> None:
    toy = Toy()
    painter(work, toy, seconds=8.0).inpaint(PHOTO, tracked(PHOTO, 1), NOTHING + 1)
    (filling, filling_s, _), (polishing, polishing_s, _) = toy.calls
    assert (filling, polishing) == (FILLING, POLISHING)
    assert filling_s == 4.0
    assert 0 < polishing_s <= 8.0


def test_a_frame_is_painted_once_and_kept(work: WorkFolder) -> None:
    toy = Toy()
    first = painter(work, toy).inpaint(PHOTO, tracked(PHOTO, 1), NOTHING)
    again = painter(work, toy).inpaint(PHOTO, tracked(PHOTO, 1), NOTHING)
    assert len(toy.calls) == 1
    kept = work.painting(SCENE, frame_name(1, BETWEEN))
    assert kept is not None
    wanted = smoothed(Picture.from_rgb(kept, PHOTO.color), PHOTO, SMOOTHING)
    for each in (first, again):
        assert np.array_equal(each.y, wanted.y)
    painter(work, toy).inpaint(PHOTO, tracked(PHOTO, 2), NOTHING)
    assert len(toy.calls) == 2


def test_memory_that_runs_out_is_said_with_a_remedy(work: WorkFolder) -> None:
    with pytest.raises(StyleError, match="96x64"):
        painter(work, Exhausted()).inpaint(PHOTO, tracked(PHOTO, 1), NOTHING)


def test_a_film_keeps_its_style(work: WorkFolder) -> None:
    first, second = painter(work, Toy()), painter(work, Toy())
    assert first.blended(second, 0.5) is first


def test_what_no_keyframe_shows_is_painted(tmp_path: Path, optimizer: PictureOptimizer) -> None:
    photo = noise_image(64, 96, 1, 6)
    picture = Picture.from_rgb(photo)
    spoilt = optimizer.paint(photo, QUICK)
    spoilt[:, :40] = (0, 255, 0)
    lost = np.zeros((64, 96), np.float32)
    lost[:, :40] = 1
    work, scene = WorkFolder(tmp_path / "work", {}), Scene(0, 0, 9)
    green, frame = Picture.from_rgb(spoilt), tracked(picture, 5)
    filled = ScenePainter(optimizer, work, scene, math.inf).inpaint(green, frame, lost).to_rgb()
    assert np.abs(filled[:, :28] - np.array((0, 255, 0))).mean() > 40
    assert np.abs(filled[:, 56:].astype(int) - green.to_rgb()[:, 56:]).mean() < 6
    kept = work.painting(scene, frame_name(5, BETWEEN))
    assert kept is not None
    again = ScenePainter(optimizer, work, scene, 0.0).inpaint(green, frame, lost)
    np.testing.assert_array_equal(again.to_rgb(), filled)


def test_a_carried_painting_gets_back_what_carrying_blurred(
    tmp_path: Path, optimizer: PictureOptimizer
) -> None:
    photo = noise_image(64, 96, 1, 6)
    painted = optimizer.paint(photo, QUICK)
    blurred = np.asarray(cv2.blur(painted, (3, 3)), np.uint8)
    work, scene = WorkFolder(tmp_path / "work", {}), Scene(0, 0, 9)
    painter = ScenePainter(optimizer, work, scene, math.inf)
    frame, nowhere = tracked(Picture.from_rgb(photo), 0), np.zeros((64, 96), np.float32)
    polished = painter.inpaint(Picture.from_rgb(blurred), frame, nowhere).to_rgb()
    assert np.abs(polished.astype(int) - blurred).mean() < 8  # held to what was carried
    steps = [np.abs(np.diff(image.astype(int), axis=1)).mean() for image in (polished, blurred)]
    assert steps[0] > 1.1 * steps[1]
