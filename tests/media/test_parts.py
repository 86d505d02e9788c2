"""Parts have names that tell their content, and a run finds its own."""

import json
import os
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.textures import noise_image
from vidstyle.errors import SinkError
from vidstyle.frame import Checkpoint, Frame, Picture
from vidstyle.media.atomic import partial_path
from vidstyle.media.part_file import PartWriter
from vidstyle.media.parts import (
    Part,
    PartFolder,
    PartsByFrame,
    PartsByTime,
    delete_joined,
    delete_partial_parts,
    runs_in,
    with_checkpoints,
)
from vidstyle.stats import Stats

RUN: dict[str, object] = {"vidstyle": "0", "settings": {"crf": 20}}
RULE = PartsByTime(10.0)


def folder(path: Path, run: dict[str, object] = RUN) -> PartFolder:
    return PartFolder(path / "w" / "parts", run, RULE)


def add(parts: PartFolder, number: int, until: int | None) -> Path:
    part = parts.part(number)
    checkpoint = None if until is None else Checkpoint(until, 0, 0, {}, time_s=10.0 * until)
    return PartWriter(parts.file(part), part.document(), b"").finish(checkpoint)


def frames(times: list[int]) -> list[Frame]:
    picture = Picture.from_rgb(noise_image(16, 16, seed=1))
    return [Frame(picture, time, Fraction(1, 2)) for time in times]


def marks(found: list[Frame]) -> list[tuple[int, int, int]]:
    checkpoints = [frame.checkpoint for frame in found if frame.checkpoint is not None]
    return [(each.part, each.pts, each.frame) for each in checkpoints]


def test_a_description_is_plain_data_and_names_the_file() -> None:
    part = Part(RUN, 3, RULE.bounds(3))
    document = json.loads(json.dumps(asdict(part)))
    assert Part(**document) == part
    assert part.document()["from_s"] == 30.0
    others = [
        replace(part, number=4), replace(part, bounds=RULE.bounds(4)), replace(part, run={}),
    ]  # fmt: skip
    names = {each.file_name for each in (part, Part(**document), *others)}
    assert len(names) == 4


def test_parts_of_the_same_length_begin_at_their_multiples() -> None:
    assert [RULE.number(0, time_s) for time_s in (-0.5, 0, 9.99, 10, 35)] == [0, 0, 0, 1, 3]


def test_parts_by_frame_begin_with_given_frames() -> None:
    rule = PartsByFrame((0, 12, 40))
    assert [rule.number(frame, 0.0) for frame in (0, 11, 12, 39, 40, 99)] == [0, 0, 1, 1, 2, 2]
    assert rule.bounds(1) == {"from_frame": 12, "until_frame": 40}
    assert rule.bounds(2) == {"from_frame": 40, "until_frame": None}


def test_the_first_frame_of_each_part_has_a_checkpoint() -> None:
    stats = Stats()
    stats.count("corrupt packets", 2)
    stats.count("frames", 7)  # not of the source
    marked = list(with_checkpoints(frames([30, 31, 45, 90, 91]), RULE, stats, None))
    assert marks(marked) == [(0, 30, 0), (2, 45, 2), (4, 90, 3)]
    assert marked[0].checkpoint is not None
    assert marked[0].checkpoint.counts == {"corrupt packets": 2}
    rest = list(with_checkpoints(frames([45, 90, 91]), RULE, stats, marked[2].checkpoint))
    assert marks(rest) == marks(marked)[1:]


def test_the_parts_from_the_beginning_count_as_finished(tmp_path: Path) -> None:
    parts = folder(tmp_path)
    assert parts.finished.files == ()
    assert parts.finished.until is None
    first, third = add(parts, 0, 2), add(parts, 2, 3)
    add(parts, 5, 6)  # behind a gap
    found = folder(tmp_path).finished
    assert found.files == (first, third)
    assert found.until is not None
    assert found.until.part == 3


def test_the_last_part_is_made_again(tmp_path: Path) -> None:
    parts = folder(tmp_path)
    first = add(parts, 0, 1)
    add(parts, 1, None)
    assert folder(tmp_path).finished.files == (first,)


def test_a_damaged_part_is_deleted_and_made_again(tmp_path: Path) -> None:
    parts = folder(tmp_path)
    first, second = add(parts, 0, 1), add(parts, 1, 2)
    second.write_bytes(second.read_bytes()[:-3])
    assert folder(tmp_path).finished.files == (first,)
    assert not second.exists()


def test_partial_files_of_killed_runs_are_deleted(tmp_path: Path) -> None:
    parts = folder(tmp_path)
    partial_path(parts.file(parts.part(0))).touch()
    (parts.path / ".diary.0123abcd.partial.txt").touch()
    delete_partial_parts(parts.path)
    assert [file.name for file in parts.path.iterdir()] == [".diary.0123abcd.partial.txt"]


@pytest.mark.skipif(os.name != "posix", reason="links as POSIX has them")
def test_partial_files_behind_a_link_stay(tmp_path: Path) -> None:
    parts = folder(tmp_path)
    partial_path(parts.file(parts.part(0))).touch()
    (tmp_path / "linked").symlink_to(parts.path.parent)
    delete_partial_parts(tmp_path / "linked" / "parts")
    assert len(list(parts.path.iterdir())) == 1


def test_other_runs_are_told_apart_and_left_alone(tmp_path: Path) -> None:
    own, other = folder(tmp_path), folder(tmp_path, {"settings": {"crf": 30}})
    add(own, 0, 1)
    kept = [add(other, 0, 1), add(other, 1, 2)]
    assert [(each.run, each.seconds) for each in own.others()] == [(other.run, 20.0)]
    assert len(runs_in(own.path)) == 2
    own.clear()
    assert sorted(own.path.iterdir()) == sorted(kept)
    other.clear()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "w").touch()
    with pytest.raises(SinkError, match=r"Cannot use the work folder .* Choose another place"):
        folder(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="links as POSIX has them")
def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "w").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SinkError, match="is a link, no work folder"):
        folder(tmp_path)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_only_parts_that_were_joined_to_an_output_are_deleted_with_it(tmp_path: Path) -> None:
    joined, other = folder(tmp_path), folder(tmp_path, {"settings": {"crf": 30}})
    add(joined, 0, 1)
    last = add(joined, 1, None)
    kept = add(other, 0, 1)
    output = tmp_path / "out.mp4"
    output.touch()
    os.utime(output, (0, last.stat().st_mtime - 10))  # an older result
    delete_joined(joined.path, output)
    assert len(list(joined.path.iterdir())) == 3
    os.utime(output, (0, last.stat().st_mtime + 10))
    delete_joined(joined.path, output)
    assert list(joined.path.iterdir()) == [kept]
