"""Animations: every picture at its time, in its colors, looping, marked, whole or not there."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from tests.clips import Clip, Sound, patches, transparent
from vidstyle.errors import SinkError
from vidstyle.frame import Frame, Picture
from vidstyle.media import animation_sink
from vidstyle.media.animation_sink import AnimationSink, GifSink
from vidstyle.media.codecs import ANIMATIONS, choose_encoder
from vidstyle.media.info import VideoInfo
from vidstyle.media.result_mark import is_marked
from vidstyle.media.source import FileSource
from vidstyle.stats import Stats

COLORFUL = patches(64, 48)
MIDDLES = np.ix_([12, 36], [16, 48])  # one pixel of each patch
SUFFIXES = tuple(ANIMATIONS)


def info_of(path: Path) -> VideoInfo:
    with FileSource(path, Stats(), keep_alpha=True) as source:
        return source.info


def opened(path: Path, like: VideoInfo, **settings: object) -> AnimationSink:
    encoder = choose_encoder(path, None, None, None, ANIMATIONS[path.suffix])
    kind = GifSink if path.suffix == ".gif" else AnimationSink
    return kind(path, like, encoder, Stats(), **settings)  # type: ignore[arg-type]


def convert(clip: Path, output: Path, **settings: object) -> list[str]:
    """Copy the frames of a clip into an animation; return the warnings."""
    with FileSource(clip, Stats(), keep_alpha=True) as source:
        with opened(output, source.info, **settings) as sink:
            for frame in source:
                sink.write(frame)
            assert sink.finish() == output.stat().st_size
        return sink.warnings


def shown(path: Path) -> tuple[list[int], list[NDArray[np.uint8]], int]:
    """Durations in ms, pictures in RGBA, and the number of loops, as a browser would show them."""
    with Image.open(path) as image:
        frames = [frame.convert("RGBA") for frame in ImageSequence.Iterator(image)]
        loops = image.info.get("loop", -1)
    durations = [round(frame.info["duration"]) for frame in frames]
    return durations, [np.asarray(frame, np.uint8) for frame in frames], loops


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_times_loops_and_colors_are_kept(tmp_path: Path, suffix: str) -> None:
    clip = Clip(frames=4, pts=[2, 5, 6, 11], picture=None, options={"crf": "4"})
    output = tmp_path / f"a{suffix}"
    assert convert(clip.write(tmp_path / "in.mkv"), output) == []
    durations, pictures, loops = shown(output)
    assert durations == [120, 40, 200, 40]
    assert loops == 0
    with FileSource(tmp_path / "in.mkv", Stats()) as source:
        for frame, picture in zip(source, pictures, strict=True):
            difference = np.abs(picture[..., :3].astype(int) - frame.picture.to_rgb())
            assert difference.mean() < 6
    assert is_marked(output)
    assert {path.name for path in tmp_path.iterdir()} == {"in.mkv", output.name}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("tags", [(1, 1, 1, 1), (5, 5, 6, 2)], ids=["bt709", "bt601 full"])
def test_colors_are_those_of_the_matrix(
    tmp_path: Path, suffix: str, tags: tuple[int, int, int, int]
) -> None:
    pixels = "yuvj420p" if tags[3] == 2 else "yuv420p"
    clip = Clip(frames=2, picture=COLORFUL, tags=tags, pixels=pixels, options={"crf": "4"})
    convert(clip.write(tmp_path / "in.mp4"), tmp_path / f"a{suffix}")
    _, pictures, _ = shown(tmp_path / f"a{suffix}")
    assert np.abs(pictures[0][MIDDLES][..., :3].astype(int) - COLORFUL[MIDDLES]).max() < 9


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_transparency_is_kept(tmp_path: Path, suffix: str) -> None:
    images = [np.roll(transparent(64, 48), shift, axis=1) for shift in (0, 8)]
    first, second = map(Image.fromarray, images)
    first.save(tmp_path / "in.png", save_all=True, append_images=[second], duration=100)
    convert(tmp_path / "in.png", tmp_path / f"a{suffix}")
    _, pictures, _ = shown(tmp_path / f"a{suffix}")
    for picture, image in zip(pictures, images, strict=True):
        assert np.abs(picture[..., 3].astype(int) - image[..., 3]).mean() < 8


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(("audio", "notes"), [("copy", 1), ("none", 0)])
def test_sound_that_is_left_out_is_said(
    tmp_path: Path, suffix: str, audio: str, notes: int
) -> None:
    clip = Clip(frames=2, sounds=[Sound()]).write(tmp_path / "in.mp4")
    warnings = convert(clip, tmp_path / f"a{suffix}", audio=audio)
    assert warnings == [f"no sound in {suffix}"] * notes


def test_a_gif_leaves_out_what_browsers_would_slow_down(tmp_path: Path) -> None:
    clip = Clip(frames=12, rate=100).write(tmp_path / "in.mp4")
    assert convert(clip, tmp_path / "a.gif") == [
        "6 frames were left out: .gif shows 50 a second at most"
    ]
    assert shown(tmp_path / "a.gif")[0] == [20] * 6


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_pixels_become_square(tmp_path: Path, suffix: str) -> None:
    clip = Clip(frames=2, aspect=Fraction(4, 3)).write(tmp_path / "in.mp4")
    (note,) = convert(clip, tmp_path / f"a{suffix}")
    assert note == f"64x48 became 85x48: {suffix} has square pixels only"
    assert shown(tmp_path / f"a{suffix}")[1][0].shape == (48, 85, 4)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_unfinished_animation_leaves_no_file(tmp_path: Path, suffix: str) -> None:
    clip = Clip(frames=2).write(tmp_path / "in.mp4")
    with (
        opened(tmp_path / f"a{suffix}", info_of(clip)) as sink,
        FileSource(clip, Stats()) as frames,
    ):
        for frame in frames:
            sink.write(frame)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_a_gif_that_cannot_be_made_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    clip = Clip(frames=2).write(tmp_path / "in.mp4")
    monkeypatch.setattr(animation_sink, "append_mark", refuse)
    with pytest.raises(SinkError, match="No space left on device"):
        convert(clip, tmp_path / "a.gif")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_equal_frames_keep_their_time(tmp_path: Path) -> None:
    info = info_of(Clip(frames=1).write(tmp_path / "in.mp4"))
    pictures = [Picture.from_rgb(image) for image in (COLORFUL, COLORFUL, COLORFUL[:, ::-1])]
    for suffix in SUFFIXES:
        with opened(tmp_path / f"a{suffix}", info) as sink:
            for number, picture in enumerate(pictures):
                sink.write(Frame(picture, number * 512, info.time_base, 512))
            sink.finish()
        assert sum(shown(tmp_path / f"a{suffix}")[0]) == 120


def test_equal_frames_alone_are_a_still_webp(tmp_path: Path) -> None:
    clip = Clip(frames=3, picture=COLORFUL, options={"crf": "0"}, codec="ffv1")
    convert(clip.write(tmp_path / "in.mkv"), tmp_path / "a.webp")
    with Image.open(tmp_path / "a.webp") as image:
        assert len(list(ImageSequence.Iterator(image))) == 1
