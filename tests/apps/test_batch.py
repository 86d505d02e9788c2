"""Several inputs: which jobs they make, and that a bad one stops no other."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.clips import Clip, Sound
from tests.look import look
from vidstyle.apps.batch import BatchRequest, Failure, Job, list_jobs, missing_results, run_batch
from vidstyle.apps.convert import stylize_video, stylize_video_in_styles
from vidstyle.apps.outputs import Result
from vidstyle.errors import OptionError, SinkError, StyleError
from vidstyle.flags import with_flags
from vidstyle.frame import Frame
from vidstyle.media.image_file import PHOTO_SUFFIXES, READABLE_SUFFIXES
from vidstyle.media.sink import FileSink
from vidstyle.media.source import VIDEO_SUFFIXES, FileSource
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats


def touch(folder: Path, *names: str) -> list[Path]:
    files = [folder / name for name in names]
    for file in files:
        file.touch()
    return files


def targets(jobs: list[Job | Failure]) -> list[str]:
    return [job.output.name for job in jobs if isinstance(job, Job)]


def test_results_lie_beside_their_inputs(tmp_path: Path, inverting: StylizeOptions) -> None:
    (film,) = touch(tmp_path, "film.mkv")
    assert list_jobs(BatchRequest([film], None, inverting, VIDEO_SUFFIXES)) == [
        Job(film, tmp_path / "film.inverter.mp4")
    ]


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


def test_a_pattern_without_a_match_is_a_missing_file(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    jobs = list_jobs(BatchRequest([tmp_path / "*.mp4"], None, inverting, VIDEO_SUFFIXES))
    (outcome,) = run_batch(jobs, stylize_video, inverting)
    assert isinstance(outcome, Failure)
    assert f"There is no file {tmp_path / '*.mp4'}." in str(outcome.error)


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


def test_no_result_takes_the_place_of_another_input(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    films = touch(tmp_path, "a.mp4", "a.inverter.mp4")
    failure, job = list_jobs(BatchRequest(films, None, inverting, VIDEO_SUFFIXES))
    assert isinstance(failure, Failure)
    assert "a.inverter.mp4 is an input, too" in str(failure.error)
    assert isinstance(job, Job)


def tree(folder: Path) -> Path:
    """A folder with videos on three levels, and some that are not to be found."""
    for name in ("a.mp4", "x/a.mp4", "x/y/b.mov", "x/.hidden/c.mp4", "x/a.inverter.mp4", "z/t.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


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


def test_pictures_and_previews_keep_their_kinds(tmp_path: Path, inverting: StylizeOptions) -> None:
    photo, film = touch(tmp_path, "a.jpg", "a.mp4")
    assert targets(list_jobs(BatchRequest([photo], None, inverting, PHOTO_SUFFIXES))) == [
        "a.inverter.jpg"
    ]
    assert targets(list_jobs(BatchRequest([film], None, inverting, VIDEO_SUFFIXES, ".png"))) == [
        "a.inverter.png"
    ]


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


def test_several_inputs_need_a_folder(tmp_path: Path, inverting: StylizeOptions) -> None:
    with pytest.raises(OptionError, match="2 inputs need a folder"):
        films = touch(tmp_path, "a.mp4", "b.mp4")
        list_jobs(BatchRequest(films, tmp_path / "out.mp4", inverting, VIDEO_SUFFIXES))


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


@pytest.mark.parametrize(("count", "into_folder"), [(1, True), (2, False)])
def test_a_file_is_no_folder(
    tmp_path: Path, inverting: StylizeOptions, count: int, into_folder: bool
) -> None:
    films = touch(tmp_path, "a.mp4", "b.mp4")[:count]
    (out,) = touch(tmp_path, "out")
    with pytest.raises(OptionError, match=r"out is not a folder\."):
        list_jobs(BatchRequest(films, out, inverting, VIDEO_SUFFIXES, into_folder=into_folder))


STYLES = ("negative", "white")


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


def test_an_unknown_style_is_refused_once_for_all(tmp_path: Path) -> None:
    with pytest.raises(StyleError):
        list_jobs(
            BatchRequest([tmp_path / "a.mp4"], None, StylizeOptions(style="nope"), VIDEO_SUFFIXES)
        )


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


def test_a_long_name_gets_a_result_too(tmp_path: Path, inverting: StylizeOptions) -> None:
    long = Clip(frames=1).write(tmp_path / "in.mp4").rename(tmp_path / f"{'あ' * 83}.mp4")
    (job,) = list_jobs(BatchRequest([long], None, inverting, VIDEO_SUFFIXES))
    (result,) = run_batch([job], stylize_video, inverting)
    assert isinstance(result, Result)
    assert result.output is not None
    assert result.output.is_file()
    assert stylize_video(long, None, replace(inverting, overwrite=True)).output == result.output


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
