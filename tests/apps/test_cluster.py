"""A conversion on a cluster has the frames and times of one on a single machine."""

import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.clips import Clip, Sound
from tests.look import look
from vidstyle.apps import cluster
from vidstyle.apps.convert import stylize_video
from vidstyle.apps.outputs import Result
from vidstyle.cluster.dispatch import DamagedResultError
from vidstyle.cluster.shared_files import SharedFiles
from vidstyle.errors import OptionError, SinkError, SourceError
from vidstyle.media.image_file import write_photo
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats
from vidstyle.style_plan import StyleChange

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


class Rehearsal:
    """Cluster in this process, whose tasks are done in reverse order."""

    def __init__(self) -> None:
        self.done = list[str]()
        self.stops_after = sys.maxsize
        self.change: Callable[[str, bytes], bytes] = lambda name, content: content

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
        assert cluster.version_misfit(cluster.all_versions()) is None
        assert fit.ask(*fit.given, shared.files) is None
        for name, (function, *arguments) in reversed(list(tasks.items())):
            if len(self.done) == self.stops_after:
                raise KeyboardInterrupt
            content = function(*arguments, shared.files)
            received(name, content and self.change(name, content))
            self.done.append(name)


@pytest.fixture(autouse=True)
def rehearsal(monkeypatch: pytest.MonkeyPatch) -> Rehearsal:
    """Cluster in this process, with parts of five frames."""
    made = Rehearsal()
    monkeypatch.setattr(cluster, "run_tasks", made.run)
    monkeypatch.setattr(cluster, "PART_S", 0.2)
    return made


@pytest.fixture
def on_cluster(inverting: StylizeOptions) -> StylizeOptions:
    return replace(inverting, every=3, cluster="local:2")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return CLIPS["b-frames.mp4"].write(tmp_path / "in.mp4")


@pytest.mark.parametrize("name", CLIPS)
def test_frames_times_and_sound_are_those_of_one_machine(
    tmp_path: Path, on_cluster: StylizeOptions, rehearsal: Rehearsal, name: str
) -> None:
    path = CLIPS[name].write(tmp_path / name)
    alone = stylize_video(path, tmp_path / "alone.mp4", replace(on_cluster, cluster=None))
    result = stylize_video(path, tmp_path / "out.mp4", on_cluster)
    assert len(rehearsal.done) >= 3
    assert (result.frames, result.warnings, result.damage) == (alone.frames, alone.warnings, [])
    joined, plain = look(tmp_path / "out.mp4"), look(tmp_path / "alone.mp4")
    assert joined.times == plain.times
    assert joined.video_duration_s == plain.video_duration_s
    assert [sound.packets for sound in joined.sounds] == [sound.packets for sound in plain.sounds]
    assert not list(tmp_path.glob("*.work"))


def test_a_film_of_one_part_is_made_here_and_that_is_said(
    tmp_path: Path,
    clip: Path,
    on_cluster: StylizeOptions,
    rehearsal: Rehearsal,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(cluster, "PART_S", 10.0)
    stylize_video(clip, tmp_path / "out.mp4", on_cluster)
    assert not rehearsal.done
    words = "The film has one part of 10 s only, so this machine makes it alone."
    assert words in caplog.messages


def test_the_picture_does_not_jump_at_joins(tmp_path: Path, on_cluster: StylizeOptions) -> None:
    path = Clip(frames=40, options={"g": "50"}).write(tmp_path / "in.mp4")
    options = replace(on_cluster, codec="lossless")
    stylize_video(path, tmp_path / "alone.mkv", replace(options, cluster=None))
    stylize_video(path, tmp_path / "out.mkv", options)
    alone, joined = steps(tmp_path / "alone.mkv"), steps(tmp_path / "out.mkv")
    assert np.max(joined - alone) < 2.0  # levels
    assert np.mean(joined) == pytest.approx(np.mean(alone), abs=0.3)


def steps(path: Path) -> Any:
    """Mean differences of the luma of neighboring frames, in levels."""
    with av.open(str(path)) as container:
        frames = [f.to_ndarray(format="gray").astype(int) for f in container.decode(video=0)]
    return np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2))


def test_an_interrupted_coordinator_goes_on_with_the_parts_that_are_missing(
    tmp_path: Path, clip: Path, on_cluster: StylizeOptions, rehearsal: Rehearsal
) -> None:
    whole = stylize_video(clip, tmp_path / "whole.mp4", on_cluster)
    every = list(rehearsal.done)
    rehearsal.done.clear()
    rehearsal.stops_after = 2
    with pytest.raises(KeyboardInterrupt):
        stylize_video(clip, tmp_path / "out.mp4", on_cluster)
    rehearsal.stops_after = sys.maxsize
    stats = Stats()
    result = stylize_video(clip, tmp_path / "out.mp4", on_cluster, stats)
    assert stats.resumed_at_s
    assert rehearsal.done == every  # none of them twice
    assert facts(result) == facts(whole)
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def facts(result: Result) -> Result:
    """Result without what differs between runs."""
    return replace(result, output=Path(), seconds=0.0)


def test_parts_of_a_cluster_and_of_one_machine_are_not_mixed(
    tmp_path: Path, clip: Path, on_cluster: StylizeOptions, rehearsal: Rehearsal
) -> None:
    rehearsal.stops_after = 2
    with pytest.raises(KeyboardInterrupt):
        stylize_video(clip, tmp_path / "out.mp4", on_cluster)
    stats = Stats()
    stylize_video(clip, tmp_path / "out.mp4", replace(on_cluster, cluster=None), stats)
    assert stats.resumed_at_s is None


def test_a_part_that_is_damaged_on_its_way_is_not_kept(
    tmp_path: Path, clip: Path, on_cluster: StylizeOptions, rehearsal: Rehearsal
) -> None:
    rehearsal.change = lambda name, content: content[:-3] + b"???"
    with pytest.raises(DamagedResultError):
        stylize_video(clip, tmp_path / "out.mp4", on_cluster)
    assert not list(tmp_path.glob("*.work/parts/*"))


def test_a_range_of_time_at_a_rate_and_a_size_is_that_of_one_machine(
    tmp_path: Path, clip: Path, on_cluster: StylizeOptions, rehearsal: Rehearsal
) -> None:
    options = replace(on_cluster, start=0.1, end=0.8, fps=20.0, size="32x24", audio="none")
    stylize_video(clip, tmp_path / "alone.mp4", replace(options, cluster=None))
    stylize_video(clip, tmp_path / "out.mp4", options)
    assert rehearsal.done
    assert look(tmp_path / "out.mp4").times == look(tmp_path / "alone.mp4").times


def test_styles_over_time_change_at_the_same_frames(
    tmp_path: Path, clip: Path, on_cluster: StylizeOptions, inverter: Path, shelf: Path
) -> None:
    options = replace(on_cluster, style=f"0:{inverter} 0.5:white", codec="lossless")
    stylize_video(clip, tmp_path / "alone.mkv", replace(options, cluster=None))
    stylize_video(clip, tmp_path / "out.mkv", options)
    alone, joined = steps(tmp_path / "alone.mkv"), steps(tmp_path / "out.mkv")
    assert np.argmax(joined) == np.argmax(alone)


@pytest.mark.usefixtures("rehearsal")
def test_inputs_and_outputs_that_cannot_be_divided_are_refused(
    tmp_path: Path, clip: Path, on_cluster: StylizeOptions
) -> None:
    with pytest.raises(SinkError, match="A cluster writes video files"):
        stylize_video(clip, tmp_path / "out.gif", on_cluster)
    with clip.open("rb") as opened, pytest.raises(SourceError, match="no pictures and no pipes"):
        stylize_video(opened, tmp_path / "out.mp4", on_cluster)
    for number in range(3):
        write_photo(tmp_path / f"p_{number}.png", np.zeros((24, 32, 3), np.uint8))
    with pytest.raises(SourceError, match="no pictures and no pipes"):
        stylize_video(tmp_path / "p_%d.png", tmp_path / "out.mp4", on_cluster)


def test_settings_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(OptionError, match="cluster must be without style_per_scene"):
        StylizeOptions(cluster="local:2", style_per_scene="all")
    with pytest.raises(OptionError, match="cluster must be with resume"):
        StylizeOptions(cluster="local:2", resume=False)
    for where in ("local:0", "somewhere", "host:port", "file.txt"):
        with pytest.raises(OptionError, match="cluster must be local:N, HOST:PORT"):
            StylizeOptions(cluster=where)


def test_a_worker_of_other_versions_says_which() -> None:
    needed = cluster.all_versions() | {"PyAV": "1.0"}
    assert "it has PyAV 1" in str(cluster.version_misfit(needed))
    assert str(cluster.version_misfit(needed)).endswith(", not 1.0.")


def test_a_worker_with_another_style_file_says_so(
    tmp_path: Path, clip: Path, on_cluster: StylizeOptions, inverter: Path
) -> None:
    files = SharedFiles([inverter]).files
    assert cluster.style_misfit(on_cluster, "another digest", files) == (
        f"its style {inverter} is another one."
    )


def test_files_of_styles_are_found_on_the_worker(
    tmp_path: Path, inverter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mix = StylizeOptions(style=f"{inverter}:0.5,udnie:0.5")
    assert cluster.style_files(mix) == [str(inverter)]
    files = SharedFiles([inverter]).files
    copy = tmp_path / "copy.onnx"
    monkeypatch.setattr(cluster, "local_path", lambda file: copy)
    assert cluster.localized(mix, files).style == f"{copy}:0.5,udnie:0.5"


def test_files_are_found_by_their_names_as_given(
    tmp_path: Path, inverter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.onnx", "aa.onnx", "film.mp4"):
        shutil.copyfile(inverter, name)
    style = "0:./a.onnx 0.3456:./a.onnx:0.5,./aa.onnx:0.5/0.25"
    options = StylizeOptions(style=style, quality="full", feature_weights="./film.mp4")
    names = [*cluster.style_files(options), "./film.mp4"]
    files = SharedFiles(names).files
    monkeypatch.setattr(cluster, "local_path", lambda file: Path("copy") / Path(file.path).name)
    here = cluster.localized(options, files)
    a, aa = str(Path("copy/a.onnx")), str(Path("copy/aa.onnx"))
    assert here.style_plan.changes == (
        StyleChange(a),
        StyleChange(f"{a}:0.5,{aa}:0.5", 0.3456, 0.25),
    )
    assert here.feature_weights == str(Path("copy/film.mp4"))
