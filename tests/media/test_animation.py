"""Animated pictures: told from still ones, and made into videos."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.clips import transparent
from vidstyle.errors import SourceError
from vidstyle.media import animation
from vidstyle.media.animation import is_animated_file, needs_transcoding, transcode

FORMATS = {".webp": "WEBP", ".png": "PNG", ".gif": "GIF", ".avif": "AVIF", ".tif": "TIFF"}


def write_animation(path: Path, pictures: int, **settings: Any) -> Path:
    """Write an animation whose picture n is shifted by n columns and shown for 40 + 10 n ms."""
    images = [
        Image.fromarray(np.roll(transparent(64, 48), number, axis=1)) for number in range(pictures)
    ]
    if pictures > 1:
        settings |= {"save_all": True, "append_images": images[1:]}
        settings |= {"duration": [40 + 10 * number for number in range(pictures)]}
    images[0].save(path, FORMATS[path.suffix], **settings)
    return path


@pytest.mark.parametrize("suffix", FORMATS)
def test_animations_are_told_from_still_pictures(tmp_path: Path, suffix: str) -> None:
    assert is_animated_file(write_animation(tmp_path / f"a{suffix}", 3))
    assert not is_animated_file(write_animation(tmp_path / f"b{suffix}", 1))


def test_other_files_are_no_animations(tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_bytes(b"GIF89a")
    for name in ("a.gif", "missing.gif", "."):
        assert not is_animated_file(tmp_path / name)
        assert not needs_transcoding(tmp_path / name)


@pytest.mark.parametrize(("suffix", "needed"), [(".webp", True), (".avif", True), (".png", False)])
def test_only_what_ffmpeg_does_not_read_is_transcoded(
    tmp_path: Path, suffix: str, needed: bool
) -> None:
    assert needs_transcoding(write_animation(tmp_path / f"a{suffix}", 2)) == needed
    assert not needs_transcoding(write_animation(tmp_path / f"b{suffix}", 1))


def test_the_video_has_the_same_pictures_times_and_alpha(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(animation, "CHUNK", 2)
    transcode(
        write_animation(tmp_path / "a.webp", 5, lossless=True, exact=True), tmp_path / "a.mkv"
    )
    with av.open(str(tmp_path / "a.mkv")) as container:
        frames = list(container.decode(video=0))
    assert [round(1000 * (f.time or 0)) for f in frames] == [
        0,
        40,
        90,
        150,
        220,
    ]
    assert [frame.duration for frame in frames] == [40, 50, 60, 70, 80]
    for number, frame in enumerate(frames):
        wanted = np.roll(transparent(64, 48), number, axis=1)
        shown = frame.to_ndarray(format="rgba")
        assert np.array_equal(shown[..., 3], wanted[..., 3])
        assert np.array_equal(shown[wanted[..., 3] > 0], wanted[wanted[..., 3] > 0])


def test_a_damaged_animation_is_said(tmp_path: Path) -> None:
    whole = write_animation(tmp_path / "a.webp", 3).read_bytes()
    (tmp_path / "b.webp").write_bytes(whole[:60])
    with pytest.raises(SourceError, match=r"b\.webp"):
        transcode(tmp_path / "b.webp", tmp_path / "b.mkv")
