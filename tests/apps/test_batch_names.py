"""Names of results: distinct, and independent of the order of the inputs."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.apps.batches import targets, touch
from tests.clips import Clip
from vidstyle.apps.batch import run_batch
from vidstyle.apps.batch_inputs import BatchRequest
from vidstyle.apps.batch_jobs import Job, list_jobs, missing_results
from vidstyle.apps.convert import stylize_video
from vidstyle.apps.outputs import Result
from vidstyle.media.image_file import PHOTO_SUFFIXES, READABLE_SUFFIXES
from vidstyle.media.source import VIDEO_SUFFIXES
from vidstyle.options import StylizeOptions


def test_inputs_of_one_name_get_results_of_two_names(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    films = touch(tmp_path, "a.mkv", "a.mov", "b.mov")
    jobs = list_jobs(BatchRequest(films, None, inverting, VIDEO_SUFFIXES))
    assert targets(jobs) == ["a.mkv.inverter.mp4", "a.mov.inverter.mp4", "b.inverter.mp4"]
    assert list_jobs(BatchRequest(films[::-1], None, inverting, VIDEO_SUFFIXES)) == jobs[::-1]


def test_a_result_does_not_pass_to_an_input_of_its_name_that_is_added(
    tmp_path: Path, inverting: StylizeOptions, caplog: pytest.LogCaptureFixture
) -> None:
    touch(tmp_path, "clip.mov")
    request = BatchRequest([tmp_path], None, inverting, VIDEO_SUFFIXES)
    (job,) = list_jobs(request)
    assert isinstance(job, Job)
    job.output.touch()
    assert missing_results(list_jobs(request)) == []
    assert not caplog.messages
    touch(tmp_path, "clip.avi")
    jobs = list_jobs(request)
    assert missing_results(jobs) == jobs
    assert targets(jobs) == ["clip.avi.inverter.mp4", "clip.mov.inverter.mp4"]
    assert caplog.messages == [
        f"Several inputs share the name of {job.output}, an earlier result. It stays, and counts "
        "for none of them; their results have longer names, as clip.avi.inverter.mp4."
    ]
    for each in jobs:
        assert isinstance(each, Job)
        each.output.touch()
    assert missing_results(list_jobs(request)) == []


def test_a_longer_name_is_not_that_of_another_input(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    films = touch(folder, "a.mkv", "a.mov", "a.mov.avi")
    jobs = list_jobs(BatchRequest(films, None, inverting, VIDEO_SUFFIXES))
    assert targets(jobs) == [
        "a.mkv.inverter.mp4",
        "films-a.mov.inverter.mp4",
        "a.mov.avi.inverter.mp4",
    ]


def test_files_of_one_name_in_folders_of_one_name_get_results_of_two_names(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    films = [tmp_path / disk / "day" / "a.mp4" for disk in "xy"]
    (tmp_path / "out").mkdir()
    request = BatchRequest(films, tmp_path / "out", inverting, VIDEO_SUFFIXES)
    names = targets(list_jobs(request))
    assert all(re.fullmatch(r"a\.mp4-[0-9a-f]{8}\.inverter\.mp4", name) for name in names)
    assert targets(list_jobs(replace(request, inputs=films[::-1]))) == names[::-1]
    assert len(set(names)) == 2


def test_a_file_that_is_given_twice_gets_two_results(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    (film,) = touch(tmp_path, "a.mp4")
    jobs = list_jobs(BatchRequest([film, film], None, inverting, VIDEO_SUFFIXES))
    assert targets(jobs) == ["a.inverter.mp4", "a-2.inverter.mp4"]


def test_results_of_one_name_from_several_folders_get_free_names(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    cards = [tmp_path / f"{number}CANON" for number in range(100, 104)]
    for card in cards:
        card.mkdir()
        touch(card, "IMG_1.mp4")
    assert targets(list_jobs(BatchRequest(cards, out, inverting, VIDEO_SUFFIXES))) == [
        "100CANON-IMG_1.mp4.inverter.mp4",
        "101CANON-IMG_1.mp4.inverter.mp4",
        "102CANON-IMG_1.mp4.inverter.mp4",
        "103CANON-IMG_1.mp4.inverter.mp4",
    ]


def test_names_that_differ_in_case_only_are_one_name(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    (tmp_path / "out").mkdir()
    films = [tmp_path / "a.mkv", tmp_path / "A.mov"]
    jobs = list_jobs(BatchRequest(films, tmp_path / "out", inverting, VIDEO_SUFFIXES))
    assert targets(jobs) == ["a.mkv.inverter.mp4", "A.mov.inverter.mp4"]


def test_pictures_and_previews_keep_their_kinds(tmp_path: Path, inverting: StylizeOptions) -> None:
    photo, film = touch(tmp_path, "a.jpg", "a.mp4")
    assert targets(list_jobs(BatchRequest([photo], None, inverting, PHOTO_SUFFIXES))) == [
        "a.inverter.jpg"
    ]
    assert targets(list_jobs(BatchRequest([film], None, inverting, VIDEO_SUFFIXES, ".png"))) == [
        "a.inverter.png"
    ]


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("a.jfif", "a.inverter.jfif"),
        ("a.JPE", "a.inverter.JPE"),
        ("a.avif", "a.inverter.png"),
        ("a.heic", "a.inverter.jpg"),
        ("a", "a.inverter.png"),
    ],
)
def test_pictures_of_other_kinds_get_a_name_that_can_be_written(
    tmp_path: Path, inverting: StylizeOptions, name: str, result: str
) -> None:
    (photo,) = touch(tmp_path, name)
    assert targets(
        list_jobs(BatchRequest([photo], None, inverting, READABLE_SUFFIXES, ".png"))
    ) == [result]


def test_a_long_name_gets_a_result_too(tmp_path: Path, inverting: StylizeOptions) -> None:
    long = Clip(frames=1).write(tmp_path / "in.mp4").rename(tmp_path / f"{'あ' * 83}.mp4")
    (job,) = list_jobs(BatchRequest([long], None, inverting, VIDEO_SUFFIXES))
    (result,) = run_batch([job], stylize_video, inverting)
    assert isinstance(result, Result)
    assert result.output is not None
    assert result.output.is_file()
    assert stylize_video(long, None, replace(inverting, overwrite=True)).output == result.output
