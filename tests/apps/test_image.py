"""One picture: a photo, or one frame of a video."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.clips import Clip, patches
from vidstyle.apps.image import preview_video, stylize_photo
from vidstyle.errors import SinkError, SourceError
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.options import StylizeOptions

COLORFUL = patches(64, 48)
MIDDLES = np.ix_([12, 36], [16, 48])


def test_a_photo_is_painted(tmp_path: Path, inverting: StylizeOptions) -> None:
    write_photo(tmp_path / "a.png", COLORFUL)
    result = stylize_photo(tmp_path / "a.png", None, inverting)
    assert result.output == tmp_path / "a.inverter.png"
    painted = read_photo(result.output)
    assert painted.shape == COLORFUL.shape
    assert np.abs(painted[MIDDLES] - (255 - COLORFUL[MIDDLES].astype(int))).max() < 6


def test_a_photo_without_style_is_the_photo(tmp_path: Path, inverting: StylizeOptions) -> None:
    write_photo(tmp_path / "a.png", COLORFUL)
    stylize_photo(tmp_path / "a.png", tmp_path / "b.png", replace(inverting, strength=0))
    painted = read_photo(tmp_path / "b.png")
    assert np.abs(painted[MIDDLES].astype(int) - COLORFUL[MIDDLES]).max() <= 3


@pytest.mark.parametrize("size_wh", [(1, 1), (2, 7), (33, 21)])
def test_tiny_and_odd_photos_keep_their_size(
    tmp_path: Path, inverting: StylizeOptions, size_wh: tuple[int, int]
) -> None:
    write_photo(tmp_path / "a.png", patches(*size_wh))
    result = stylize_photo(tmp_path / "a.png", None, inverting)
    assert read_photo(result.output).shape == (size_wh[1], size_wh[0], 3)


def test_a_preview_is_the_frame_at_the_start_asked_for(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    path = Clip(frames=30).write(tmp_path / "in.mp4")
    untouched = replace(inverting, strength=0, start=0.8)
    preview_video(path, tmp_path / "a.png", untouched)
    square = read_photo(tmp_path / "a.png")[16:32, 40:56]  # frame 20 has it at x = 40
    assert square[..., 0].min() > 180


@pytest.mark.parametrize("frames", [1, 2, 30])
def test_a_preview_of_any_length_works(
    tmp_path: Path, inverting: StylizeOptions, frames: int
) -> None:
    path = Clip(frames=frames).write(tmp_path / "in.mp4")
    result = preview_video(path, None, inverting)
    assert result.output == tmp_path / "in.inverter.png"
    assert read_photo(result.output).shape == (48, 64, 3)


def test_bad_input_and_existing_output_are_refused(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(SourceError, match="not a picture"):
        stylize_photo(tmp_path / "a.png", None, inverting)
    with pytest.raises(SinkError, match="is the input itself"):
        stylize_photo(tmp_path / "a.png", tmp_path / "a.png", inverting)
    write_photo(tmp_path / "b.png", COLORFUL)
    (tmp_path / "b.inverter.png").touch()
    with pytest.raises(SinkError, match="exists"):
        stylize_photo(tmp_path / "b.png", None, inverting)


@pytest.mark.usefixtures("shelf")
def test_a_mix_is_one_picture_named_after_its_styles(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png", COLORFUL)
    result = stylize_photo(tmp_path / "a.png", None, StylizeOptions(style="negative:0.6,white:0.4"))
    assert result.output == tmp_path / "a.negative-60+white-40.png"
    assert result.style == "negative-60+white-40"
    painted = read_photo(result.output)
    assert np.abs(painted[MIDDLES] - (255 - 0.6 * COLORFUL[MIDDLES])).max() < 6
