"""The product's first sentence: file in, file out, and the output is the input, restyled."""

import io
import os
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.clips import Clip, Sound, cut_off_clip, patches, transparent, write_transparent
from tests.codecs_left import containers_left, without_collector
from tests.look import look
from tests.toys import save_convolution
from vidstyle.apps.batch_inputs import BatchRequest
from vidstyle.apps.batch_jobs import Job, list_jobs
from vidstyle.apps.convert import stylize_video
from vidstyle.apps.progress import VideoProgress
from vidstyle.errors import (
    Cancelled,
    OptionError,
    SinkError,
    SourceError,
    StyleError,
    VidstyleError,
)
from vidstyle.flags import with_flags
from vidstyle.frame import Frame
from vidstyle.media.image_file import open_photo, write_photo
from vidstyle.media.output_lock import output_lock
from vidstyle.media.sink import FileSink
from vidstyle.media.source import VIDEO_SUFFIXES
from vidstyle.media.tone_mapping import Floats, hlg_to_nits, pq_to_nits, sdr_from_hdr
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats

pytestmark = pytest.mark.usefixtures("no_faces")
COLORFUL = patches(64, 48)
MIDDLES = np.ix_([12, 36], [16, 48])  # one pixel of each patch
MATRICES = {"bt709": (1, 1, 1), "bt601": (6, 6, 6), "bt470bg": (5, 5, 6), "bt2020": (9, 9, 14)}


@pytest.mark.parametrize("every", [None, 1, 3])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".webm"])
def test_frames_and_times_are_the_inputs(
    tmp_path: Path, inverting: StylizeOptions, suffix: str, every: int | None
) -> None:
    clip = Clip(pts=[0, 1, 3, 4, 8, 9, 20, 21, 22, 30, 31, 47], options={"bf": "2"})
    path = clip.write(tmp_path / "in.mp4")
    output = tmp_path / f"out{suffix}"
    result = stylize_video(path, output, replace(inverting, every=every))
    assert look(output).times == clip.times()
    assert (result.frames, result.damage, result.warnings) == (12, [], [])
    assert result.output_bytes == output.stat().st_size


@pytest.mark.parametrize("every", [1, 4])
def test_every_frame_is_painted(tmp_path: Path, inverting: StylizeOptions, every: int) -> None:
    path = Clip(picture=COLORFUL).write(tmp_path / "in.mp4")
    result = stylize_video(path, tmp_path / "out.mp4", replace(inverting, every=every))
    for image in look(tmp_path / "out.mp4").images:
        assert np.abs(image[MIDDLES] - (255 - COLORFUL[MIDDLES].astype(int))).max() < 12
    assert result.keyframes == (12 if every == 1 else 4)  # the first, every fourth, the last


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(("start", "dark"), [(0.0, 5), (0.12, 2), (0.3, 0)])
def test_the_styles_of_a_schedule_begin_at_times_of_the_input(
    tmp_path: Path, start: float, dark: int
) -> None:
    white = np.full((48, 64, 3), 255, np.uint8)  # "negative" paints it black
    path = Clip(picture=white).write(tmp_path / "in.mp4")
    options = StylizeOptions(style="0:negative 0.2:white", start=start)
    result = stylize_video(path, None, options)
    assert (result.output, result.style) == (
        tmp_path / "in.negative-to-white.mp4",
        "negative-to-white",
    )
    shown = [image.mean() for image in look(tmp_path / "in.negative-to-white.mp4").images]
    assert [mean > 128 for mean in shown] == [False] * dark + [True] * (len(shown) - dark)


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("range_", [1, 2], ids=["limited", "full"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_colors_come_out_as_they_went_in(
    tmp_path: Path, inverting: StylizeOptions, matrix: str, range_: int, suffix: str
) -> None:
    tags = (*MATRICES[matrix], range_)
    pixels = "yuvj420p" if range_ == 2 else "yuv420p"
    clip = Clip(frames=2, picture=COLORFUL, tags=tags, pixels=pixels)
    before = look(clip.write(tmp_path / "in.mp4"))
    stylize_video(tmp_path / "in.mp4", tmp_path / f"out{suffix}", replace(inverting, strength=0))
    after = look(tmp_path / f"out{suffix}")
    assert before.tags == after.tags == tags
    difference = np.abs(after.images[0][MIDDLES].astype(int) - before.images[0][MIDDLES])
    assert difference.max() <= 2


@pytest.mark.parametrize("pixels", ["yuv420p10le", "yuv444p", "gray", "bgr0"])
def test_colors_survive_the_way_to_eight_bits(
    tmp_path: Path, inverting: StylizeOptions, pixels: str
) -> None:
    clip = Clip(frames=2, picture=COLORFUL, pixels=pixels, codec="ffv1")
    before = look(clip.write(tmp_path / "in.mkv"))
    stylize_video(tmp_path / "in.mkv", tmp_path / "out.mp4", replace(inverting, strength=0))
    after = look(tmp_path / "out.mp4")
    difference = np.abs(after.images[0][MIDDLES].astype(int) - before.images[0][MIDDLES])
    assert difference.max() <= 3


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_video_comes_out_upright(
    tmp_path: Path, inverting: StylizeOptions, degrees: int
) -> None:
    clip = Clip(frames=2, picture=COLORFUL, rotation=degrees, aspect=Fraction(4, 3))
    stylize_video(
        clip.write(tmp_path / "in.mp4"), tmp_path / "out.mp4", replace(inverting, strength=0)
    )
    found = look(tmp_path / "out.mp4")
    upright = np.rot90(COLORFUL, degrees // 90)
    assert found.images[0].shape == upright.shape
    assert found.rotation == 0
    assert found.aspect == (Fraction(4, 3) if degrees == 180 else Fraction(3, 4))
    rows, columns = (
        [n // 4 for n in (upright.shape[0], 3 * upright.shape[0])],
        [n // 4 for n in (upright.shape[1], 3 * upright.shape[1])],
    )
    place = np.ix_(rows, columns)
    assert np.abs(found.images[0][place].astype(int) - upright[place]).max() < 12


def test_sound_and_length_are_kept(tmp_path: Path, inverting: StylizeOptions) -> None:
    path = Clip(sounds=[Sound(seconds=0.7)]).write(tmp_path / "in.mp4")
    stylize_video(path, tmp_path / "out.mp4", inverting)
    before, after = look(path), look(tmp_path / "out.mp4")
    assert after.sounds[0].packets == before.sounds[0].packets
    assert after.sounds[0].times == before.sounds[0].times
    assert after.duration_s == before.duration_s
    assert after.video_duration_s == before.video_duration_s


def test_no_codec_outlives_the_conversion(tmp_path: Path, inverting: StylizeOptions) -> None:
    clip = Clip(sounds=[Sound()]).write(tmp_path / "in.mp4")
    with without_collector():
        stylize_video(clip, tmp_path / "out.mp4", inverting)
        assert containers_left() == 0


def test_one_frame_is_a_video_too(tmp_path: Path, inverting: StylizeOptions) -> None:
    path = Clip(frames=1, sounds=[Sound()]).write(tmp_path / "in.mp4")
    result = stylize_video(path, None, inverting)
    assert result.output == tmp_path / "in.inverter.mp4"
    assert len(look(result.output).times) == 1


@pytest.mark.parametrize(
    ("changes", "size_wh"),
    [
        ({"compare": True}, (128, 48)),
        ({"max_height": 24}, (64, 48)),
        ({"max_height": 24, "resize": True}, (32, 24)),
        ({"scale": 0.5, "resize": True, "compare": True}, (64, 24)),
    ],
)
def test_sizes_are_what_was_asked_for(
    tmp_path: Path, inverting: StylizeOptions, changes: dict[str, Any], size_wh: tuple[int, int]
) -> None:
    path = Clip(frames=3).write(tmp_path / "in.mp4")
    stylize_video(path, tmp_path / "out.mp4", replace(inverting, **changes))
    assert look(tmp_path / "out.mp4").size_wh == size_wh


@pytest.mark.parametrize("threads", [1, 2])
def test_any_number_of_threads_gives_all_frames(
    tmp_path: Path, inverting: StylizeOptions, threads: int
) -> None:
    path = Clip(frames=20).write(tmp_path / "in.mp4")
    result = stylize_video(path, tmp_path / "out.mp4", replace(inverting, threads=threads))
    assert result.frames == 20


def test_start_and_end_cut_picture_and_sound(tmp_path: Path, inverting: StylizeOptions) -> None:
    path = Clip(frames=30, sounds=[Sound(seconds=1.2)]).write(tmp_path / "in.mp4")
    stylize_video(path, tmp_path / "out.mp4", replace(inverting, start=0.4, end=0.8))
    found = look(tmp_path / "out.mp4")
    assert found.times == [Fraction(n, 25) for n in range(10)]
    assert found.duration_s == pytest.approx(0.4, abs=0.03)


def test_interlaced_input_is_named(tmp_path: Path, inverting: StylizeOptions) -> None:
    clip = Clip(interlaced=True, options={"x264-params": "tff=1"})
    result = stylize_video(clip.write(tmp_path / "in.mp4"), None, inverting)
    assert result.frames == 12
    assert result.warnings == [
        "the input was interlaced: its fields were joined into whole pictures"
    ]


def test_a_second_video_is_named(tmp_path: Path, inverting: StylizeOptions) -> None:
    path = Clip(extra_video=True).write(tmp_path / "in.mkv")
    result = stylize_video(path, None, inverting)
    assert result.warnings == ["left out: video stream 1 (h264); one video is converted"]


def test_sound_outside_the_converted_part_is_named(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    path = Clip(frames=20, sounds=[Sound(seconds=0.2)]).write(tmp_path / "in.mp4")
    result = stylize_video(path, None, replace(inverting, start=0.6))
    assert result.warnings == ["no packet of audio stream 1 (aac) lies in the converted part"]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_joined_recordings_go_on_where_the_clock_starts_again(
    tmp_path: Path, inverting: StylizeOptions, suffix: str
) -> None:
    clip = Clip(frames=25, sounds=[Sound("ac3", seconds=1)])
    part = clip.write(tmp_path / "part.ts").read_bytes()
    (tmp_path / "in.ts").write_bytes(part + part)
    result = stylize_video(tmp_path / "in.ts", tmp_path / f"out{suffix}", inverting)
    found = look(tmp_path / f"out{suffix}")
    steps = {round(float(b - a), 3) for a, b in pairwise(found.times)}
    assert (len(found.times), steps) == (50, {0.04})
    assert len(found.sounds[0].packets) == 2 * len(look(tmp_path / "part.ts").sounds[0].packets)
    assert found.sounds[0].times[-1] == pytest.approx(float(found.times[-1]), abs=0.1)
    assert result.warnings == ["the input's clock started again 1 time: its parts were joined"]


def test_what_is_there_of_a_cut_off_file_is_converted(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    path = cut_off_clip(tmp_path / "in.mkv")
    result = stylize_video(path, None, inverting)
    assert 10 < result.frames < 55
    assert len(look(tmp_path / "in.inverter.mp4").times) == result.frames
    assert result.warnings == []
    (damage,) = result.damage
    assert damage.startswith("the end of the input is missing: ")
    assert f"about {60 - result.frames} frames" in damage


def test_an_output_is_not_replaced_unless_asked(tmp_path: Path, inverting: StylizeOptions) -> None:
    path = Clip(frames=2).write(tmp_path / "in.mp4")
    output = tmp_path / "out.mp4"
    output.write_text("precious")
    with pytest.raises(SinkError, match=r"exists\. Allow overwriting"):
        stylize_video(path, output, inverting)
    assert output.read_text() == "precious"
    stylize_video(path, output, replace(inverting, overwrite=True))
    assert len(look(output).times) == 2


@pytest.mark.parametrize("overwrite", [False, True])
def test_the_input_is_never_the_output(
    tmp_path: Path, inverting: StylizeOptions, overwrite: bool
) -> None:
    path = Clip(frames=2).write(tmp_path / "in.mp4")
    content = path.read_bytes()
    (tmp_path / "link.mp4").symlink_to(path)
    for output in (path, tmp_path / "link.mp4", tmp_path / "." / "in.mp4"):
        with pytest.raises(SinkError, match="is the input itself"):
            stylize_video(path, output, replace(inverting, overwrite=overwrite))
    assert path.read_bytes() == content


def test_styles_that_are_no_generators_are_refused(tmp_path: Path) -> None:
    path = Clip(frames=2).write(tmp_path / "in.mp4")
    (tmp_path / "broken.onnx").write_text("no network")
    one_channel = np.ones((1, 3, 1, 1), np.float32)
    styles = {
        "nope": 'No style named "nope". Installed: ',
        str(tmp_path / "missing.onnx"): "There is no file",
        str(tmp_path / "broken.onnx"): "not a generator that can be run",
        str(save_convolution(tmp_path / "gray.onnx", one_channel)): "into 1x1x64x96",
    }
    for style, reason in styles.items():
        with pytest.raises(StyleError, match=reason):
            stylize_video(path, tmp_path / "out.mp4", StylizeOptions(style=style))
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.usefixtures("shelf")
def test_a_mix_paints_a_whole_video(tmp_path: Path) -> None:
    path = Clip(frames=12).write(tmp_path / "in.mp4")
    images = {}
    for style in ("negative", "white", "negative:0.25,white:0.75"):
        options = StylizeOptions(style=style, every=4, crf=1)
        result = stylize_video(path, None, options)
        assert result.output == tmp_path / f"in.{result.style}.mp4"
        images[result.style] = np.stack(look(result.output).images).astype(float)
    mixed = images["negative-25+white-75"]
    assert len(mixed) == 12
    assert np.abs(mixed - (0.25 * images["negative"] + 0.75 * images["white"])).mean() < 3


@pytest.mark.parametrize("module", ["frames.FrameConverter.convert", "sink.FileSink.write"])
def test_an_error_in_the_middle_leaves_neither_file_nor_thread(
    tmp_path: Path, inverting: StylizeOptions, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    path = Clip(frames=60).write(tmp_path / "in.mp4")
    calls = 0

    def break_later(*_: object) -> None:
        nonlocal calls
        calls += 1
        raise VidstyleError("broken on purpose")

    monkeypatch.setattr(f"vidstyle.media.{module}", break_later)
    with pytest.raises(VidstyleError, match="broken on purpose"):
        stylize_video(path, tmp_path / "out.mp4", inverting)
    assert calls == 1
    assert [file.name for file in tmp_path.iterdir()] == ["in.mp4"]
    assert {"source", "stylizer", "sink"}.isdisjoint(t.name for t in threading.enumerate())


def test_progress_can_be_read_from_the_stats(tmp_path: Path, inverting: StylizeOptions) -> None:
    stats = Stats()
    path = Clip(frames=25).write(tmp_path / "in.mp4")
    stylize_video(path, tmp_path / "out.mp4", inverting, stats)
    assert stats["frames"] == stats.expected_frames == 25
    assert stats.position_s == pytest.approx(24 / 25)
    assert {"decode", "encode", "generator"} <= stats.stages.keys()


def untouched(folder: Path) -> bool:
    """Whether nothing but the input is in a folder, and no thread of a run is left."""
    names = {thread.name for thread in threading.enumerate()}
    return [file.name for file in folder.iterdir()] == ["in.mp4"] and names.isdisjoint(
        {"source", "stylizer", "sink"}
    )


def test_progress_comes_in_the_calling_thread_up_to_the_last_frame(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    seen = list[tuple[threading.Thread, VideoProgress]]()
    path = Clip(frames=25).write(tmp_path / "in.mp4")
    stylize_video(
        path,
        tmp_path / "out.mp4",
        inverting,
        progress=lambda state: seen.append((threading.current_thread(), state)),
    )
    assert {thread for thread, _ in seen} == {threading.current_thread()}
    states = [state for _, state in seen]
    assert states[0].frames == 0
    assert (states[-1].frames, states[-1].total) == (25, 25)
    assert states[-1].position_s == pytest.approx(24 / 25)
    assert states[-1].fps == pytest.approx(25 / states[-1].seconds)
    assert [state.seconds for state in states] == sorted(state.seconds for state in states)


def test_a_run_can_be_cancelled_from_another_thread(
    tmp_path: Path, inverting: StylizeOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Clip(frames=60).write(tmp_path / "in.mp4")
    cancel, halfway, write = threading.Event(), threading.Event(), FileSink.write

    def write_half(sink: FileSink, frame: Frame) -> None:
        if frame.time_s >= 1:
            assert cancel.wait(60)
        write(sink, frame)

    def set_later() -> None:
        assert halfway.wait(60)
        cancel.set()

    def note(state: VideoProgress) -> None:
        if state.frames:
            halfway.set()

    monkeypatch.setattr(FileSink, "write", write_half)
    other = threading.Thread(target=set_later)
    other.start()
    with pytest.raises(Cancelled, match=r"Cancelled after \d+ frames"):
        stylize_video(path, tmp_path / "out.mp4", inverting, progress=note, cancel=cancel)
    other.join(60)
    assert untouched(tmp_path)


def test_a_run_cancelled_before_it_begins_makes_nothing(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    path = Clip().write(tmp_path / "in.mp4")
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled, match="after 0 frames"):
        stylize_video(path, tmp_path / "out.mp4", inverting, cancel=cancel)
    assert untouched(tmp_path)


@pytest.mark.parametrize("at", [0, 12])
def test_an_error_of_the_progress_function_ends_the_run(
    tmp_path: Path, inverting: StylizeOptions, at: int
) -> None:
    def fail(state: VideoProgress) -> None:
        if state.frames >= at:
            raise ZeroDivisionError("no progress")

    path = Clip(frames=12).write(tmp_path / "in.mp4")
    with pytest.raises(ZeroDivisionError, match="no progress"):
        stylize_video(path, tmp_path / "out.mp4", inverting, progress=fail)
    assert untouched(tmp_path)


def test_a_video_in_memory_is_converted_into_a_file(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    clip = Clip().write(tmp_path / "in.mp4")
    opened = io.BytesIO(clip.read_bytes())
    result = stylize_video(opened, tmp_path / "out.mp4", inverting)
    assert (result.input, result.frames) == (None, 12)
    assert look(tmp_path / "out.mp4").times == look(clip).times
    with pytest.raises(ValueError, match="needs an output"):
        stylize_video(io.BytesIO(clip.read_bytes()), options=inverting)


def test_a_file_that_appears_during_the_run_is_not_replaced(
    tmp_path: Path, inverting: StylizeOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, output = Clip().write(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    finish = FileSink.finish

    def finish_late(sink: FileSink) -> int:
        output.write_text("precious")
        return finish(sink)

    monkeypatch.setattr(FileSink, "finish", finish_late)
    with pytest.raises(SinkError, match=r"was not replaced\. The finished result is .*out-2\.mp4"):
        stylize_video(path, output, inverting)
    assert output.read_text() == "precious"
    assert look(tmp_path / "out-2.mp4").times == look(path).times
    assert len(list(tmp_path.iterdir())) == 3


def test_of_two_runs_at_once_into_one_file_one_is_refused(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    path, output = Clip().write(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    for overwrite in (False, True):
        options = replace(inverting, overwrite=overwrite)
        with output_lock(output), pytest.raises(SinkError, match="written by another run"):
            stylize_video(path, output, options)
        assert not output.exists()


def test_what_a_killed_run_left_of_the_same_output_goes(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    path = Clip().write(tmp_path / "in.mp4")
    for name in (".out.0123abcd.partial.mp4", ".out.mp4.lock", ".other.0123abcd.partial.mp4"):
        (tmp_path / name).touch()
    stylize_video(path, tmp_path / "out.mp4", inverting)
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == [".other.0123abcd.partial.mp4", "in.mp4", "out.mp4"]


TRANSPARENT = [
    ("in.webm", "libvpx-vp9", "yuva420p"),
    ("in.mov", "prores_ks", "yuva444p10le"),
    ("in.mov", "qtrle", "argb"),
    ("in.apng", "apng", "rgba"),
]


@pytest.mark.parametrize(("name", "codec", "pixels"), TRANSPARENT)
def test_what_lies_under_transparent_parts_is_not_shown(
    tmp_path: Path, inverting: StylizeOptions, name: str, codec: str, pixels: str
) -> None:
    path = write_transparent(tmp_path / name, codec, pixels)
    result = stylize_video(path, tmp_path / "out.mp4", replace(inverting, strength=0))
    (note,) = result.warnings
    assert note.startswith("transparent parts became white; .webm keeps them")
    for image in look(tmp_path / "out.mp4").images:
        assert image[:8].min() > 240
        assert image[24, 32, 1] > 150 > image[24, 32, 0]


@pytest.mark.parametrize(
    ("output", "codec"), [("out.webm", None), ("out.mov", "prores_ks"), ("out.mkv", "ffv1")]
)
def test_transparency_is_kept_where_the_output_can(
    tmp_path: Path, inverting: StylizeOptions, output: str, codec: str | None
) -> None:
    path = write_transparent(tmp_path / "in.mov", "qtrle", "argb")
    result = stylize_video(path, tmp_path / output, replace(inverting, codec=codec))
    assert result.warnings == []
    alphas = alpha_channels(tmp_path / output)
    assert len(alphas) == 3
    assert np.abs(np.stack(alphas).astype(int) - transparent(64, 48)[..., 3]).mean() < 3


def alpha_channels(path: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context: Any = stream.codec_context
        if context.name == "vp9":  # FFmpeg's own decoder leaves it out
            context = av.CodecContext.create("libvpx-vp9", "r")
        frames = [f for p in container.demux(stream) for f in context.decode(p if p.size else None)]
    return [frame.to_ndarray(format="rgba")[..., 3] for frame in frames]


def test_beside_the_original_nothing_is_transparent(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    path = write_transparent(tmp_path / "in.mov", "qtrle", "argb", frames=1)
    result = stylize_video(path, tmp_path / "out.webm", replace(inverting, compare=True))
    assert result.warnings == ["transparent parts became white"]


@pytest.mark.parametrize("suffix", [".webp", ".png", ".gif"])
def test_animated_pictures_are_converted_as_videos(
    tmp_path: Path, inverting: StylizeOptions, suffix: str
) -> None:
    first, second = Image.fromarray(COLORFUL), Image.fromarray(255 - COLORFUL)
    animation = tmp_path / f"a{suffix}"
    first.save(animation, save_all=True, append_images=[second, first], duration=80)
    (job,) = list_jobs(BatchRequest([animation], None, inverting, VIDEO_SUFFIXES))
    assert isinstance(job, Job)
    result = stylize_video(job.input, job.output, inverting)
    assert result.output == tmp_path / "a.inverter.mp4"
    contents = look(tmp_path / "a.inverter.mp4")
    assert [float(time) for time in contents.times] == pytest.approx([0, 0.08, 0.16], abs=0.001)
    assert np.abs(contents.images[1][MIDDLES].astype(int) - COLORFUL[MIDDLES]).max() < 24


def feed(clip: Path, pipe: Path) -> threading.Thread:
    """Write a file into a named pipe, in a thread."""
    thread = threading.Thread(target=lambda: pipe.write_bytes(clip.read_bytes()))
    thread.start()
    return thread


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes as POSIX has them")
@pytest.mark.parametrize("suffix", [".ts", ".mp4"])
def test_a_named_pipe_gives_all_frames_and_sound(
    tmp_path: Path, inverting: StylizeOptions, suffix: str
) -> None:
    clip = Clip(frames=30, sounds=[Sound(seconds=1.2)]).write(tmp_path / f"in{suffix}")
    os.mkfifo(tmp_path / "pipe")
    feeder = feed(clip, tmp_path / "pipe")
    result = stylize_video(tmp_path / "pipe", tmp_path / "out.mkv", inverting)
    feeder.join(60)
    assert (result.frames, result.damage, result.warnings) == (30, [], [])
    assert len(look(tmp_path / "out.mkv").sounds[0].packets) > 50
    with pytest.raises(ValueError, match="needs an output"):
        stylize_video(tmp_path / "pipe", None, inverting)


def test_a_pipe_goes_in_and_a_stream_comes_out(
    tmp_path: Path,
    inverting: StylizeOptions,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    clip = Clip(sounds=[Sound()]).write(tmp_path / "in.mp4")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(clip.read_bytes())))
    result = stylize_video("-", "-", inverting)
    content = capfdbinary.readouterr().out
    (tmp_path / "out.mkv").write_bytes(content)
    assert (result.frames, result.output_bytes) == (12, len(content))
    contents = look(tmp_path / "out.mkv")
    assert (len(contents.times), len(contents.sounds)) == (12, 1)


def test_an_empty_pipe_is_said(
    tmp_path: Path, inverting: StylizeOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    with pytest.raises(SourceError, match=r"^stdin is empty: it ended without a byte\.$"):
        stylize_video("-", tmp_path / "out.mkv", inverting)


def test_a_stream_is_not_optimized_for_hours() -> None:
    with pytest.raises(OptionError, match="quality full must have a file as output"):
        stylize_video("in.mp4", "-", StylizeOptions(quality="full"))


@pytest.mark.parametrize("options", [{"codec": "libx264"}, {"crf": 20.0}])
def test_raw_streams_have_no_encoder(options: dict[str, Any]) -> None:
    with pytest.raises(SinkError, match="y4m holds raw video, which has no"):
        stylize_video("in.mp4", "-", StylizeOptions(format="y4m", **options))


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_becomes_sdr_and_that_is_said(
    tmp_path: Path, inverting: StylizeOptions, transfer: int, name: str
) -> None:
    gray = np.full((48, 64, 3), 148, np.uint8)  # 203 nits in PQ
    clip = Clip(
        frames=3, codec="ffv1", pixels="yuv420p10le", tags=(9, 9, transfer, 1), picture=gray
    )
    path = clip.write(tmp_path / "in.mkv")
    result = stylize_video(path, tmp_path / "out.mkv", replace(inverting, strength=0))
    assert result.warnings == [f"the input is HDR ({name}): it was tone-mapped to SDR, BT.709"]
    assert with_flags(result.warnings[0]).endswith("(--hdr keep)")
    gif = stylize_video(path, tmp_path / "out.gif", inverting)
    assert with_flags(gif.warnings[0]) == result.warnings[0]  # which has no HDR to keep
    contents = look(tmp_path / "out.mkv")
    assert contents.tags == (1, 1, 1, 1)
    wanted = 255 * sdr_from_hdr(gray[:1, 0] / 255, transfer)[0, 0]
    assert np.abs(np.stack(contents.images).astype(float) - wanted).max() < 4


@pytest.mark.parametrize(
    ("size", "rotation", "wanted_wh"),
    [("40p", 0, (54, 40)), ("-1x60", 0, (80, 60)), ("64x64", 0, (64, 64)), ("40p", 90, (40, 54))],
)
def test_the_size_is_the_one_asked_for(
    tmp_path: Path,
    inverting: StylizeOptions,
    size: str,
    rotation: int,
    wanted_wh: tuple[int, int],
) -> None:
    clip = Clip(frames=3, rotation=rotation)
    path = clip.write(tmp_path / "in.mp4")
    stylize_video(path, tmp_path / "out.mp4", replace(inverting, size=size))
    contents = look(tmp_path / "out.mp4")
    assert contents.images[0].shape[1::-1] == wanted_wh
    wide, high = (48, 64) if rotation else (64, 48)
    shown = contents.aspect * Fraction(*wanted_wh)
    assert float(shown) == pytest.approx(wide / high, rel=0.02)


@pytest.mark.parametrize(("fps", "frames"), [(12.5, 6), (50, 24), (29.97, 14)])
def test_the_rate_is_the_one_asked_for(
    tmp_path: Path, inverting: StylizeOptions, fps: float, frames: int
) -> None:
    path = Clip(sounds=[Sound()]).write(tmp_path / "in.mp4")
    result = stylize_video(path, tmp_path / "out.mp4", replace(inverting, fps=fps))
    times = look(tmp_path / "out.mp4").times
    assert result.frames == len(times) == frames
    steps = np.diff([float(time) for time in times])
    assert steps == pytest.approx(1 / fps, rel=0.01)


def test_a_bitrate_makes_files_of_its_size(tmp_path: Path, inverting: StylizeOptions) -> None:
    random = np.random.default_rng(0)
    noise = np.asarray(random.integers(0, 256, (96, 128, 3)), np.uint8)
    path = Clip(frames=12, size_wh=(128, 96), picture=noise).write(tmp_path / "in.mp4")
    sizes = [
        stylize_video(
            path,
            tmp_path / f"{codec}-{rate}.mkv",
            replace(inverting, bitrate=rate, strength=0, codec=codec, preset="ultrafast"),
        ).output_bytes
        for codec in ("h264", "av1")
        for rate in ("50k", "1M")
    ]
    assert sizes[1] > 1.5 * sizes[0]
    assert sizes[3] > 1.2 * sizes[2]
    with pytest.raises(SinkError, match="ffv1 has no bitrate to set"):
        stylize_video(path, tmp_path / "a.mkv", replace(inverting, bitrate="1M", codec="ffv1"))


def write_sky(path: Path) -> Path:
    """Film of 10 bits whose luma rises by 4 levels of 10 bits over 10 columns."""
    rows, columns = np.mgrid[:96, :160]
    luma = np.asarray((260 + 0.4 * columns + 0.2 * rows).round(), np.uint16)
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p10le"
        for number in range(4):
            frame = av.VideoFrame(160, 96, "yuv420p10le")
            for plane, levels in zip(frame.planes, (luma, 500, 540), strict=True):
                samples = np.frombuffer(plane, np.uint16).reshape(plane.height, -1)  # type: ignore[call-overload]
                samples[:, : plane.width] = levels
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def luma_of(path: Path) -> tuple[NDArray[np.float64], str]:
    """Luma of the last frame in levels of 8 bits, and the pixel format."""
    with av.open(str(path)) as container:
        *_, frame = container.decode(video=0)
    plane, depth = frame.planes[0], frame.format.components[0].bits
    samples = np.frombuffer(plane, np.uint16 if depth > 8 else np.uint8)  # type: ignore[call-overload]
    levels = samples.reshape(plane.height, -1)[:, : plane.width]
    return levels / 2.0 ** (depth - 8), frame.format.name


@pytest.mark.parametrize("strength", [0.25, 1.0])
def test_ten_bits_have_less_banding(
    tmp_path: Path, inverting: StylizeOptions, strength: float
) -> None:
    sky = write_sky(tmp_path / "in.mkv")
    usual, fine = replace(inverting, strength=strength, codec="ffv1"), tmp_path / "fine.mkv"
    stylize_video(sky, tmp_path / "usual.mkv", usual)
    stylize_video(sky, fine, replace(usual, pix_fmt="10bit"))
    (coarse_luma, _), (fine_luma, pixels) = luma_of(tmp_path / "usual.mkv"), luma_of(fine)
    assert pixels == "yuv420p10le"
    assert np.abs(coarse_luma - fine_luma).max() < 2
    steps, fine_steps = (np.abs(np.diff(each, axis=1)).max() for each in (coarse_luma, fine_luma))
    assert steps >= 1 > fine_steps
    if strength < 1:  # the network itself computes with 8 bits
        assert len(np.unique(fine_luma)) > 2 * len(np.unique(coarse_luma))


@pytest.mark.parametrize(
    ("output", "codec", "asked", "written"),
    [
        ("a.mp4", "h264", "yuv420p10", "yuv420p10le"),
        ("a.mp4", "hevc", "10bit", "yuv420p10le"),
        ("a.mkv", "av1", "10bit", "yuv420p10le"),
        ("a.mov", "prores", None, "yuv422p10le"),
        ("a.mov", "prores", "yuva444p10le", "yuva444p12le"),  # as its decoder says
        ("a.mkv", "lossless", "yuv444p", "yuv444p"),
    ],
)
def test_the_pixel_format_is_the_one_asked_for(
    tmp_path: Path,
    inverting: StylizeOptions,
    output: str,
    codec: str,
    asked: str | None,
    written: str,
) -> None:
    path = Clip(frames=2, picture=COLORFUL).write(tmp_path / "in.mp4")
    options = replace(inverting, codec=codec, pix_fmt=asked, preset="ultrafast")
    stylize_video(path, tmp_path / output, options)
    assert luma_of(tmp_path / output)[1] == written
    found = look(tmp_path / output).images[-1][MIDDLES].astype(int)
    assert np.abs(found - (255 - COLORFUL[MIDDLES].astype(int))).max() < 16


def test_a_pixel_format_without_alpha_puts_transparent_parts_on_white(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    path = write_transparent(tmp_path / "in.mov", "qtrle", "argb", frames=1)
    fine = replace(inverting, codec="ffv1", pix_fmt="yuva444p10le")
    assert stylize_video(path, tmp_path / "a.mkv", fine).warnings == []
    (alpha,) = alpha_channels(tmp_path / "a.mkv")
    assert np.abs(alpha.astype(int) - transparent(64, 48)[..., 3]).mean() < 3
    opaque = replace(inverting, codec="ffv1", pix_fmt="10bit")
    (note,) = stylize_video(path, tmp_path / "b.mkv", opaque).warnings
    assert note.startswith("transparent parts became white")


@pytest.mark.parametrize("asked", ["yuv420p9le", "gray", "gbrp", "nope"])
def test_a_pixel_format_that_the_encoder_does_not_take_is_found_at_once(
    tmp_path: Path, inverting: StylizeOptions, asked: str
) -> None:
    path = Clip(frames=2).write(tmp_path / "in.mp4")
    message = rf"libx265 takes no {asked}\. It takes yuv420p, "
    with pytest.raises(SinkError, match=message):
        stylize_video(path, tmp_path / "a.mp4", replace(inverting, codec="hevc", pix_fmt=asked))


@pytest.mark.parametrize(
    ("transfer", "name", "nits"), [(16, "PQ", pq_to_nits), (18, "HLG", hlg_to_nits)]
)
@pytest.mark.parametrize(
    ("output", "codec"), [("a.mp4", "hevc"), ("a.webm", "av1"), ("a.mov", "prores")]
)
def test_hdr_is_kept_with_painted_white_at_203_nits(
    tmp_path: Path,
    inverting: StylizeOptions,
    transfer: int,
    name: str,
    nits: Callable[[Floats], Floats],
    output: str,
    codec: str | None,
) -> None:
    black = np.zeros((48, 64, 3), np.uint8)
    tags = (9, 9, transfer, 1)
    clip = Clip(frames=2, codec="ffv1", pixels="yuv420p10le", tags=tags, picture=black)
    path = clip.write(tmp_path / "in.mkv")
    options = replace(inverting, hdr="keep", codec=codec, preset="ultrafast")
    result = stylize_video(path, tmp_path / output, options)
    assert result.warnings == [f"the output is HDR ({name}), too; its white is at 203 nits"]
    contents = look(tmp_path / output)
    assert contents.tags == tags
    luma, pixels = luma_of(tmp_path / output)
    assert "10le" in pixels
    assert nits((np.full((1, 3), np.median(luma)) - 16) / 219) == pytest.approx(203, rel=0.02)


def test_pq_says_how_it_was_mastered(tmp_path: Path, inverting: StylizeOptions) -> None:
    clip = Clip(frames=2, codec="ffv1", pixels="yuv420p10le", tags=(9, 9, 16, 1))
    path = clip.write(tmp_path / "in.mkv")
    for codec in ("hevc", "av1"):
        output = tmp_path / f"{codec}.mp4"
        stylize_video(path, output, replace(inverting, hdr="keep", codec=codec, preset="ultrafast"))
        with av.open(str(output)) as container:
            data = next(container.decode(video=0)).side_data
        assert data.get("MASTERING_DISPLAY_METADATA") is not None
        light: Any = data.get("CONTENT_LIGHT_LEVEL")
        assert np.frombuffer(bytes(light), np.uint32).tolist() == [203, 0]


def test_sdr_stays_sdr_where_hdr_would_be_kept(tmp_path: Path, inverting: StylizeOptions) -> None:
    path = Clip(frames=2, picture=COLORFUL).write(tmp_path / "in.mp4")
    result = stylize_video(path, tmp_path / "out.mp4", replace(inverting, hdr="keep"))
    assert result.warnings == []
    assert luma_of(tmp_path / "out.mp4")[1] == "yuv420p"
    found = look(tmp_path / "out.mp4").images[-1][MIDDLES].astype(int)
    assert np.abs(found - (255 - COLORFUL[MIDDLES].astype(int))).max() < 12


@pytest.mark.parametrize(
    ("output", "settings", "reason"),
    [
        ("a.webm", {"codec": "vp9"}, "libvpx-vp9 has 8 bits only; hevc, "),
        ("a.mp4", {"pix_fmt": "yuv420p"}, "HDR needs 10 bits, and yuv420p has 8"),
        ("a.gif", {}, ".gif has no hdr to set"),
        ("a_%03d.png", {}, ".png pictures hold no HDR here"),
    ],
)
def test_hdr_is_not_kept_where_it_cannot_be(
    tmp_path: Path, inverting: StylizeOptions, output: str, settings: dict[str, Any], reason: str
) -> None:
    path = Clip(frames=2).write(tmp_path / "in.mp4")
    with pytest.raises(SinkError, match=re.escape(reason)):
        stylize_video(path, tmp_path / output, replace(inverting, hdr="keep", **settings))


def numbered(folder: Path, *numbers: int) -> Path:
    """Write pictures with these numbers, and return the name with a place for them."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        write_photo(folder / f"f{number:03d}.png", COLORFUL)
    return folder / "f%03d.png"


@pytest.mark.parametrize("as_folder", [True, False])
def test_pictures_become_a_film(tmp_path: Path, inverting: StylizeOptions, as_folder: bool) -> None:
    names = numbered(tmp_path / "frames", 3, 4, 5, 9)
    options = replace(inverting, fps=24, every=2)
    result = stylize_video(names.parent if as_folder else names, tmp_path / "out.mp4", options)
    found = look(tmp_path / "out.mp4")
    assert found.times == [Fraction(slot, 24) for slot in (0, 1, 2, 6)]
    for image in found.images:
        assert np.abs(image[MIDDLES] - (255 - COLORFUL[MIDDLES].astype(int))).max() < 12
    assert result.warnings == [
        "3 pictures are missing after f005.png: the one before is shown longer"
    ]


def test_the_rate_that_is_assumed_is_said(tmp_path: Path, inverting: StylizeOptions) -> None:
    result = stylize_video(numbered(tmp_path / "frames", 1, 2), None, inverting)
    assert result.output == tmp_path / "frames" / "f.inverter.mp4"
    assert look(result.output).times == [0, Fraction(1, 25)]
    (note,) = result.warnings
    assert with_flags(note) == "25 pictures a second, as no rate was given (--fps)"


def test_a_picture_that_cannot_be_read_is_damage(tmp_path: Path, inverting: StylizeOptions) -> None:
    numbered(tmp_path / "frames", 1, 2, 3)
    (tmp_path / "frames" / "f002.png").write_bytes(b"no picture")
    result = stylize_video(tmp_path / "frames", tmp_path / "out.mkv", replace(inverting, fps=25))
    assert look(tmp_path / "out.mkv").times == [0, Fraction(2, 25)]
    assert result.damage == ["1 picture could not be read; those before them are shown longer"]


@pytest.mark.parametrize("overwrite", [True, False])
def test_pictures_do_not_take_the_place_of_their_originals(
    tmp_path: Path, inverting: StylizeOptions, overwrite: bool
) -> None:
    names = numbered(tmp_path / "frames", 1, 2)
    before = (tmp_path / "frames" / "f001.png").read_bytes()
    for input in (names, names.parent):
        with pytest.raises(SinkError, match=r"f001\.png is of the input itself"):
            stylize_video(input, names, replace(inverting, overwrite=overwrite))
    assert (tmp_path / "frames" / "f001.png").read_bytes() == before


def test_pictures_become_pictures(tmp_path: Path, inverting: StylizeOptions) -> None:
    names = numbered(tmp_path / "frames", 5, 6)
    stylize_video(names, tmp_path / "p%d.png", inverting)
    for number in (1, 2):
        image = open_photo(tmp_path / f"p{number}.png").image
        assert np.abs(image[MIDDLES].astype(int) - (255 - COLORFUL[MIDDLES])).max() < 12
