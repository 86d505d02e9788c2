"""Sizes of images by their headers, without decoding."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from vidstyle.media.image_header import START_BYTES, has_more_pages, image_size_wh, is_cut_off

WIDTH, HEIGHT = 188, 124
SUFFIXES = (
    "jpg", "png", "webp", "bmp", "tif", "gif", "avif", "jp2", "ppm", "pgm", "pbm", "hdr", "pfm"
)  # fmt: skip
PICTURE = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_all_formats_that_opencv_writes_are_known(suffix: str) -> None:
    gray, deep = suffix in ("pgm", "pbm"), suffix in ("hdr", "pfm")
    image = PICTURE[..., 0] if gray else PICTURE
    _, encoded = cv2.imencode(f".{suffix}", image.astype(np.float32) if deep else image)
    assert image_size_wh(encoded.tobytes()) == (WIDTH, HEIGHT)
    assert image_size_wh(encoded.data) == (WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ("mode", "format", "settings"),
    [
        ("RGB", "JPEG", {"progressive": True, "comment": b"x" * 500}),
        ("RGB", "WEBP", {"lossless": True}),
        ("RGBA", "WEBP", {}),
        ("RGB", "TIFF", {"big_tiff": True}),
        ("RGB", "JPEG2000", {"no_jp2": True}),
        ("P", "PNG", {}),
    ],
)
def test_their_variants_are_known(mode: str, format: str, settings: dict[str, object]) -> None:
    written = io.BytesIO()
    Image.fromarray(PICTURE).convert(mode).save(written, format, **settings)
    assert image_size_wh(written.getvalue()) == (WIDTH, HEIGHT)


def test_a_tiff_may_have_its_size_at_the_end() -> None:
    tags = b"\x02\0" + b"".join(
        tag.to_bytes(2, "little") + b"\x04\0\x01\0\0\0" + side.to_bytes(4, "little")
        for tag, side in ((256, WIDTH), (257, HEIGHT))
    )
    place = START_BYTES + 10
    encoded = b"II*\0" + place.to_bytes(4, "little") + bytes(place - 8) + tags
    assert image_size_wh(encoded) == (WIDTH, HEIGHT)


CUT = (
    b"", b"text", b"\xff\xd8", b"\xff\xd8\xff\xe0\0\x10", b"\x89PNG\r\n\x1a\n\0", b"BM", b"GIF89a",
    b"RIFF1234WEBP", b"II*\0", b"II*\0\xff\0\0\0", b"\0\0\0\0ftypavif", b"\0\0\0\x0cjP  ",
    b"P6\n3", b"\xff\x4f\xff\x51", b"#?RADIANCE\n",
)  # fmt: skip


@pytest.mark.parametrize("start", CUT)
def test_a_cut_header_has_no_size(start: bytes) -> None:
    assert image_size_wh(start) is None


@pytest.mark.parametrize("big_tiff", [False, True])
@pytest.mark.parametrize("pages", [1, 2])
def test_pages_of_a_tiff_are_not_decoded_to_be_counted(pages: int, big_tiff: bool) -> None:
    image, written = Image.fromarray(PICTURE), io.BytesIO()
    image.save(
        written, "TIFF", save_all=True, append_images=[image] * (pages - 1), big_tiff=big_tiff
    )
    assert has_more_pages(written.getvalue()) == (pages == 2)
    assert not has_more_pages(written.getvalue()[:20])


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_whole_pictures_are_not_cut_off(suffix: str) -> None:
    _, encoded = cv2.imencode(f".{suffix}", PICTURE)
    assert not is_cut_off(encoded.data)


def test_a_png_is_cut_off_where_a_chunk_reaches_beyond_its_end() -> None:
    _, encoded = cv2.imencode(".png", PICTURE)
    content = encoded.tobytes()
    for size in (8, 20, 40, len(content) // 2, len(content) - 13, len(content) - 1):
        assert is_cut_off(content[:size])
    place = content.index(b"IDAT") - 4
    assert is_cut_off(content[:place] + b"\x80\0\0\0" + content[place + 4 :])  # of 2 GB
