"""Keyframes of a scene in three passes: what is painted when, from what, and only once."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.frame import Frame, Picture, RGBImage
from vidstyle.optimize.budget import Budget
from vidstyle.optimize.picture_optimizer import (
    COARSE_TO_FINE,
    POLISHING,
    PictureOptimizer,
    Stage,
    effort,
)
from vidstyle.optimize.scene import Scene
from vidstyle.optimize.scene_optimizer import (
    BACKWARDS,
    FORWARDS,
    PASSES,
    POLISHED,
    SceneOptimizer,
    scene_effort,
)
from vidstyle.optimize.work_folder import WorkFolder, frame_name
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats

OPTIONS = StylizeOptions(style="painting.png", quality="full", every=3)
HEIGHT, WIDTH = 48, 64


@dataclass
class Call:
    """One picture that was asked for."""

    image: RGBImage
    stages: Sequence[Stage]
    seconds: float
    targets: int
    initial: RGBImage | None
    colors: object
    painted: RGBImage


class Recorder:
    """An optimizer that notes what it is asked for and paints a shade of its own each time."""

    def __init__(self) -> None:
        self.calls = list[Call]()
        self.maps = list[int]()

    def color_map(self, images: Sequence[RGBImage]) -> object:
        self.maps.append(len(images))
        return f"map {len(self.maps)}"

    def paint(
        self,
        image: RGBImage,
        stages: Sequence[Stage],
        seconds: float,
        targets: Sequence[Any],
        initial: RGBImage | None,
        colors: object,
    ) -> RGBImage:
        painted = np.full_like(image, len(self.calls) + 1)
        self.calls.append(Call(image, stages, seconds, len(targets), initial, colors, painted))
        return painted


def frames(seeds: Sequence[int]) -> list[Frame]:
    """Frames of a camera that moves over a texture; a number twice is the same picture twice."""
    scenery = noise_image(HEIGHT, WIDTH + 40, seed=4)
    return [
        Frame(
            Picture.from_rgb(np.ascontiguousarray(scenery[:, seed : seed + WIDTH])),
            number,
            Fraction(1, 25),
        )
        for number, seed in enumerate(seeds)
    ]


def scene_optimizer(toy: Recorder, work: WorkFolder, **more: Any) -> SceneOptimizer:
    stats, budget = more.pop("stats", Stats()), more.pop("budget", Budget(None, 1))
    optimizer: Any = toy
    return SceneOptimizer(optimizer, OPTIONS, work, budget, stats, **more)


def contents(work: WorkFolder) -> dict[str, bytes]:
    """The files of the first scene."""
    return {path.stem: path.read_bytes() for path in (work.path / "scene-00000").iterdir()}


def passes(calls: Sequence[Call]) -> list[str]:
    """The names of the passes in the order of the calls; "first" for a picture without others."""
    names = {id(stages): name for name, stages in PASSES.items()} | {id(COARSE_TO_FINE): "first"}
    return [names[id(call.stages)] for call in calls]


@pytest.fixture
def work(tmp_path: Path) -> WorkFolder:
    return WorkFolder(tmp_path / "work", {})


def test_each_keyframe_is_painted_forwards_backwards_and_polished(work: WorkFolder) -> None:
    toy, stats = Recorder(), Stats()
    scene_optimizer(toy, work, stats=stats).paint(Scene(0, 0, 7), frames(range(7)))
    expected = ["first", *[FORWARDS] * 2, *[BACKWARDS] * 3, *[POLISHED] * 3]
    assert passes(toy.calls) == expected
    assert stats["paintings"] == 9
    keyframes = [frames(range(7))[number].picture.to_rgb() for number in (0, 3, 6)]
    order = [0, 1, 2, 2, 1, 0, 0, 1, 2]
    for call, index in zip(toy.calls, order, strict=True):
        np.testing.assert_array_equal(call.image, keyframes[index])


def test_neighbors_are_targets_and_the_forward_painting_is_where_the_way_back_starts(
    work: WorkFolder,
) -> None:
    toy = Recorder()
    scene_optimizer(toy, work).paint(Scene(0, 0, 7), frames(range(7)))
    first, second, third, *backwards = toy.calls[:6]
    assert [call.targets for call in (first, second, third)] == [0, 1, 2]
    assert all(call.initial is None for call in (first, second, third))
    assert [call.targets for call in backwards] == [1, 2, 1]  # one on each side, if it is there
    for call, forwards in zip(backwards, (third, second, first), strict=True):
        assert call.initial is not None
        np.testing.assert_array_equal(call.initial, forwards.painted)
    for call in toy.calls[6:]:
        assert (call.targets, call.initial, call.stages) == (1, None, POLISHING)


def test_one_color_map_is_used_for_a_whole_scene(work: WorkFolder) -> None:
    toy = Recorder()
    painter = scene_optimizer(toy, work)
    painter.paint(Scene(0, 0, 7), frames(range(7)))
    painter.paint(Scene(1, 7, 4, continues=True), frames(range(7, 11)))
    painter.paint(Scene(2, 11, 1), frames([20]))
    assert toy.maps == [3, 1]
    assert {str(call.colors) for call in toy.calls[:-3]} == {"map 1"}
    assert {str(call.colors) for call in toy.calls[-3:]} == {"map 2"}


def test_only_the_last_pass_is_kept(work: WorkFolder) -> None:
    toy = Recorder()
    scene_optimizer(toy, work).paint(Scene(0, 0, 4), frames(range(4)))
    assert contents(work).keys() == {frame_name(number, POLISHED) for number in (0, 3)}
    for number, call in zip((0, 3), toy.calls[-2:], strict=True):
        kept = work.painting(Scene(0, 0, 4), frame_name(number, POLISHED), (WIDTH, HEIGHT))
        assert kept is not None
        np.testing.assert_array_equal(kept, call.painted)


def test_a_finished_scene_is_not_painted_again_but_counted(work: WorkFolder) -> None:
    scene_optimizer(Recorder(), work).paint(Scene(0, 0, 4), frames(range(4)))
    toy, stats = Recorder(), Stats()
    scene_optimizer(toy, work, stats=stats).paint(Scene(0, 0, 4), frames(range(4)))
    assert toy.calls == []
    assert stats["paintings"] == 2


def test_a_picture_that_stands_still_is_painted_once_a_pass(work: WorkFolder) -> None:
    toy, stats = Recorder(), Stats()
    scene_optimizer(toy, work, stats=stats).paint(Scene(0, 0, 7), frames([5] * 7))
    assert passes(toy.calls) == ["first", BACKWARDS, POLISHED]
    assert stats["paintings"] == 9
    paintings = [
        work.painting(Scene(0, 0, 7), frame_name(number, POLISHED), (WIDTH, HEIGHT))
        for number in (0, 3, 6)
    ]
    for painting in paintings:
        assert painting is not None
        np.testing.assert_array_equal(painting, toy.calls[-1].painted)


def test_a_continued_scene_leaves_the_part_before_as_it_is(work: WorkFolder) -> None:
    toy = Recorder()
    painter = scene_optimizer(toy, work)
    painter.paint(Scene(0, 0, 4), frames(range(4)))
    before = contents(work)
    count = len(toy.calls)
    painter.paint(Scene(1, 4, 4, continues=True), frames(range(4, 8)))
    new = toy.calls[count:]
    assert passes(new) == [FORWARDS] * 2 + [BACKWARDS] * 2 + [POLISHED] * 2
    assert new[0].targets == 1  # the last keyframe of the part before
    assert contents(work) == before


def test_the_watch_is_called_before_each_painting_and_may_end_the_work(work: WorkFolder) -> None:
    toy, seen = Recorder(), list[int]()

    def watch() -> None:
        seen.append(len(toy.calls))
        if len(toy.calls) == 4:
            raise TimeoutError("enough")

    with pytest.raises(TimeoutError, match="enough"):
        scene_optimizer(toy, work, watch=watch).paint(Scene(0, 0, 7), frames(range(7)))
    assert seen == [0, 1, 2, 3, 4]
    # What was painted until then is there when the same work is begun again.
    again = Recorder()
    scene_optimizer(again, work).paint(Scene(0, 0, 7), frames(range(7)))
    assert passes(again.calls) == [BACKWARDS] * 2 + [POLISHED] * 3


def test_a_time_budget_is_shared_out_by_effort(work: WorkFolder) -> None:
    scene, now_s = Scene(0, 0, 7), [0.0]
    total = scene_effort(scene, 3)
    budget = Budget(100.0, total, clock=lambda: now_s[0])
    toy = Recorder()
    scene_optimizer(toy, work, budget=budget).paint(scene, frames(range(7)))
    left = total
    for call in toy.calls:  # no time has passed, so ever more is there for what is left
        assert call.seconds == pytest.approx(100 * effort(call.stages) / left)
        left -= effort(call.stages)
    assert left == pytest.approx(0)


@pytest.mark.usefixtures("few_steps")
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


def test_the_effort_of_a_scene_is_that_of_its_keyframes() -> None:
    first, more = scene_effort(Scene(0, 0, 1), 4), scene_effort(Scene(0, 0, 9), 4)
    assert more - first == 2 * (40 + 24 + 6)
    assert first == 60 / 16 + 50 / 4 + 100 + 24 + 6
    assert scene_effort(Scene(1, 9, 1, continues=True), 4) == 40 + 24 + 6
