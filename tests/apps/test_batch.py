"""Runs of a batch: a bad input stops no other, and leaves no folder."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.apps.batches import STYLES, touch, tree
from tests.clips import Clip, Sound
from tests.look import look
from vidstyle.apps.batch import run_batch
from vidstyle.apps.batch_inputs import BatchRequest
from vidstyle.apps.batch_jobs import Job, list_jobs
from vidstyle.apps.convert import stylize_video, stylize_video_in_styles
from vidstyle.apps.outputs import Failure, Result
from vidstyle.errors import SinkError
from vidstyle.frame import Frame
from vidstyle.media.sink import FileSink
from vidstyle.media.source import VIDEO_SUFFIXES, FileSource
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats


def test_a_pattern_without_a_match_is_a_missing_file(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    jobs = list_jobs(BatchRequest([tmp_path / "*.mp4"], None, inverting, VIDEO_SUFFIXES))
    (outcome,) = run_batch(jobs, stylize_video, inverting)
    assert isinstance(outcome, Failure)
    assert f"There is no file {tmp_path / '*.mp4'}." in str(outcome.error)


def test_the_folders_of_recursive_jobs_are_made(tmp_path: Path, inverting: StylizeOptions) -> None:
    (tmp_path / "out").mkdir()
    films = tree(tmp_path / "films")
    (tmp_path / "out" / "x").touch()  # in the way of the third
    Clip(frames=2).write(films / "z" / "b.mp4")
    jobs = list_jobs(
        BatchRequest([films], tmp_path / "out", inverting, VIDEO_SUFFIXES, recursive=True)
    )
    outcomes = list(run_batch(jobs, stylize_video, inverting))
    failed = [str(outcome.error) for outcome in outcomes if isinstance(outcome, Failure)]
    assert len(failed) == 3
    assert "Cannot make the folder" in failed[1]
    assert (tmp_path / "out" / "z" / "b.inverter.mp4").stat().st_size > 0


def test_a_new_folder_is_made_for_what_needs_one(tmp_path: Path, inverting: StylizeOptions) -> None:
    film, _ = Clip(frames=2).write(tmp_path / "a.mp4"), touch(tmp_path, "bad.mp4")
    new = tmp_path / "new" / "v1.0"
    jobs = list_jobs(BatchRequest([film], new, inverting, VIDEO_SUFFIXES, into_folder=True))
    assert jobs == [Job(film, new / "a.inverter.mp4", makes_folder=True)]
    jobs = list_jobs(BatchRequest([tmp_path], tmp_path / "out", inverting, VIDEO_SUFFIXES))
    assert not (tmp_path / "out").exists()
    assert [type(outcome) for outcome in run_batch(jobs, stylize_video, inverting)] == [
        Result,
        Failure,
    ]
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["a.inverter.mp4"]


def test_a_failure_leaves_no_new_folder(tmp_path: Path, inverting: StylizeOptions) -> None:
    new, films = tmp_path / "new", touch(tmp_path, "bad.mp4")
    jobs = list_jobs(BatchRequest(films, new / "er", inverting, VIDEO_SUFFIXES, into_folder=True))
    (failure,) = run_batch(jobs, stylize_video, inverting)
    assert isinstance(failure, Failure)
    assert not new.exists()


@pytest.mark.usefixtures("shelf")
def test_several_styles_are_made_from_one_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    white = np.full((48, 64, 3), 255, np.uint8)  # "negative" paints it black
    film = Clip(picture=white, frames=5, sounds=[Sound()]).write(tmp_path / "a.mp4")
    (taken,) = touch(tmp_path, "a.warm.mp4")
    read = list[str]()

    class CountingSource(FileSource):
        def __iter__(self) -> Iterator[Frame]:
            for frame in super().__iter__():
                read.append("frame")
                yield frame

    monkeypatch.setattr("vidstyle.media.footage.FileSource", CountingSource)
    jobs = list_jobs(
        BatchRequest([film], None, StylizeOptions(), VIDEO_SUFFIXES, styles=(*STYLES, "warm"))
    )
    outcomes = list(run_batch(jobs, stylize_video, StylizeOptions(), None, stylize_video_in_styles))
    results = [outcome for outcome in outcomes if isinstance(outcome, Result)]
    assert [result.style for result in results] == list(STYLES)
    assert len(read) == 5
    for result, shade in zip(results, (0, 255), strict=True):
        assert result.output == tmp_path / f"a.{result.style}.mp4"
        contents = look(result.output)
        assert contents.images[2].mean() == pytest.approx(shade, abs=3)
        assert (len(contents.times), len(contents.sounds)) == (5, 1)
    (failure,) = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert f"{taken} exists" in str(failure.error)


@pytest.mark.usefixtures("shelf")
def test_with_little_memory_styles_are_made_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, decoded = Clip(frames=3).write(tmp_path / "a.mp4"), Stats()
    outputs = {tmp_path / f"{style}.mp4": style for style in STYLES}
    monkeypatch.setattr("vidstyle.apps.convert.memory_gb", lambda: 0.07)
    results = stylize_video_in_styles(film, outputs, StylizeOptions(), decoded)
    made = [(result.input, result.frames) for result in results if isinstance(result, Result)]
    assert made == [(film, 3), (film, 3)]
    assert decoded["frames"] == 3  # of the first


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("memory_gb", [16, 0.07])  # all at once; one by one
def test_a_style_that_cannot_be_finished_takes_no_other_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory_gb: float
) -> None:
    film, publish = Clip(frames=2).write(tmp_path / "a.mp4"), FileSink._publish
    styles = ("white", "warm", "negative")

    def taken(sink: FileSink) -> None:
        if sink._path.name == "a.warm.mp4":
            sink._path.touch()  # by another program, during the run
        publish(sink)

    monkeypatch.setattr(FileSink, "_publish", taken)
    monkeypatch.setattr("vidstyle.apps.convert.memory_gb", lambda: memory_gb)
    jobs = list_jobs(BatchRequest([film], None, StylizeOptions(), VIDEO_SUFFIXES, styles=styles))
    outcomes = list(run_batch(jobs, stylize_video, StylizeOptions(), None, stylize_video_in_styles))
    assert [type(outcome) for outcome in outcomes] == [Result, Failure, Result]
    assert "a.warm-2.mp4" in str(outcomes[1])
    for name in ("a.white.mp4", "a.warm-2.mp4", "a.negative.mp4"):
        assert len(look(tmp_path / name).times) == 2


@pytest.mark.usefixtures("shelf")
def test_a_new_folder_stays_only_for_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(sink: FileSink) -> None:
        raise SinkError(f"{sink._path.name} failed")

    film, folder = Clip(frames=1).write(tmp_path / "a.mp4"), tmp_path / "new"
    monkeypatch.setattr(FileSink, "_publish", fail)
    request = BatchRequest([film], folder, StylizeOptions(), VIDEO_SUFFIXES, styles=STYLES)
    outcomes = list(
        run_batch(
            list_jobs(request), stylize_video, StylizeOptions(), None, stylize_video_in_styles
        )
    )
    errors = [str(outcome.error) for outcome in outcomes if isinstance(outcome, Failure)]
    assert errors == [f"a.{style}.mp4 failed" for style in STYLES]
    assert not folder.exists()


@pytest.mark.usefixtures("shelf")
def test_an_input_that_fails_fails_in_every_style(tmp_path: Path) -> None:
    films = touch(tmp_path, "a.mp4")
    jobs = list_jobs(BatchRequest(films, None, StylizeOptions(), VIDEO_SUFFIXES, styles=STYLES))
    outcomes = list(run_batch(jobs, stylize_video, StylizeOptions(), None, stylize_video_in_styles))
    assert [type(outcome) for outcome in outcomes] == [Failure, Failure]
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["a.mp4"]


def test_a_bad_file_does_not_stop_the_others(tmp_path: Path, inverting: StylizeOptions) -> None:
    (tmp_path / "a.mp4").write_text("no video")
    Clip(frames=2).write(tmp_path / "b.mp4")
    jobs = list_jobs(BatchRequest([tmp_path], None, inverting, VIDEO_SUFFIXES))
    seen: list[str] = []
    outcomes = list(
        run_batch(jobs, stylize_video, inverting, lambda run, _: seen.append(run[0].input.name))
    )
    assert seen == ["a.mp4", "b.mp4"]
    assert isinstance(outcomes[0], Failure)
    assert isinstance(outcomes[1], Result)
    assert outcomes[1].frames == 2


def test_even_a_bug_does_not_stop_the_others(tmp_path: Path, inverting: StylizeOptions) -> None:
    def app(input: Path, output: Path | None, options: StylizeOptions, stats: Stats) -> Result:
        raise ZeroDivisionError(input.name)

    jobs: list[Job | Failure] = [Job(Path(name), tmp_path / name) for name in ("a", "b")]
    outcomes = list(run_batch(jobs, app, inverting))
    assert [str(o.error) for o in outcomes if isinstance(o, Failure)] == ["a", "b"]


def test_the_folder_of_numbered_results_is_made(tmp_path: Path, inverting: StylizeOptions) -> None:
    film = Clip(frames=2).write(tmp_path / "a.mp4")
    (bad,) = touch(tmp_path, "bad.mp4")
    for input, made in ((bad, False), (film, True)):
        jobs = list_jobs(
            BatchRequest([input], tmp_path / "new" / "f%d.png", inverting, VIDEO_SUFFIXES)
        )
        list(run_batch(jobs, stylize_video, inverting))
        assert (tmp_path / "new").exists() == made
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == ["f1.png", "f2.png"]
