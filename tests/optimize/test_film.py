"""Films, painted scene by scene: still, uncut, and the same after an interruption."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import Clip, patches
from vidstyle.frame import Checkpoint, RGBImage
from vidstyle.media.footage import FootageReader
from vidstyle.media.source import FileSource
from vidstyle.optimize.budget import FilmPlan
from vidstyle.optimize.film import Film
from vidstyle.optimize.picture_optimizer import PictureOptimizer
from vidstyle.optimize.work_folder import WorkFolder
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats

OPTIONS = StylizeOptions(style="painting.png", quality="full", every=3)


Make = Callable[..., Film]


@pytest.fixture
def make(tmp_path: Path, optimizer: PictureOptimizer) -> Make:
    def film(input: Path, options: StylizeOptions = OPTIONS, **more: Any) -> Film:
        work = WorkFolder(tmp_path / "work", {"every": options.every, **more})
        return Film(FootageReader(input, options, 1), optimizer, options, work, Stats())

    return film


def played(film: Film, input: Path) -> list[RGBImage]:
    with FileSource(input, Stats()) as source:
        return [frame.picture.to_rgb() for frame in film.stylize(source)]


@pytest.mark.usefixtures("few_steps")
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


@pytest.mark.usefixtures("few_steps")
def test_each_frame_may_be_painted(tmp_path: Path, make: Make) -> None:
    clip = Clip(frames=3).write(tmp_path / "in.mp4")
    film = make(clip, replace(OPTIONS, every=1))
    film.paint()
    assert len(list((tmp_path / "work").glob("scene-*/*.png"))) == 3
    assert len(played(film, clip)) == 3


def test_what_stands_still_neither_drifts_nor_darkens(tmp_path: Path, make: Make) -> None:
    clip = Clip(frames=13, picture=patches(64, 64), size_wh=(64, 64)).write(tmp_path / "in.mp4")
    film = make(clip)
    film.paint()
    frames = [frame.astype(int) for frame in played(film, clip)]
    means = [frame.mean() for frame in frames]
    assert max(means) - min(means) < 1
    keyframes = frames[::3]  # those between are sharpened
    assert max(np.abs(frame - keyframes[0]).mean() for frame in keyframes) < 3


@pytest.mark.usefixtures("few_steps")
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
    monkeypatch.setattr(optimizer, "paint", paint)
    np.testing.assert_array_equal(played(again, clip), expected)


@pytest.mark.usefixtures("few_steps")
def test_frames_go_on_from_a_part_which_begins_with_a_scene(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstyle.optimize.film.LONGEST_SCENE", 1)  # keyframe
    monkeypatch.setattr("vidstyle.optimize.film.PART_S", 0.16)  # four frames
    clip = Clip(frames=9).write(tmp_path / "in.mp4")
    film = make(clip)
    film.paint()
    assert [scene.start for scene in film.scenes] == [0, 3, 6]
    assert film.part_rule(Fraction(25)).starts == (0, 6)
    whole = played(film, clip)
    with FileSource(clip, Stats()) as source:
        frames = list(source)
    film.start_at(Checkpoint(1, frames[6].pts, 6, {}))
    rest = [frame.picture.to_rgb() for frame in film.stylize(iter(frames[6:]))]
    np.testing.assert_array_equal(rest, whole[6:])


def test_a_small_budget_is_planned_for_and_kept_when_resumed(tmp_path: Path, make: Make) -> None:
    clip = Clip(frames=12, size_wh=(128, 96)).write(tmp_path / "in.mp4")
    options = replace(OPTIONS, every=None, time_budget="0.2s")
    film = make(clip, options)
    assert film.options.every == 12
    assert film.options.working_size_wh(128, 96) == (32, 24)
    film._work.plan(lambda: FilmPlan(1, 1.0))
    assert make(clip, options).options == film.options
