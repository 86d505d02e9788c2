"""Jobs of a batch: where results lie, in which styles, and which are refused."""

import os
from pathlib import Path

import pytest

from tests.apps.batches import STYLES, targets, touch
from vidstyle.apps.batch_inputs import BatchRequest
from vidstyle.apps.batch_jobs import Job, list_jobs, missing_results
from vidstyle.apps.outputs import Failure
from vidstyle.errors import OptionError, StyleError
from vidstyle.flags import with_flags
from vidstyle.media.source import VIDEO_SUFFIXES
from vidstyle.options import StylizeOptions


def test_results_lie_beside_their_inputs(tmp_path: Path, inverting: StylizeOptions) -> None:
    (film,) = touch(tmp_path, "film.mkv")
    assert list_jobs(BatchRequest([film], None, inverting, VIDEO_SUFFIXES)) == [
        Job(film, tmp_path / "film.inverter.mp4")
    ]


def test_a_pattern_may_need_a_new_folder(tmp_path: Path, inverting: StylizeOptions) -> None:
    touch(tmp_path, "b.mp4", "a.mp4")
    jobs = list_jobs(
        BatchRequest([tmp_path / "*.mp4"], tmp_path / "out", inverting, VIDEO_SUFFIXES)
    )
    assert [job.output.parent.name for job in jobs if isinstance(job, Job)] == ["out", "out"]


def test_an_output_folder_takes_all_results(tmp_path: Path, inverting: StylizeOptions) -> None:
    films = touch(tmp_path, "a.mp4", "b.mp4")
    out = tmp_path / "out"
    out.mkdir()
    jobs = list_jobs(BatchRequest(films, out, inverting, VIDEO_SUFFIXES))
    assert [job.output.parent for job in jobs if isinstance(job, Job)] == [out, out]


def test_no_result_takes_the_place_of_another_input(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    films = touch(tmp_path, "a.mp4", "a.inverter.mp4")
    failure, job = list_jobs(BatchRequest(films, None, inverting, VIDEO_SUFFIXES))
    assert isinstance(failure, Failure)
    assert "a.inverter.mp4 is an input, too" in str(failure.error)
    assert isinstance(job, Job)


def test_several_inputs_need_a_folder(tmp_path: Path, inverting: StylizeOptions) -> None:
    with pytest.raises(OptionError, match="2 inputs need a folder"):
        films = touch(tmp_path, "a.mp4", "b.mp4")
        list_jobs(BatchRequest(films, tmp_path / "out.mp4", inverting, VIDEO_SUFFIXES))


@pytest.mark.parametrize(("count", "into_folder"), [(1, True), (2, False)])
def test_a_file_is_no_folder(
    tmp_path: Path, inverting: StylizeOptions, count: int, into_folder: bool
) -> None:
    films = touch(tmp_path, "a.mp4", "b.mp4")[:count]
    (out,) = touch(tmp_path, "out")
    with pytest.raises(OptionError, match=r"out is not a folder\."):
        list_jobs(BatchRequest(films, out, inverting, VIDEO_SUFFIXES, into_folder=into_folder))


@pytest.mark.usefixtures("shelf")
def test_each_input_gets_a_result_in_each_style(tmp_path: Path) -> None:
    films, look = touch(tmp_path, "a.mp4", "b.mp4"), StylizeOptions()
    touch(tmp_path, "a.white.mp4")
    jobs = list_jobs(BatchRequest([tmp_path], None, look, VIDEO_SUFFIXES, styles=STYLES))
    assert jobs == [
        Job(film, film.with_name(f"{film.stem}.{style}.mp4"), style)
        for film in films
        for style in STYLES
    ]
    assert len(missing_results(jobs)) == 3
    new = tmp_path / "out"
    (job, _) = list_jobs(BatchRequest(films[:1], new, look, VIDEO_SUFFIXES, styles=STYLES))
    assert job == Job(films[0], new / "a.negative.mp4", "negative", makes_folder=True)


@pytest.mark.usefixtures("shelf")
def test_several_styles_need_a_folder(tmp_path: Path) -> None:
    films = touch(tmp_path, "a.mp4")
    with pytest.raises(OptionError, match="2 styles need a folder as output"):
        list_jobs(
            BatchRequest(films, tmp_path / "a.mkv", StylizeOptions(), VIDEO_SUFFIXES, styles=STYLES)
        )
    with pytest.raises(StyleError, match="cold"):
        list_jobs(
            BatchRequest(films, None, StylizeOptions(), VIDEO_SUFFIXES, styles=("white", "cold"))
        )


def test_an_unknown_style_is_refused_once_for_all(tmp_path: Path) -> None:
    with pytest.raises(StyleError):
        list_jobs(
            BatchRequest([tmp_path / "a.mp4"], None, StylizeOptions(style="nope"), VIDEO_SUFFIXES)
        )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes as POSIX has them")
def test_pipes_need_a_name_for_their_result(tmp_path: Path, inverting: StylizeOptions) -> None:
    pipe, folder = tmp_path / "in.ts", tmp_path / "out"
    os.mkfifo(pipe)
    folder.mkdir()
    for path in (pipe, Path("-")):
        (failure,) = list_jobs(BatchRequest([path], None, inverting, VIDEO_SUFFIXES))
        assert isinstance(failure, Failure)
        assert with_flags(failure.error) == f"{path} is a pipe. Give its result a name (-o)."
    jobs = list_jobs(BatchRequest([pipe, Path("-")], folder, inverting, VIDEO_SUFFIXES))
    assert targets(jobs) == ["in.inverter.mp4", "stdin.inverter.mp4"]
    (nothing,) = list_jobs(BatchRequest([tmp_path], None, inverting, VIDEO_SUFFIXES))
    assert isinstance(nothing, Failure)


def test_a_stream_goes_to_standard_output(inverting: StylizeOptions) -> None:
    stream = Path("-")
    assert list_jobs(BatchRequest([stream], stream, inverting, VIDEO_SUFFIXES)) == [
        Job(stream, stream)
    ]
    with pytest.raises(OptionError, match="2 inputs need a folder as output, and - is none"):
        list_jobs(BatchRequest([stream, Path("a.mp4")], stream, inverting, VIDEO_SUFFIXES))


def test_numbered_pictures_are_one_film(tmp_path: Path, inverting: StylizeOptions) -> None:
    touch(tmp_path, "f_01.png", "f_02.png")
    (job,) = list_jobs(BatchRequest([tmp_path / "f_%02d.png"], None, inverting, VIDEO_SUFFIXES))
    assert job == Job(tmp_path / "f_%02d.png", tmp_path / "f.inverter.mp4")
