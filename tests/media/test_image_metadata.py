"""Metadata of photos, fitted to upright results."""

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from vidstyle.media.image_metadata import (
    EXIF,
    ICC,
    XMP,
    fitted_metadata,
    read_metadata,
    upright_exif,
)

DATE, GPS = 0x0132, 0x8825
WIDTH, HEIGHT = 640, 480


def exif_of_a_camera(orientation: int = 6) -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[DATE] = orientation, "2024:05:06 07:08:09"
    exif[GPS] = {1: "N", 2: (48.0, 8.0, 30.0)}
    exif[0x8769] = {0xA002: 480, 0xA003: 640, 0x9003: "2024:05:06 07:08:09"}
    return exif.tobytes().removeprefix(b"Exif\0\0")


def read(exif: bytes) -> Image.Exif:
    found = Image.Exif()
    found.load(b"Exif\0\0" + exif)
    return found


def with_thumbnail(exif: bytes, thumbnail: bytes, behind: bytes = b"") -> bytes:
    """The same with a second directory of a thumbnail, as cameras write it."""
    order = "<" if exif.startswith(b"II") else ">"
    (first,) = struct.unpack_from(order + "I", exif, 4)
    (count,) = struct.unpack_from(order + "H", exif, first)
    link, place = first + 2 + 12 * count, len(exif)
    entries = struct.pack(order + "HHHII", 2, 0x0201, 4, 1, place + 30)
    entries += struct.pack(order + "HHIII", 0x0202, 4, 1, len(thumbnail), 0)
    linked = exif[:link] + struct.pack(order + "I", place) + exif[link + 4 :]
    return linked + entries + thumbnail + behind


def test_the_orientation_becomes_upright_and_the_rest_stays() -> None:
    fitted = read(upright_exif(exif_of_a_camera(), WIDTH, HEIGHT))
    assert (fitted[0x0112], fitted[DATE]) == (1, "2024:05:06 07:08:09")
    assert fitted.get_ifd(GPS) == {1: "N", 2: (48.0, 8.0, 30.0)}
    inner = fitted.get_ifd(0x8769)
    assert (inner[0xA002], inner[0xA003]) == (WIDTH, HEIGHT)
    assert inner[0x9003] == "2024:05:06 07:08:09"


@pytest.mark.parametrize("behind", [b"", b"maker note"])
def test_the_unpainted_thumbnail_goes(behind: bytes) -> None:
    plain = exif_of_a_camera(1)
    fitted = upright_exif(with_thumbnail(plain, b"unpainted picture", behind), 480, 640)
    assert b"unpainted" not in fitted
    assert fitted.endswith(behind)
    assert read(fitted)[DATE] == "2024:05:06 07:08:09"
    assert read(fitted).get_ifd(1) == {}


@pytest.mark.parametrize("length", range(0, 200, 7))
def test_damaged_exif_does_no_harm(length: int) -> None:
    cut = exif_of_a_camera()[:length]
    assert upright_exif(cut, WIDTH, HEIGHT)[:0] == b""
    endless = b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\0\0\0\0"
    assert upright_exif(endless, WIDTH, HEIGHT) == endless


def test_the_prefix_of_avif_is_removed() -> None:
    assert upright_exif(b"Exif\0\0" + exif_of_a_camera(), 1, 1)[:2] in (b"MM", b"II")


def test_profiles_of_other_color_models_are_left_out() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert fitted_metadata({ICC: srgb}, 1, 1) == {ICC: srgb}
    assert fitted_metadata({ICC: srgb.replace(b"RGB ", b"CMYK", 1)}, 1, 1) == {}


def test_xmp_is_upright_and_promises_no_second_picture() -> None:
    turned = b'<x tiff:Orientation="6" dc:title="Sea"/>'
    assert fitted_metadata({XMP: turned}, 1, 1) == {XMP: turned.replace(b"6", b"1")}
    assert fitted_metadata({XMP: b'<x hdrgm:Version="1.0"/>'}, 1, 1) == {}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_it_is_read_from_a_file(format: str) -> None:
    written = io.BytesIO()
    Image.new("RGB", (32, 24)).save(written, format, exif=b"Exif\0\0" + exif_of_a_camera(1))
    _, kinds, contents = cv2.imdecodeWithMetadata(
        np.frombuffer(written.getvalue(), np.uint8), cv2.IMREAD_COLOR
    )
    found = read_metadata(kinds, contents)
    assert list(found) == [EXIF]
    assert read(found[EXIF].removeprefix(b"Exif\0\0"))[DATE] == "2024:05:06 07:08:09"
