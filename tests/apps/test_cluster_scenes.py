"""The full quality on a cluster paints what one machine paints."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import Clip
from tests.optimize.few_steps import use_few_steps
from tests.textures import noise_image
from vidstyle.apps import cluster_scenes
from vidstyle.apps.convert import stylize_video
from vidstyle.cluster.connection import CORES_VARIABLE
from vidstyle.cluster.dispatch import DamagedResultError
from vidstyle.cluster.shared_files import SharedFiles
from vidstyle.errors import SourceError
from vidstyle.media.image_file import write_photo
from vidstyle.optimize import film
from vidstyle.optimize.scene import Scene
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats

SCENES = [Scene(0, 0, 3), Scene(1, 3, 2, continues=True), Scene(2, 5, 4)]


class Rehearsal:
    """Cluster in this process, whose tasks are done in reverse order."""

    def __init__(self) -> None:
        self.done = list[str]()
        self.stops_after = 99
        self.change: Callable[[bytes], bytes] = lambda content: content

    def run(
        self,
        options: StylizeOptions,
        tasks: Mapping[str, Any],
        received: Callable[[str, Any], None],
        fit: Any,
        shared: SharedFiles,
        stats: Stats,
        watch: Callable[[], None],
    ) -> None:
        """Do as `run_tasks`."""
        assert fit.ask(*fit.given, shared.files) is None
        for name, (function, *arguments) in reversed(list(tasks.items())):
            if len(self.done) == self.stops_after:
                raise KeyboardInterrupt
            paintings = function(*arguments, shared.files)
            changed = {file: (digest, self.change(c)) for file, (digest, c) in paintings.items()}
            received(name, changed)
            self.done.append(name)


@pytest.fixture(autouse=True)
def rehearsal(monkeypatch: pytest.MonkeyPatch) -> Rehearsal:
    """Cluster in this process, for a film of three scenes."""
    made = Rehearsal()
    use_few_steps(monkeypatch.setattr)
    monkeypatch.setattr(cluster_scenes, "run_tasks", made.run)
    monkeypatch.setattr(film, "find_scenes", lambda frames, longest: list(frames) and SCENES)
    monkeypatch.setenv(CORES_VARIABLE, "1")
    return made


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return Clip(frames=9, size_wh=(48, 32), options={"g": "4"}).write(tmp_path / "in.mp4")


@pytest.fixture
def options(tmp_path: Path) -> StylizeOptions:
    write_photo(tmp_path / "ink.png", noise_image(80, 80, seed=9, blur=1))
    style = str(tmp_path / "ink.png")
    return StylizeOptions(
        style=style, quality="full", every=2, threads=1, cluster="local:2", codec="lossless"
    )


def test_an_interrupted_film_is_that_of_one_machine_and_no_scene_is_painted_twice(
    tmp_path: Path, clip: Path, options: StylizeOptions, rehearsal: Rehearsal
) -> None:
    alone = stylize_video(clip, tmp_path / "alone.mp4", replace(options, cluster=None))
    rehearsal.stops_after = 1
    with pytest.raises(KeyboardInterrupt):
        stylize_video(clip, tmp_path / "out.mp4", options)
    rehearsal.stops_after = 99
    result = stylize_video(clip, tmp_path / "out.mp4", options)
    assert rehearsal.done == ["Scene 3", "Scene 1"]  # with the one that continues it
    assert (result.frames, result.keyframes) == (alone.frames, alone.keyframes)
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "alone.mp4").read_bytes()
    assert not list(tmp_path.glob("*.work"))


def test_paintings_that_are_damaged_on_their_way_are_not_kept(
    tmp_path: Path, clip: Path, options: StylizeOptions, rehearsal: Rehearsal
) -> None:
    rehearsal.change = lambda content: content[:-1]
    with pytest.raises(DamagedResultError, match="was damaged on its way"):
        stylize_video(clip, tmp_path / "out.mp4", options)
    assert not list(tmp_path.glob("*.work/scene-*/*"))


def test_pictures_as_input_are_refused(tmp_path: Path, options: StylizeOptions) -> None:
    for number in range(3):
        write_photo(tmp_path / f"p_{number}.png", np.zeros((24, 32, 3), np.uint8))
    with pytest.raises(SourceError, match="A cluster converts video files, no pictures"):
        stylize_video(tmp_path / "p_%d.png", tmp_path / "out.mp4", options)


def test_a_worker_with_another_painting_says_so(options: StylizeOptions) -> None:
    expected = f"its painting {options.style} is another one."
    assert cluster_scenes.painting_misfit(options, "another digest", {}) == expected
