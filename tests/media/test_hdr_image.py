"""HDR pictures: told by their tags, and decoded as the formulas say."""

import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import patches
from vidstyle.media.hdr_image import hdr_transfer
from vidstyle.media.image_file import open_photo
from vidstyle.media.info import HLG, PQ
from vidstyle.media.tone_mapping import sdr_from_hdr

GRAY = 148  # of 255: 203 nits in PQ


def avif(transfer: int) -> bytes:
    """AVIF of 8 bits, with the tags of BT.2020 and a transfer."""
    _, encoded = cv2.imencode(".avif", np.full((32, 48, 3), GRAY, np.uint8))
    before, tags, after = encoded.tobytes().partition(b"colrnclx")
    return before + tags + bytes([0, 9, 0, transfer]) + after[4:]


def png(transfer: int) -> bytes:
    """PNG of 16 bits with a cICP chunk."""
    _, encoded = cv2.imencode(".png", np.full((32, 48, 3), GRAY * 257, np.uint16))
    content = b"cICP" + bytes([9, transfer, 0, 1])
    chunk = b"\0\0\0\x04" + content + zlib.crc32(content).to_bytes(4)
    return encoded.tobytes()[:33] + chunk + encoded.tobytes()[33:]


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("make", [avif, png])
def test_hdr_pictures_become_sdr(tmp_path: Path, make: object, transfer: int) -> None:
    assert callable(make)
    (tmp_path / "a.avif").write_bytes(make(transfer))
    photo = open_photo(tmp_path / "a.avif")
    assert photo.hdr == {PQ: "PQ", HLG: "HLG"}[transfer]
    wanted = 255 * sdr_from_hdr(np.full((1, 3), GRAY / 255), transfer)[0, 0]
    assert np.abs(photo.image.astype(float) - wanted).max() < 4


@pytest.mark.parametrize("content", [avif(13), png(13), b"", b"\x89PNG", b"colrnclx\0\x09\0\x10"])
def test_other_pictures_are_not_hdr(content: bytes) -> None:
    assert hdr_transfer(np.frombuffer(content, np.uint8)) is None


def test_ten_bits_of_avif_are_scaled(tmp_path: Path) -> None:
    deep = patches(64, 48).astype(np.uint16) * 4
    _, encoded = cv2.imencode(".avif", deep, [cv2.IMWRITE_AVIF_DEPTH, 10])
    before, tags, after = encoded.tobytes().partition(b"colrnclx")
    (tmp_path / "a.avif").write_bytes(before + tags + bytes([0, 9, 0, PQ]) + after[4:])
    shown = open_photo(tmp_path / "a.avif").image[36, 48].astype(float)
    wanted = 255 * sdr_from_hdr(np.full((1, 3), 235 * 4 / 1023), PQ)[0]
    assert np.abs(shown - wanted).max() < 6
