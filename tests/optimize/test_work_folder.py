"""What a work folder keeps, forgets and refuses."""

import json
from errno import ENOSPC
from pathlib import Path

import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle import __version__
from vidstyle.errors import SinkError
from vidstyle.optimize.budget import FilmPlan
from vidstyle.optimize.scene import Scene
from vidstyle.optimize.work_folder import MANIFEST, PLAN, SCENES, WorkFolder, frame_name

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


def test_paintings_of_other_settings_are_refused_with_what_differs(tmp_path: Path) -> None:
    folder(tmp_path).keep(SCENE, "a", PAINTING)
    other = {"input": "f" * 64, "settings": {"every": 1, "end": 3.0}}
    with pytest.raises(SinkError) as why:
        WorkFolder(tmp_path / "work", other)
    assert "keeps 1 painting of other settings" in str(why.value)
    assert "(another input, every: was 4, is 1, end: was none, is 3.0)" in str(why.value)
    assert "old settings, delete the folder, or choose another output name" in str(why.value)
    assert folder(tmp_path).painting(SCENE, "a") is not None


def test_paintings_of_another_version_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("vidstyle.optimize.work_folder.__version__", "0.0.9")
        folder(tmp_path).keep(SCENE, "a", PAINTING)
    with pytest.raises(SinkError, match=rf"\(vidstyle: was 0\.0\.9, is {__version__}\)"):
        folder(tmp_path)
    assert (tmp_path / "work" / "scene-00003" / "a.png").exists()


def test_a_folder_without_paintings_starts_afresh_with_other_settings(tmp_path: Path) -> None:
    folder(tmp_path).scenes(lambda: [SCENE])
    (tmp_path / "work" / "letters.txt").write_text("dear")
    other = WorkFolder(tmp_path / "work", {**OURS, "settings": {"every": 1}})
    assert not other.resumed
    assert other.scenes(lambda: []) == []
    assert (tmp_path / "work" / "letters.txt").read_text() == "dear"


def test_a_folder_left_before_its_manifest_was_whole_is_used(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / ".manifest.0123abcd.partial.json").write_text('{"vids')
    assert not folder(tmp_path).resumed
    assert folder(tmp_path).resumed


@pytest.mark.parametrize("content", ['{"name": "web extension"}', "[1]", "null", "", "[" * 100_000])
def test_a_manifest_without_the_mark_is_left_alone_with_all_that_is_there(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / MANIFEST).write_text(content)
    (tmp_path / "work" / "diary.txt").write_text("ten years")
    with pytest.raises(SinkError, match=r"manifest\.json is damaged or not from vidstyle") as why:
        folder(tmp_path)
    assert "\n" not in str(why.value)
    assert sorted(file.name for file in (tmp_path / "work").iterdir()) == ["diary.txt", MANIFEST]


def test_removing_deletes_own_files_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    work = folder(tmp_path)
    work.scenes(lambda: [SCENE])
    work.keep(SCENE, frame_name(7, "polished"), PAINTING)
    (work.path / "scene-00003" / ".1234-polished.0123abcd.partial.png").touch()
    (work.path / "scene-00003" / "holiday.png").touch()
    (work.path / "notes").mkdir()
    (work.path / "notes" / PLAN).touch()
    work.remove()
    left = sorted(str(path.relative_to(work.path)) for path in work.path.rglob("*"))
    assert left == ["notes", "notes/plan.json", "scene-00003", "scene-00003/holiday.png"]
    assert "is kept: it holds files that are not vidstyle's" in caplog.text


def test_an_interrupted_removal_leaves_a_work_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, unlink = folder(tmp_path), Path.unlink
    work.keep(SCENE, "a-forwards", PAINTING)
    work.scenes(lambda: [SCENE])

    def interrupted(path: Path, missing_ok: bool = False) -> None:
        if path.name == MANIFEST:
            raise KeyboardInterrupt
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", interrupted)
    with pytest.raises(KeyboardInterrupt):
        work.remove()
    monkeypatch.undo()
    assert [entry.name for entry in work.path.iterdir()] == [MANIFEST]
    assert folder(tmp_path).resumed


def test_removing_follows_no_link(tmp_path: Path) -> None:
    work = folder(tmp_path)
    work.keep(SCENE, frame_name(7, "polished"), PAINTING)
    (work.path / "scene-00003").rename(tmp_path / "mine")
    (work.path / "scene-00003").symlink_to(tmp_path / "mine", target_is_directory=True)
    work.remove()
    assert len(list((tmp_path / "mine").iterdir())) == 1


def test_a_link_in_its_place_is_left_alone(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "work").rename(tmp_path / "mine")
    (tmp_path / "work").symlink_to(tmp_path / "mine", target_is_directory=True)
    with pytest.raises(SinkError, match="is a link, no work folder"):
        folder(tmp_path)
    assert (tmp_path / "mine" / MANIFEST).exists()


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
    work.keep(SCENE, frame_name(7, "between"), PAINTING)
    work.remove()
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("content", ["", "{", "[1]"])
@pytest.mark.parametrize("name", [MANIFEST, SCENES, PLAN])
def test_a_damaged_file_gives_one_line(tmp_path: Path, name: str, content: str) -> None:
    folder(tmp_path).scenes(lambda: [SCENE])
    folder(tmp_path).plan(lambda: FilmPlan(4, 1.0))
    (tmp_path / "work" / name).write_text(content)
    with pytest.raises(SinkError, match=f"{name} is damaged or not from vidstyle. Delete ") as why:
        work = folder(tmp_path)
        work.scenes(lambda: [])
        work.plan(lambda: FilmPlan(4, 1.0))
    assert "\n" not in str(why.value)


def test_a_damaged_painting_gives_one_line(tmp_path: Path) -> None:
    work = folder(tmp_path)
    work.keep(SCENE, "a", PAINTING)
    (tmp_path / "work" / "scene-00003" / "a.png").write_bytes(b"half")
    with pytest.raises(SinkError, match=r"scene-00003.a.png is damaged\. Delete it to have it"):
        work.painting(SCENE, "a")


def test_a_painting_of_another_size_gives_one_line(tmp_path: Path) -> None:
    work = folder(tmp_path)
    work.keep(SCENE, "a", PAINTING)
    assert work.painting(SCENE, "a", (64, 48)) is not None
    with pytest.raises(SinkError, match=r"a\.png is damaged: it has another size, 64x48\. Delete"):
        work.painting(SCENE, "a", (48, 64))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (SCENES, '[{"number": "../../x", "start": 0, "frames": 5, "continues": false}]'),
        (SCENES, '[{"number": 1e99, "start": 0, "frames": 5, "continues": false}]'),
        (SCENES, '[{"number": 9999999999, "start": 0, "frames": 5, "continues": false}]'),
        (SCENES, '[{"number": 0, "start": 0, "frames": -5, "continues": false}]'),
        (SCENES, "[" * 100_000),
        (PLAN, '{"every": "x", "scale": 1.0}'),
        (PLAN, '{"every": 0, "scale": 1.0}'),
        (PLAN, '{"every": 4, "scale": "a"}'),
        (PLAN, '{"every": 4, "scale": NaN}'),
    ],
)
def test_numbers_that_cannot_be_true_give_one_line(tmp_path: Path, name: str, content: str) -> None:
    work = folder(tmp_path)
    (work.path / name).write_text(content)
    with pytest.raises(SinkError, match=f"{name} is damaged or not from vidstyle"):
        _ = work.scenes(lambda: []), work.plan(lambda: FilmPlan(4, 1.0))


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
