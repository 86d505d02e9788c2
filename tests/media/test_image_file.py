"""Single pictures from files and into files."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import patches
from vidstyle.errors import SinkError, SourceError
from vidstyle.media.image_file import PHOTO_SUFFIXES, read_photo, write_photo

COLORFUL = patches(40, 30)


@pytest.mark.parametrize("suffix", PHOTO_SUFFIXES)
def test_what_is_written_is_read_again(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"a{suffix}"
    assert write_photo(file, COLORFUL) == file.stat().st_size
    difference = np.abs(read_photo(file).astype(int) - COLORFUL)
    assert np.median(difference) < 4  # the seams between colors bleed in JPEG
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize("suffix", PHOTO_SUFFIXES)
def test_opencv_has_nothing_to_say(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], suffix: str
) -> None:
    write_photo(tmp_path / f"a{suffix}", COLORFUL)
    assert capfd.readouterr() == ("", "")


def test_gray_deep_and_transparent_pictures_become_plain_rgb(tmp_path: Path) -> None:
    gray = COLORFUL[..., 0]
    for image in (gray, COLORFUL.astype(np.uint16) * 257, np.dstack([COLORFUL, gray])):
        file = tmp_path / "a.png"
        cv2.imwrite(str(file), image)
        assert read_photo(file).shape == COLORFUL.shape
        assert read_photo(file).dtype == np.uint8


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("missing.png", None, "There is no file"),
        ("empty.png", b"", "not a picture that can be read"),
        ("text.png", b"hello", "not a picture that can be read"),
        (".", None, "is a folder"),
    ],
)
def test_what_is_no_picture_is_refused(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=reason):
        read_photo(tmp_path / name)


def test_unknown_kinds_and_missing_folders_are_reported(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r'Cannot write "a\.gif" as a picture'):
        write_photo(tmp_path / "a.gif", COLORFUL)
    with pytest.raises(SinkError, match="No such file or directory"):
        write_photo(tmp_path / "nowhere" / "a.png", COLORFUL)
