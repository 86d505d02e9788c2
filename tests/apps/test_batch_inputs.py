"""Inputs of a batch: files of folders and patterns, and which of them are left out."""

from pathlib import Path

import pytest

from tests.apps.batches import targets, touch, tree
from tests.clips import Clip
from vidstyle.apps.batch_inputs import BatchRequest
from vidstyle.apps.batch_jobs import Job, list_jobs
from vidstyle.apps.convert import stylize_video
from vidstyle.apps.outputs import Failure
from vidstyle.flags import with_flags
from vidstyle.media.image_file import READABLE_SUFFIXES
from vidstyle.media.source import VIDEO_SUFFIXES
from vidstyle.options import StylizeOptions


def test_a_folder_gives_its_videos_but_no_earlier_results(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    touch(tmp_path, "b.MP4", "a.mov", "a.inverter.mp4", "notes.txt", ".hidden.mp4")
    jobs = list_jobs(BatchRequest([tmp_path], None, inverting, VIDEO_SUFFIXES))
    assert targets(jobs) == ["a.inverter.mp4", "b.inverter.mp4"]


def test_no_result_of_any_style_or_mix_is_converted_again(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    film = Clip(frames=2).write(tmp_path / "film.mp4")
    mine = tmp_path / "renamed.mp4"
    stylize_video(film, mine, inverting)
    touch(tmp_path, "a.udnie.mp4", "a.great-wave-60+udnie-40.mp4")
    other = StylizeOptions(style="scream")
    assert targets(list_jobs(BatchRequest([tmp_path], None, other, VIDEO_SUFFIXES))) == [
        "film.scream.mp4"
    ]
    assert targets(list_jobs(BatchRequest([mine], None, other, VIDEO_SUFFIXES))) == [
        "renamed.scream.mp4"
    ]
    film.unlink()
    (job,) = list_jobs(BatchRequest([tmp_path], None, other, VIDEO_SUFFIXES))
    assert isinstance(job, Failure)
    assert "holds nothing to convert besides earlier results" in str(job.error)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.mp4", ["a.inverter.mp4", "b.inverter.mp4"]),
        ("[b-z].mp4", ["b.inverter.mp4"]),
        ("a [1080p].mkv", ["a [1080p].inverter.mp4"]),
        ("**/c.*", ["c.inverter.mp4"]),
        ("z", ["c.inverter.mp4"]),
        ("?", ["c.inverter.mp4"]),
    ],
)
def test_patterns_that_the_shell_left_are_expanded(
    tmp_path: Path, inverting: StylizeOptions, pattern: str, names: list[str]
) -> None:
    touch(tmp_path, "b.mp4", "a.mp4", "a [1080p].mkv")
    (tmp_path / "z").mkdir()
    touch(tmp_path / "z", "c.mp4")
    assert (
        targets(list_jobs(BatchRequest([tmp_path / pattern], None, inverting, VIDEO_SUFFIXES)))
        == names
    )


@pytest.mark.parametrize("out", ["films/out", "elsewhere"])
def test_recursive_jobs_keep_the_structure_below_an_output_folder(
    tmp_path: Path, inverting: StylizeOptions, out: str
) -> None:
    films, output = tree(tmp_path / "films"), tmp_path / out
    output.mkdir()
    touch(output, "earlier.mp4")
    jobs = list_jobs(BatchRequest([films], output, inverting, VIDEO_SUFFIXES, recursive=True))
    assert jobs == [
        Job(films / "a.mp4", output / "a.inverter.mp4"),
        Job(films / "x/a.mp4", output / "x/a.inverter.mp4", makes_folder=True),
        Job(films / "x/y/b.mov", output / "x/y/b.inverter.mp4", makes_folder=True),
    ]
    assert [path.name for path in output.iterdir()] == ["earlier.mp4"]


def test_recursive_jobs_without_an_output_lie_beside_their_inputs(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    jobs = list_jobs(
        BatchRequest([tree(tmp_path)], None, inverting, VIDEO_SUFFIXES, recursive=True)
    )
    outputs = [job.output.relative_to(tmp_path) for job in jobs if isinstance(job, Job)]
    assert list(map(str, outputs)) == [
        "a.inverter.mp4",
        "x/a.inverter.mp4",
        "x/y/b.inverter.mp4",
    ]
    assert len(list_jobs(BatchRequest([tmp_path], None, inverting, VIDEO_SUFFIXES))) == 1


def test_a_picture_among_videos_is_sent_to_the_other_command(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    (job,) = list_jobs(BatchRequest(touch(tmp_path, "a.jpg"), None, inverting, VIDEO_SUFFIXES))
    assert isinstance(job, Failure)
    assert "is a picture, not a video. Stylize it as one (vidstyle image)." in with_flags(job.error)


def test_an_empty_folder_fails_alone(tmp_path: Path, inverting: StylizeOptions) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (film,) = touch(tmp_path, "a.mp4")
    failure, job = list_jobs(BatchRequest([empty, film], None, inverting, VIDEO_SUFFIXES))
    assert isinstance(failure, Failure)
    assert "holds nothing to convert" in str(failure.error)
    assert isinstance(job, Job)


def test_for_pictures_numbered_names_are_all_of_them(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    touch(tmp_path, "f10.png", "f2.png")
    jobs = list_jobs(
        BatchRequest([tmp_path / "f%d.png"], None, inverting, READABLE_SUFFIXES, ".png")
    )
    assert targets(jobs) == ["f2.inverter.png", "f10.inverter.png"]


def test_a_folder_of_pictures_is_a_film_on_request(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    frames = tmp_path / "shot.v1"
    frames.mkdir()
    touch(frames, "f1.png", "f2.png", "f1.udnie.mp4")
    jobs = list_jobs(BatchRequest([frames], None, inverting, VIDEO_SUFFIXES, sequences=True))
    assert jobs == [Job(frames, tmp_path / "shot.v1.inverter.mp4")]
    touch(frames, "film.mp4")
    jobs = list_jobs(BatchRequest([frames], None, inverting, VIDEO_SUFFIXES, sequences=True))
    assert targets(jobs) == ["film.inverter.mp4"]


def test_a_folder_of_pictures_without_a_rate_tells_how(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    touch(tmp_path, "f1.png", "f2.png")
    (job,) = list_jobs(BatchRequest([tmp_path], None, inverting, VIDEO_SUFFIXES))
    assert isinstance(job, Failure)
    assert with_flags(job.error) == (
        f"The folder {tmp_path} holds no videos, but 2 pictures. Give a frame rate to make a film "
        "of them, or stylize each of them (--fps 25 or vidstyle image)."
    )


def test_many_pictures_among_videos_are_one_failure(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    files = touch(tmp_path, "f1.png", "f2.png", "a.mp4")
    failure, job = list_jobs(BatchRequest(files, None, inverting, VIDEO_SUFFIXES))
    assert isinstance(failure, Failure)
    assert "2 inputs are pictures, as " in str(failure.error)
    assert isinstance(job, Job) and job.input == files[-1]
    (failure,) = list_jobs(BatchRequest(files[:2], tmp_path / "a.mkv", inverting, VIDEO_SUFFIXES))
    assert isinstance(failure, Failure)
