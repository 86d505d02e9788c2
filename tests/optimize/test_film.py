"""Films, painted scene by scene: still, uncut, and the same after an interruption."""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.clips import Clip, patches
from tests.textures import noise_image
from vidstyle.frame import Frame, Picture, RGBImage
from vidstyle.media.source import FileSource
from vidstyle.optimize.budget import Budget, FilmPlan
from vidstyle.optimize.cache import Cache
from vidstyle.optimize.film import Film
from vidstyle.optimize.limits import MemoryLimits
from vidstyle.optimize.objective import PictureLossWeights
from vidstyle.optimize.picture_optimizer import PictureOptimizer, Stage
from vidstyle.optimize.scene_detection import Scene
from vidstyle.optimize.scene_optimizer import SceneOptimizer, scene_effort
from vidstyle.optimize.scene_painter import BETWEEN, ScenePainter
from vidstyle.optimize.style_target import StyleTarget
from vidstyle.optimize.work_folder import WorkFolder, frame_name
from vidstyle.options import StylizeOptions
from vidstyle.perceptual.zoo import load_features
from vidstyle.stats import Stats
from vidstyle.stylize.exposure import exposure_curve
from vidstyle.stylize.flow import FlowPath, thumbnail
from vidstyle.stylize.keyframes import TrackedFrame

QUICK = (Stage(1.0, 8),)
OPTIONS = StylizeOptions(style="painting.png", quality="full", every=3)


@pytest.fixture(scope="module")
def optimizer(tmp_path_factory: pytest.TempPathFactory) -> PictureOptimizer:
    features = load_features("slim")
    style_target = StyleTarget(
        noise_image(80, 80, seed=9, blur=1), features, Cache(tmp_path_factory.mktemp("cache"))
    )
    return PictureOptimizer(
        features, style_target, MemoryLimits(10**7, 10**7, 10**7), PictureLossWeights()
    )


Make = Callable[..., Film]


@pytest.fixture
def make(tmp_path: Path, optimizer: PictureOptimizer) -> Make:
    def film(input: Path, options: StylizeOptions = OPTIONS, **more: Any) -> Film:
        work = WorkFolder(tmp_path / "work", {"every": options.every, **more})
        return Film(input, optimizer, options, work, Stats(), 1)

    return film


def tracked(picture: Picture, number: int) -> TrackedFrame:
    small = thumbnail(picture)
    path = FlowPath.identity(small.shape)
    frame = Frame(picture, number, Fraction(1, 25))
    return TrackedFrame(number, frame, picture, small, exposure_curve(picture.y), None, path)


def played(film: Film, input: Path) -> list[RGBImage]:
    with FileSource(input, Stats()) as source:
        return [frame.picture.to_rgb() for frame in film.stylize(source)]


def test_every_frame_is_painted_once_at_its_time(tmp_path: Path, make: Make) -> None:
    clip = Clip(frames=7, pts=[0, 3, 4, 9, 10, 11, 20]).write(tmp_path / "in.mkv")
    film = make(clip)
    film.paint()
    with FileSource(clip, Stats()) as source:
        times = [frame.time_s for frame in source]
    with FileSource(clip, Stats()) as source:
        painted = list(film.stylize(source))
    assert [frame.time_s for frame in painted] == times
    film.clean_up()
    assert not (tmp_path / "work").exists()


def test_each_frame_may_be_painted(tmp_path: Path, make: Make) -> None:
    clip = Clip(frames=3).write(tmp_path / "in.mp4")
    film = make(clip, replace(OPTIONS, every=1))
    film.paint()
    assert len(list((tmp_path / "work").glob("scene-*/*.png"))) == 3
    assert len(played(film, clip)) == 3


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


def test_what_stands_still_neither_drifts_nor_darkens(tmp_path: Path, make: Make) -> None:
    clip = Clip(frames=25, picture=patches(64, 64), size_wh=(64, 64)).write(tmp_path / "in.mp4")
    film = make(clip)
    film.paint()
    frames = [frame.astype(int) for frame in played(film, clip)]
    means = [frame.mean() for frame in frames]
    assert max(means) - min(means) < 1
    keyframes = frames[::3]  # those between are sharpened
    assert max(np.abs(frame - keyframes[0]).mean() for frame in keyframes) < 3


def test_nothing_of_a_scene_is_seen_in_the_next(
    tmp_path: Path, optimizer: PictureOptimizer
) -> None:
    """The second of two scenes is painted as if the first had never been."""
    first, second = noise_image(64, 72, 1, 6), noise_image(64, 72, 2, 6)
    frames = [
        Frame(Picture.from_rgb(image), n, Fraction(1, 25))
        for n, image in enumerate([first] * 4 + [second] * 4)
    ]
    paintings = []
    for name, scenes in (("both", (Scene(0, 0, 4), Scene(1, 4, 4))), ("one", (Scene(1, 4, 4),))):
        work = WorkFolder(tmp_path / name, {})
        painter = SceneOptimizer(optimizer, OPTIONS, work, Budget(None, 1), Stats())
        for scene in scenes:
            painter.paint(scene, frames[scene.start : scene.start + scene.frames])
        files = sorted((tmp_path / name / "scene-00001").iterdir())
        paintings.append([(file.name, file.read_bytes()) for file in files])
    assert paintings[0] == paintings[1]


def test_a_divided_scene_goes_on_from_its_first_part(
    tmp_path: Path, optimizer: PictureOptimizer
) -> None:
    image = noise_image(64, 72, 1, 6)
    frames = [Frame(Picture.from_rgb(image), n, Fraction(1, 25)) for n in range(8)]
    work = WorkFolder(tmp_path / "work", {})
    painter = SceneOptimizer(optimizer, OPTIONS, work, Budget(None, 1), Stats())
    painter.paint(Scene(0, 0, 4), frames[:4])
    painter.paint(Scene(1, 4, 4, continues=True), frames[4:])
    one, other = (
        work.painting(Scene(n, 0, 0), next((tmp_path / "work" / f"scene-0000{n}").iterdir()).stem)
        for n in (0, 1)
    )
    assert one is not None
    assert other is not None
    assert np.abs(one.astype(int) - other).mean() < 5


def test_an_interrupted_run_goes_on_where_it_was(
    tmp_path: Path, make: Make, optimizer: PictureOptimizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = Clip(frames=7).write(tmp_path / "in.mp4")
    whole = make(clip, name="whole")
    whole.paint()
    expected = played(whole, clip)
    whole.clean_up()

    paint, calls, stop_after = optimizer.paint, list[int](), 1

    def counting(image: RGBImage, *more: Any) -> RGBImage:
        if len(calls) == stop_after:
            raise KeyboardInterrupt
        calls.append(len(calls))
        return paint(image, *more)

    monkeypatch.setattr(optimizer, "paint", counting)
    with pytest.raises(KeyboardInterrupt):
        make(clip, name="broken").paint()
    stop_after = 4  # in the second of three passes over three keyframes
    with pytest.raises(KeyboardInterrupt):
        make(clip, name="broken").paint()
    stop_after = 10
    again = make(clip, name="broken")
    again.paint()
    assert len(calls) == 9  # nothing was painted twice
    monkeypatch.undo()
    np.testing.assert_array_equal(played(again, clip), expected)


def test_a_small_budget_is_planned_for_and_kept_when_resumed(tmp_path: Path, make: Make) -> None:
    clip = Clip(frames=12, size_wh=(128, 96)).write(tmp_path / "in.mp4")
    options = replace(OPTIONS, every=None, time_budget="0.2s")
    film = make(clip, options)
    assert film.options.every == 12
    assert film.options.working_size_wh(128, 96) == (32, 24)
    film._work.plan(lambda: FilmPlan(1, 1.0))
    assert make(clip, options).options == film.options


def test_the_effort_of_a_scene_is_that_of_its_keyframes() -> None:
    first, more = scene_effort(Scene(0, 0, 1), 4), scene_effort(Scene(0, 0, 9), 4)
    assert more - first == 2 * (40 + 24 + 6)
    assert first == 60 / 16 + 50 / 4 + 100 + 24 + 6
    assert scene_effort(Scene(1, 9, 1, continues=True), 4) == 40 + 24 + 6
