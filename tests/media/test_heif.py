"""HEIF photos: opened by the extra, upright, also deep ones; without it, the extra is named."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.clips import patches, transparent
from vidstyle.apps.image import stylize_photo
from vidstyle.errors import MissingExtraError, SourceError
from vidstyle.media.heif import is_heif
from vidstyle.media.image_file import open_photo
from vidstyle.media.image_metadata import EXIF
from vidstyle.media.info import PQ
from vidstyle.media.tone_mapping import sdr_from_hdr
from vidstyle.options import StylizeOptions

PHOTO = patches(64, 48)
MIDDLES = np.ix_([12, 36], [16, 48])  # one pixel of each patch
START = b"\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf"


def write_heif(path: Path, image: NDArray[Any], mode: str = "RGB", **settings: object) -> Path:
    """Write a photo, HxWxC uint8 or uint16, with the extra."""
    pillow_heif = pytest.importorskip("pillow_heif")
    height, width = image.shape[:2]
    photo = pillow_heif.from_bytes(mode, (width, height), image.tobytes())
    photo.save(str(path), quality=90, **settings)
    return path


@pytest.mark.parametrize(
    ("start", "found"),
    [
        (START, True),
        (START.replace(b"heic", b"msf1", 1), True),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", False),
        (b"\0\0\0\x14ftypisom\0\0\0\0isom" + b"heic", False),
        (b"", False),
    ],
)
def test_heif_is_told_by_its_brands(start: bytes, found: bool) -> None:
    assert is_heif(start) == found


def test_without_the_extra_its_name_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "IMG_1.HEIC").write_bytes(START)
    with pytest.raises(MissingExtraError, match=r"pillow-heif\. Install the extra: .*\[heif\]"):
        open_photo(tmp_path / "IMG_1.HEIC")


def test_a_photo_is_painted_to_jpeg_beside_it(tmp_path: Path, inverting: StylizeOptions) -> None:
    result = stylize_photo(write_heif(tmp_path / "IMG_1.HEIC", PHOTO), None, inverting)
    assert result.output == tmp_path / "IMG_1.inverter.jpg"
    painted = open_photo(result.output).image
    assert np.abs(painted[MIDDLES].astype(int) - (255 - PHOTO[MIDDLES])).max() < 16


def test_a_turned_photo_is_upright_and_keeps_its_date(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x0132] = 6, "2024:05:06 07:08:09"
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.from_pillow(Image.fromarray(PHOTO)).save(
        str(tmp_path / "a.heic"), exif=exif.tobytes()
    )
    photo = open_photo(tmp_path / "a.heic")
    turned = np.rot90(PHOTO, -1)
    middles = np.ix_([16, 48], [12, 36])
    assert np.abs(photo.image[middles].astype(int) - turned[middles]).max() < 12
    assert b"2024:05:06" in photo.metadata[EXIF]


def test_transparency_is_kept(tmp_path: Path) -> None:
    photo = open_photo(write_heif(tmp_path / "a.heic", transparent(64, 48), "RGBA"))
    assert photo.alpha is not None
    assert np.abs(photo.alpha.astype(int) - transparent(64, 48)[..., 3]).mean() < 3


@pytest.mark.parametrize("transfer", [PQ, None])
def test_ten_bits_become_eight(tmp_path: Path, transfer: int | None) -> None:
    deep = np.full((48, 64, 3), 148 * 257, np.uint16)
    tags = {"color_primaries": 9, "transfer_characteristics": transfer} if transfer else {}
    photo = open_photo(write_heif(tmp_path / "a.heic", deep, "RGB;16", **tags))
    wanted = 255 * sdr_from_hdr(np.full((1, 3), 148 / 255), PQ)[0, 0] if transfer else 148
    assert photo.hdr == ("PQ" if transfer else None)
    assert np.abs(photo.image.astype(float) - wanted).max() < 5


def test_a_damaged_photo_is_one_line(tmp_path: Path) -> None:
    whole = write_heif(tmp_path / "a.heic", PHOTO).read_bytes()
    for content in (whole[:200], whole[:-100], START + bytes(50)):
        (tmp_path / "b.heic").write_bytes(content)
        with pytest.raises(SourceError, match=r"b\.heic cannot be decoded: ") as raised:
            open_photo(tmp_path / "b.heic")
        assert "\n" not in str(raised.value)


def test_a_file_object_may_hold_one(tmp_path: Path, inverting: StylizeOptions) -> None:
    content = io.BytesIO(write_heif(tmp_path / "a.heic", PHOTO).read_bytes())
    image = stylize_photo(content, None, inverting).image
    assert image is not None and image.shape == (48, 64, 3)
