"""What a work folder keeps, forgets and refuses."""

import json
from errno import ENOSPC
from pathlib import Path

import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.errors import SinkError
from vidstyle.optimize.budget import FilmPlan
from vidstyle.optimize.scene_detection import Scene
from vidstyle.optimize.work_folder import MANIFEST, PLAN, SCENES, WorkFolder

SCENE = Scene(3, 120, 48)
OURS = {"input": "abc", "settings": {"every": 4}}
PAINTING = noise_image(48, 64)


def folder(tmp_path: Path) -> WorkFolder:
    return WorkFolder(tmp_path / "work", OURS)


def test_paintings_are_there_again_to_the_bit(tmp_path: Path) -> None:
    folder(tmp_path).keep(SCENE, "a-forwards", PAINTING)
    again = folder(tmp_path)
    assert again.resumed
    found = again.painting(SCENE, "a-forwards")
    assert found is not None
    np.testing.assert_array_equal(found, PAINTING)
    assert again.painting(SCENE, "a-backwards") is None
    assert again.painting(Scene(4, 0, 1), "a-forwards") is None


def test_another_manifest_starts_afresh(tmp_path: Path) -> None:
    folder(tmp_path).keep(SCENE, "a", PAINTING)
    other = WorkFolder(tmp_path / "work", {**OURS, "settings": {"every": 1}})
    assert not other.resumed
    assert other.painting(SCENE, "a") is None


def test_scenes_are_found_once(tmp_path: Path) -> None:
    scenes = [Scene(0, 0, 10), Scene(1, 10, 5, continues=True)]
    assert folder(tmp_path).scenes(lambda: scenes) == scenes
    assert folder(tmp_path).scenes(lambda: []) == scenes


def test_a_plan_is_made_once(tmp_path: Path) -> None:
    assert folder(tmp_path).plan(lambda: FilmPlan(6, 0.5)) == FilmPlan(6, 0.5)
    assert folder(tmp_path).plan(lambda: FilmPlan(4, 1.0)) == FilmPlan(6, 0.5)


def test_what_is_dropped_or_removed_is_gone(tmp_path: Path) -> None:
    work = folder(tmp_path)
    work.keep(SCENE, "a", PAINTING)
    work.drop(SCENE, "a")
    work.drop(SCENE, "never there")
    assert work.painting(SCENE, "a") is None
    work.remove()
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("content", ["", "{", "[1]"])
@pytest.mark.parametrize("name", [MANIFEST, SCENES, PLAN])
def test_a_damaged_file_gives_one_line(tmp_path: Path, name: str, content: str) -> None:
    folder(tmp_path).scenes(lambda: [SCENE])
    folder(tmp_path).plan(lambda: FilmPlan(4, 1.0))
    (tmp_path / "work" / name).write_text(content)
    if (name, content) == (MANIFEST, "[1]"):
        assert not folder(tmp_path).resumed  # somebody else's settings, as good as any
        return
    with pytest.raises(SinkError, match=f"{name} is damaged or not from vidstyle. Delete ") as why:
        work = folder(tmp_path)
        work.scenes(lambda: [])
        work.plan(lambda: FilmPlan(4, 1.0))
    assert "\n" not in str(why.value)


def test_a_damaged_painting_gives_one_line(tmp_path: Path) -> None:
    work = folder(tmp_path)
    work.keep(SCENE, "a", PAINTING)
    (tmp_path / "work" / "scene-00003" / "a.png").write_bytes(b"half")
    with pytest.raises(SinkError, match=r"scene-00003.a.png is damaged"):
        work.painting(SCENE, "a")


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "letters.txt").write_text("dear")
    with pytest.raises(SinkError, match="not from vidstyle"):
        folder(tmp_path)
    assert (tmp_path / "work" / "letters.txt").read_text() == "dear"


def test_a_file_in_its_place_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file")
    with pytest.raises(SinkError, match="not from vidstyle"):
        folder(tmp_path)


def test_a_full_disk_gives_one_line_and_keeps_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = folder(tmp_path)
    work.keep(SCENE, "a", PAINTING)

    def full(*_: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SinkError, match="No space left on device"):
        work.keep(SCENE, "b", PAINTING)
    with pytest.raises(SinkError, match="No space left on device"):
        work.scenes(lambda: [SCENE])
    assert work.painting(SCENE, "a") is not None
    assert work.painting(SCENE, "b") is None


def test_the_files_are_plain_data(tmp_path: Path) -> None:
    folder(tmp_path).scenes(lambda: [SCENE])
    assert json.loads((tmp_path / "work" / SCENES).read_text()) == [
        {"number": 3, "start": 120, "frames": 48, "continues": False}
    ]
