"""Single pictures from files and into files."""

import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.clips import patches, transparent
from vidstyle.errors import SinkError, SourceError
from vidstyle.media.heif import HEIF_SUFFIXES
from vidstyle.media.image_file import (
    PHOTO_SUFFIXES,
    READABLE_SUFFIXES,
    check_photo_size,
    open_photo,
    read_photo,
    result_suffix,
    write_photo,
)

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


@pytest.mark.parametrize(
    "suffix",
    sorted({*READABLE_SUFFIXES} - {*PHOTO_SUFFIXES, *HEIF_SUFFIXES, ".pgm", ".pbm"}),
)
def test_more_kinds_are_read_than_written(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"a{suffix}"
    _, encoded = cv2.imencode(suffix, cv2.resize(COLORFUL, (160, 120)))
    file.write_bytes(encoded.tobytes())
    assert read_photo(file).shape == (120, 160, 3)
    assert result_suffix(suffix) == ".png"


def blank_png(width: int, height: int) -> bytes:
    """PNG of one bit a pixel, whose rows end where the first one ends."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1 + width // 8))), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_picture_that_would_fill_the_memory_is_refused_by_its_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "imdecode", None)  # never called
    (tmp_path / "a.png").write_bytes(blank_png(30_000, 30_000))
    with pytest.raises(SourceError, match=r"a\.png has 30000x30000 px, over the limit of 250 mega"):
        read_photo(tmp_path / "a.png")


def test_a_file_too_large_for_a_picture_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "film.mkv").open("wb") as file:
        file.truncate(2**36)  # sparse: takes no room
    with pytest.raises(SourceError, match=r"film\.mkv is no picture: it has 69 GB"):
        read_photo(tmp_path / "film.mkv")


@pytest.mark.parametrize(("name", "most"), [("a.jpg", 65500), ("a.jfif", 65500), ("a.WEBP", 16383)])
def test_a_picture_wider_than_its_format_allows_is_refused(
    tmp_path: Path, name: str, most: int
) -> None:
    check_photo_size(tmp_path / name, most, 1)
    with pytest.raises(SinkError, match=rf"1x{most + 1} px, and \.\w+ holds {most} at most"):
        write_photo(tmp_path / name, np.zeros((most + 1, 1, 3), np.uint8))
    check_photo_size(tmp_path / "a.png", most + 1, 1)


@pytest.mark.parametrize(
    ("mode", "saved"),
    [
        ("RGBA", {}),
        ("LA", {}),
        ("P", {"transparency": 0}),
        ("RGB", {"transparency": (255, 0, 0)}),
    ],
)
def test_every_kind_of_transparent_png_lies_on_white(
    tmp_path: Path, mode: str, saved: dict[str, Any]
) -> None:
    rgba = Image.fromarray(transparent(64, 48))
    image = rgba.convert("RGB").quantize(2) if mode == "P" else rgba.convert(mode)
    image.save(tmp_path / "a.png", **saved)
    clear = np.asarray(Image.open(tmp_path / "a.png").convert("RGBA"))[..., 3] == 0
    assert clear.any() and not clear.all()
    assert (read_photo(tmp_path / "a.png")[clear] == 255).all()
    photo = open_photo(tmp_path / "a.png")
    assert photo.alpha is not None
    assert np.array_equal(photo.alpha == 0, clear)


@pytest.mark.parametrize(("suffix", "mode"), [("jpg", "CMYK"), ("tif", "CMYK"), ("bmp", "RGBA")])
def test_a_fourth_channel_that_is_no_alpha_is_none(tmp_path: Path, suffix: str, mode: str) -> None:
    Image.fromarray(transparent(64, 48)).convert(mode).save(tmp_path / f"a.{suffix}")
    assert open_photo(tmp_path / f"a.{suffix}").alpha is None


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device of POSIX systems")
def test_devices_are_no_pictures() -> None:
    for device in ("/dev/zero", "/dev/null"):
        with pytest.raises(SourceError, match=f"^{device} is a device, not a picture"):
            read_photo(Path(device))
