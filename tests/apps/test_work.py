"""An interrupted conversion resumes from its finished parts, without a seam."""

import errno
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.clips import Clip, Sound, squares, write_transparent
from tests.look import look
from vidstyle.apps.convert import stylize_video, stylize_video_in_styles
from vidstyle.apps.outputs import Result
from vidstyle.apps.work import claimed_work_folder, delete_joined_parts, work_folder
from vidstyle.cli import main
from vidstyle.errors import SinkError
from vidstyle.frame import Checkpoint, Frame
from vidstyle.media.atomic import partial_path
from vidstyle.media.image_file import write_photo
from vidstyle.media.part_file import PartWriter
from vidstyle.media.parted_sink import PartedSink
from vidstyle.media.parts import PartFolder
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats

pytestmark = pytest.mark.usefixtures("no_faces")
CLIPS = {
    "b-frames.mp4": Clip(frames=23, options={"bf": "3", "g": "9"}, sounds=[Sound(seconds=0.9)]),
    "open-gop.mkv": Clip(
        frames=23, codec="libx265", options={"x265-params": "keyint=9:log-level=0"}
    ),
    "variable.mkv": Clip(frames=23, pts=[n * n // 3 + n for n in range(23)]),
    "stream.ts": Clip(frames=23, options={"g": "9"}),
    "fields.mp4": Clip(frames=23, interlaced=True),
}


class PowerCutError(Exception):
    """The power is cut."""


@pytest.fixture(autouse=True)
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of five frames, of films of any length."""
    monkeypatch.setattr("vidstyle.apps.work.MIN_FILM_S", 0.0)
    monkeypatch.setattr("vidstyle.stylize.stylizer.PART_S", 0.2)
    monkeypatch.setattr("vidstyle.media.source.RESUME_BACK_S", (0.2, math.inf))


@contextmanager
def power_cut(after: int) -> Iterator[None]:
    """Interrupt conversions in the block after so many frames."""
    write, written = PartedSink.write, list[Frame]()

    def fail(sink: PartedSink, frame: Frame) -> None:
        if len(written) == after:
            raise PowerCutError
        written.append(frame)
        write(sink, frame)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(PowerCutError):
        patch.setattr(PartedSink, "write", fail)
        yield


@pytest.mark.parametrize("name", CLIPS)
def test_a_resumed_conversion_is_the_unbroken_one(
    tmp_path: Path, inverting: StylizeOptions, name: str
) -> None:
    path, options = CLIPS[name].write(tmp_path / name), replace(inverting, every=3)
    simple = stylize_video(path, tmp_path / "simple.mp4", replace(options, resume=False))
    whole = stylize_video(path, tmp_path / "whole.mp4", options)
    with power_cut(13):
        stylize_video(path, tmp_path / "out.mp4", options)
    assert not (tmp_path / "out.mp4").exists()
    stats = Stats()
    result = stylize_video(path, tmp_path / "out.mp4", options, stats)
    assert stats.resumed_at_s
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert facts(result) == facts(whole)
    assert (result.frames, result.warnings) == (simple.frames, simple.warnings)
    joined, plain = look(tmp_path / "out.mp4"), look(tmp_path / "simple.mp4")
    assert joined.times == plain.times
    assert joined.video_duration_s == plain.video_duration_s
    assert [sound.packets for sound in joined.sounds] == [sound.packets for sound in plain.sounds]
    names = {name, "simple.mp4", "whole.mp4", "out.mp4"}
    assert {file.name for file in tmp_path.iterdir()} == names


def facts(result: Result) -> Result:
    """Result without what differs between runs."""
    return replace(result, output=Path(), seconds=0.0)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return Clip(frames=23).write(tmp_path / "in.mp4")


def refused(*given: object) -> None:
    raise AssertionError(given)


def part_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.work/parts/*.part"))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"crf": 30.0}, "crf: was none, is 30.0"),
        ({"strength": 0.5}, "strength: was 1.0, is 0.5"),
        ({"start": 0.08}, "start: was 0.0, is 0.08"),
        ({"style": "warm"}, "another style file, style: was"),
    ],
)
@pytest.mark.usefixtures("shelf")
def test_other_settings_start_afresh_and_name_the_old_work(
    clip: Path,
    inverting: StylizeOptions,
    caplog: pytest.LogCaptureFixture,
    change: dict[str, Any],
    named: str,
) -> None:
    output = clip.with_name("out.mp4")
    with power_cut(13):
        stylize_video(clip, output, inverting)
    old, stats = part_files(clip.parent), Stats()
    stylize_video(clip, output, replace(inverting, **change), stats)
    assert stats.resumed_at_s is None
    assert f"{output}.work keeps 0:00 of another run (" in caplog.text
    assert named in caplog.text
    assert part_files(clip.parent) == old
    stylize_video(clip, output, replace(inverting, overwrite=True), stats)
    assert stats.resumed_at_s == pytest.approx(0.4)
    assert not part_files(clip.parent)


def test_another_input_starts_afresh(
    clip: Path, inverting: StylizeOptions, caplog: pytest.LogCaptureFixture
) -> None:
    with power_cut(13):
        stylize_video(clip, clip.with_name("out.mp4"), inverting)
    Clip(frames=23, options={"crf": "30"}).write(clip)
    stats = Stats()
    stylize_video(clip, clip.with_name("out.mp4"), inverting, stats)
    assert stats.resumed_at_s is None
    assert "another input" in caplog.text


def test_the_work_may_lie_elsewhere(tmp_path: Path, clip: Path, inverting: StylizeOptions) -> None:
    options = replace(inverting, work_folder=str(tmp_path / "some" / "where"))
    with power_cut(13):
        stylize_video(clip, clip.with_name("out.mp4"), options)
    (work,) = (tmp_path / "some" / "where").glob("out.mp4.*.work")
    assert len(list((work / "parts").iterdir())) == 2
    shutil.copytree(work, tmp_path / "out.mp4.work")
    stats = Stats()
    stylize_video(clip, clip.with_name("out.mp4"), replace(inverting, overwrite=True), stats)
    assert stats.resumed_at_s == pytest.approx(0.4)


def test_work_folders_of_the_same_name_are_kept_apart(tmp_path: Path) -> None:
    options = StylizeOptions(work_folder=str(tmp_path))
    folders = {work_folder(tmp_path / place / "out.mp4", options) for place in "ab"}
    assert len(folders) == 2
    assert {folder.parent for folder in folders} == {tmp_path}


@pytest.mark.parametrize("output", ["out.gif", "out.apng", "out_%02d.png"])
def test_other_outputs_have_no_parts(
    tmp_path: Path, clip: Path, inverting: StylizeOptions, output: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vidstyle.apps.rendition.open_parts", refused)
        stylize_video(clip, tmp_path / output, inverting)


def test_short_films_pipes_and_unwanted_ones_have_no_parts(
    tmp_path: Path, clip: Path, inverting: StylizeOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstyle.apps.rendition.open_parts", refused)
    stylize_video(clip, tmp_path / "a.mp4", replace(inverting, resume=False))
    with clip.open("rb") as file:
        stylize_video(file, tmp_path / "b.mp4", inverting)
    with clip.open("rb") as file:
        outputs: dict[Path, str | None] = {tmp_path / f"{n}.mp4": inverting.style for n in "de"}
        results = stylize_video_in_styles(file, outputs, inverting, Stats())
    assert [type(result) for result in results] == [Result, Result]
    monkeypatch.setattr("vidstyle.apps.work.MIN_FILM_S", 60.0)
    stylize_video(clip, tmp_path / "c.mp4", inverting)


def test_transparency_beside_the_packets_has_no_parts(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    path = write_transparent(tmp_path / "in.webm", "libvpx-vp9", "yuva420p", frames=12)
    stylize_video(path, tmp_path / "out.webm", inverting)
    assert look(tmp_path / "out.webm").images
    assert not part_files(tmp_path)


@pytest.mark.usefixtures("shelf")
def test_several_styles_go_on_from_the_first_frame_that_one_lacks(
    tmp_path: Path, clip: Path
) -> None:
    options = StylizeOptions(every=3)
    outputs: dict[Path, str | None] = {tmp_path / f"{s}.mp4": s for s in ("negative", "warm")}
    stylize_video_in_styles(clip, outputs, options, Stats())
    whole = [output.read_bytes() for output in outputs]
    for output in outputs:
        output.unlink()
    with power_cut(30):
        stylize_video_in_styles(clip, outputs, options, Stats())
    part_files(tmp_path)[-1].unlink()  # the styles are not equally far
    stats = Stats()
    results = stylize_video_in_styles(clip, outputs, options, stats)
    assert stats.resumed_at_s
    assert [result.frames for result in results if isinstance(result, Result)] == [23, 23]
    assert [output.read_bytes() for output in outputs] == whole
    assert {path.name for path in tmp_path.iterdir()} == {
        "in.mp4", "negative.mp4", "warm.mp4", "shelf",
    }  # fmt: skip


def test_pictures_as_input_go_on_too(tmp_path: Path, inverting: StylizeOptions) -> None:
    (tmp_path / "in").mkdir()
    for number in range(13):
        write_photo(tmp_path / "in" / f"{number}.png", squares(number, 64, 48))
    options = replace(inverting, every=3)
    stylize_video(tmp_path / "in", tmp_path / "whole.mp4", options)
    with power_cut(8):
        stylize_video(tmp_path / "in", tmp_path / "out.mp4", options)
    stats = Stats()
    stylize_video(tmp_path / "in", tmp_path / "out.mp4", options, stats)
    assert stats.resumed_at_s == pytest.approx(0.2)
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def test_a_film_that_is_being_converted_is_left_alone(
    clip: Path, inverting: StylizeOptions
) -> None:
    with claimed_work_folder(clip.with_name("out.mp4"), inverting):
        with pytest.raises(SinkError, match=r"out\.mp4\.work is being written by another run"):
            stylize_video(clip, clip.with_name("out.mp4"), inverting)
        stylize_video(clip, clip.with_name("other.mp4"), inverting)


@pytest.mark.usefixtures("no_file_locks")
def test_without_file_locks_no_part_of_another_run_is_deleted(
    clip: Path, inverting: StylizeOptions
) -> None:
    output = clip.with_name("out.mp4")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PartFolder, "clear", lambda folder: None)
        stylize_video(clip, output, inverting)
    parts = part_files(clip.parent)
    assert parts
    partial = partial_path(parts[0])
    partial.touch()
    with claimed_work_folder(output, inverting):
        pass
    delete_joined_parts(output, inverting)
    assert part_files(clip.parent) == sorted([*parts, partial])


def test_what_a_killed_run_left_half_written_goes(clip: Path, inverting: StylizeOptions) -> None:
    with power_cut(13):
        stylize_video(clip, clip.with_name("out.mp4"), inverting)
    parts = part_files(clip.parent)
    partial_path(parts[0]).touch()
    with claimed_work_folder(clip.with_name("out.mp4"), inverting):
        assert part_files(clip.parent) == parts


def test_a_full_disk_loses_no_part(clip: Path, inverting: StylizeOptions) -> None:
    output, finish = clip.with_name("out.mp4"), PartWriter.finish
    with pytest.MonkeyPatch.context() as patch:

        def full(writer: PartWriter, until: Checkpoint | None) -> Path:
            if until is not None and until.part == 3:
                raise OSError(errno.ENOSPC, "No space left on device")
            return finish(writer, until)

        patch.setattr(PartWriter, "finish", full)
        message = r"No space left on device\. The same command goes on from here\. Make room"
        with pytest.raises(SinkError, match=message):
            stylize_video(clip, output, inverting)
    assert len(part_files(clip.parent)) == 2
    assert not list(clip.parent.glob("*.work/parts/.*"))
    stats = Stats()
    stylize_video(clip, output, inverting, stats)
    assert stats.resumed_at_s == pytest.approx(0.4)


def test_a_batch_deletes_what_a_kill_after_the_end_has_left(
    clip: Path, inverting: StylizeOptions
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PartFolder, "clear", lambda folder: None)  # the kill
        stylize_video(clip, clip.with_name("in.inverter.mp4"), inverting)
    assert part_files(clip.parent)
    words = [str(clip), "--style", str(inverting.style), "--quiet", "--skip-existing"]
    assert main(words) == 0
    assert {path.name for path in clip.parent.iterdir()} == {"in.mp4", "in.inverter.mp4"}
    clip.with_name("in.inverter.mp4.work").mkdir()  # the last thing that is deleted
    assert main(words) == 0
    assert not clip.with_name("in.inverter.mp4.work").exists()


def test_the_command_says_where_it_goes_on(
    clip: Path, inverting: StylizeOptions, capsys: pytest.CaptureFixture[str]
) -> None:
    with power_cut(13):
        stylize_video(clip, clip.with_name("in.inverter.mp4"), inverting)
    assert main([str(clip), "--style", str(inverting.style)]) == 0
    assert capsys.readouterr().err.startswith("Resumed at 0:00 of 0:00.\n")
