"""The name decides the kind of output; all of it is checked before any work."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.clips import Clip, Sound, patches
from vidstyle.apps.batch_inputs import BatchRequest
from vidstyle.apps.batch_jobs import Job, list_jobs, missing_results
from vidstyle.apps.convert import stylize_video
from vidstyle.apps.video_outputs import (
    Animation,
    PictureSequence,
    StandardOutput,
    VideoFile,
    output_exists,
    video_output,
)
from vidstyle.errors import OptionError, SinkError
from vidstyle.media.atomic import partial_path
from vidstyle.media.image_file import open_photo
from vidstyle.media.output_lock import output_lock
from vidstyle.media.source import VIDEO_SUFFIXES
from vidstyle.options import StylizeOptions

pytestmark = pytest.mark.usefixtures("no_faces")
COLORFUL = patches(64, 48)
MIDDLES = np.ix_([12, 36], [16, 48])  # one pixel of each patch


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.mp4", VideoFile),
        ("a.WEBM", VideoFile),
        ("a_%d.mp4", VideoFile),
        ("a.gif", Animation),
        ("a.webp", Animation),
        ("a.APNG", Animation),
        ("a_%04d.png", PictureSequence),
        ("%d.JPG", PictureSequence),
        ("a_%04d.webp", PictureSequence),
        ("-", StandardOutput),
    ],
)
def test_the_name_decides_the_kind(name: str, kind: type) -> None:
    assert type(video_output(Path(name), StylizeOptions())) is kind


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.png", r"^a\.png is one picture\. Number the frames: a_%04d\.png\.$"),
        ("out/a.jpg", r"out/a_%04d\.jpg\.$"),
        (
            "a.txt",
            r'^Cannot write "a\.txt": the name must end in \.mp4.*\.gif.* frame_%04d\.png\.$',
        ),
    ],
)
def test_other_names_are_answered_with_the_right_ones(name: str, message: str) -> None:
    with pytest.raises(SinkError, match=message):
        video_output(Path(name), StylizeOptions())


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.gif", {"codec": "h264"}, r"\.gif has no codec to set"),
        ("a.gif", {"crf": 20.0}, r"\.gif has no crf to set"),
        ("a.webp", {"bitrate": "2M"}, r"\.webp has no bitrate to set"),
        ("%d.png", {"crf": 20.0}, r"\.png has no crf to set"),
        ("%d.png", {"codec": "h264"}, r"\.png has no codec to set"),
    ],
)
def test_options_that_a_kind_does_not_have_are_refused(
    name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SinkError, match=message):
        video_output(Path(name), StylizeOptions(**options))


def test_quality_is_set_where_there_is_one(tmp_path: Path, inverting: StylizeOptions) -> None:
    clip = Clip(frames=2).write(tmp_path / "in.mp4")
    for name in ("{}.webp", "{}_%d.jpg"):
        sizes = [
            stylize_video(clip, tmp_path / name.format(crf), replace(inverting, crf=crf))
            for crf in (5.0, 55.0)
        ]
        assert sizes[0].output_bytes > sizes[1].output_bytes


@pytest.mark.parametrize("name", ["out.gif", "out.webp", "out.apng", "out_%d.png"])
def test_a_film_becomes_pictures(tmp_path: Path, inverting: StylizeOptions, name: str) -> None:
    clip = Clip(frames=3, picture=COLORFUL, sounds=[Sound()]).write(tmp_path / "in.mp4")
    result = stylize_video(clip, tmp_path / name, inverting)
    assert result.frames == 3
    assert f"no sound in {Path(name).suffix}" in result.warnings
    with Image.open(tmp_path / name.replace("%d", "1")) as image:
        shown = np.asarray(image.convert("RGB"))
    assert np.abs(shown[MIDDLES].astype(int) - (255 - COLORFUL[MIDDLES])).max() < 12


def test_a_sequence_is_not_replaced_unless_asked(tmp_path: Path, inverting: StylizeOptions) -> None:
    clip, output = Clip(frames=2).write(tmp_path / "in.mp4"), tmp_path / "f%02d.png"
    (tmp_path / "f07.png").write_text("precious")
    assert output_exists(output)
    with pytest.raises(SinkError, match=r"f07\.png exists\. Allow overwriting"):
        stylize_video(clip, output, inverting)
    result = stylize_video(clip, output, replace(inverting, overwrite=True))
    assert result.warnings[-1] == "f07.png to f07.png were there before and stayed"
    assert (tmp_path / "f07.png").read_text() == "precious"
    (job,) = list_jobs(BatchRequest([clip], output, inverting, VIDEO_SUFFIXES))
    assert isinstance(job, Job)
    assert missing_results([job]) == []


def test_two_runs_cannot_write_one_sequence(tmp_path: Path, inverting: StylizeOptions) -> None:
    clip, output = Clip(frames=2).write(tmp_path / "in.mp4"), tmp_path / "f%d.png"
    with output_lock(output), pytest.raises(SinkError, match="written by another run"):
        stylize_video(clip, output, inverting)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.usefixtures("no_file_locks")
def test_without_file_locks_the_pictures_of_another_run_stay(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    clip, output = Clip(frames=2).write(tmp_path / "in.mp4"), tmp_path / "f%d.png"
    hidden = partial_path(output)
    hidden.mkdir()
    (hidden / "f1.png").write_text("of a run at work")
    stylize_video(clip, output, inverting)
    assert (hidden / "f1.png").read_text() == "of a run at work"


def test_a_sequence_needs_its_folder(tmp_path: Path, inverting: StylizeOptions) -> None:
    clip = Clip(frames=2).write(tmp_path / "in.mp4")
    with pytest.raises(SinkError, match=r"There is no folder .*none"):
        stylize_video(clip, tmp_path / "none" / "%d.png", inverting)


def test_an_error_in_the_middle_leaves_no_picture(
    tmp_path: Path, inverting: StylizeOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> bytes:
        raise SinkError("too large")

    monkeypatch.setattr("vidstyle.media.picture_sink.encode_result", refuse)
    clip = Clip(frames=30).write(tmp_path / "in.mp4")
    with pytest.raises(SinkError, match="too large"):
        stylize_video(clip, tmp_path / "%d.png", inverting)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_sizes_are_checked_before_hours_of_work(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="16383 at most"):
        video_output(tmp_path / "%d.webp", StylizeOptions()).check_size(20000, 100)
    video_output(tmp_path / "%d.png", StylizeOptions()).check_size(20000, 100)
    video_output(tmp_path / "a.gif", StylizeOptions()).check_size(64, 48)


def test_a_stream_is_not_optimized() -> None:
    with pytest.raises(OptionError, match="quality full must have a file"):
        video_output(Path("-"), StylizeOptions(quality="full"))


def test_a_sequence_keeps_an_alpha_channel_where_its_format_does() -> None:
    assert video_output(Path("%d.png"), StylizeOptions()).keeps_alpha
    assert not video_output(Path("%d.jpg"), StylizeOptions()).keeps_alpha
    assert video_output(Path("a.gif"), StylizeOptions()).keeps_alpha


def test_the_first_picture_has_the_number_one(tmp_path: Path, inverting: StylizeOptions) -> None:
    clip = Clip(frames=1).write(tmp_path / "in.mp4")
    stylize_video(clip, tmp_path / "%d.png", inverting)
    assert open_photo(tmp_path / "1.png").image.shape == (48, 64, 3)
