"""Paintings of every odd kind, made by the tests."""

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.clips import patches
from tests.textures import noise_image
from vidstyle.errors import SourceError, StyleError
from vidstyle.frame import RGBImage
from vidstyle.media.image_file import write_photo
from vidstyle.media.style_image import read_painting

ORIENTATION = 0x0112  # EXIF
PAINTING = noise_image(80, 90)
CMYK_RED = base64.b85decode(
    "|JeWT01iQ9Z(?NtWB>pF0095n07C!>1_lQP1qcTR2MGxX3Jeqt3=0bk84?o@6df8L9vvDS93UhvCm<p$BODw"
    "kHz_PIF*GzZA166II5IpgGc+>)zyK5o06+jh1Va%3O%VWD5dcdO0RO}Q761VO0RR910000000000000072>-"
    "+Y6c7Ob00000000000000000030+5ip&LjX+xSpZ7_06ze~v->}<-~a#s000000000000000000000000000"
    "00000000000000000000000000000000000000000000000F|Je"
)


def write(file: Path, image: RGBImage) -> Path:
    """Write RGB or RGBA as it is."""
    kind = cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
    cv2.imwrite(str(file), cv2.cvtColor(image, kind))
    return file


def test_a_painting_is_read_as_it_is(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_painting(write(tmp_path / "a.png", PAINTING)), PAINTING)


def test_a_gray_painting_becomes_rgb(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), PAINTING[..., 0])
    np.testing.assert_array_equal(
        read_painting(tmp_path / "a.png"), np.dstack([PAINTING[..., 0]] * 3)
    )


def test_behind_what_is_transparent_there_is_white_paper(tmp_path: Path) -> None:
    opacity = np.full((80, 90), 255, np.uint8)
    opacity[:40], opacity[40:50] = 0, 51
    read = read_painting(write(tmp_path / "a.png", np.dstack([PAINTING, opacity])))
    assert (read[:40] == 255).all()
    assert np.abs(read[40:50] - (PAINTING[40:50] * 0.2 + 255 * 0.8)).max() <= 0.5
    np.testing.assert_array_equal(read[50:], PAINTING[50:])


@pytest.mark.parametrize("suffix", [".png", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_transparent_painting_on_its_side_is_read_upright(
    tmp_path: Path, suffix: str, orientation: int
) -> None:
    opacity = np.full((80, 90), 255, np.uint8)
    opacity[:20, :30] = 0
    stored = Image.fromarray(np.dstack([PAINTING, opacity]))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored.save(tmp_path / f"a{suffix}", exif=exif, lossless=True)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / f"a{suffix}")))
    read = read_painting(tmp_path / f"a{suffix}")
    opaque = upright[..., 3] == 255
    np.testing.assert_array_equal(read[opaque], upright[opaque][:, :3])
    assert (read[~opaque] == 255).all()


def test_a_deep_transparent_painting_lies_on_white(tmp_path: Path) -> None:
    opacity = np.full((80, 90), 65535, np.uint16)
    opacity[:40] = 0
    deep = np.dstack([PAINTING.astype(np.uint16) * 257, opacity])
    cv2.imwrite(str(tmp_path / "a.png"), cv2.cvtColor(deep, cv2.COLOR_RGBA2BGRA))
    read = read_painting(tmp_path / "a.png")
    assert (read[:40] == 255).all()
    assert np.abs(read[40:].astype(int) - PAINTING[40:]).max() <= 1


def test_a_cmyk_painting_has_the_colors_that_its_inks_give(tmp_path: Path) -> None:
    # A JPEG of four components, as printers save them: 64x64 px of plain red (Adobe's inverted
    # CMYK 0, 255, 255, 0), written by Pillow.
    (tmp_path / "a.jpg").write_bytes(CMYK_RED)
    assert np.abs(read_painting(tmp_path / "a.jpg").astype(int) - (255, 0, 0)).max() < 12


@pytest.mark.parametrize(
    ("width", "height", "reason"),
    [(63, 200, "too small to show how it is painted: 63x200 px"), (1, 1, "1x1 px")],
)
def test_a_tiny_painting_is_refused(tmp_path: Path, width: int, height: int, reason: str) -> None:
    write_photo(tmp_path / "a.png", patches(width, height))
    with pytest.raises(StyleError, match=reason):
        read_painting(tmp_path / "a.png")


def test_an_invisible_painting_is_refused(tmp_path: Path) -> None:
    invisible = np.dstack([PAINTING, np.zeros((80, 90), np.uint8)])
    with pytest.raises(StyleError, match="transparent nearly everywhere"):
        read_painting(write(tmp_path / "a.png", invisible))


@pytest.mark.parametrize("suffix", [".webp", ".png", ".gif"])
def test_an_animated_painting_is_refused(tmp_path: Path, suffix: str) -> None:
    animation = cv2.Animation()
    animation.frames = [PAINTING, PAINTING[::-1].copy(), PAINTING[:, ::-1].copy()]
    animation.durations = [100, 100, 100]
    encoded = cv2.imencodeanimation(suffix, animation)[1]
    encoded.tofile(tmp_path / f"a{suffix}")
    with pytest.raises(StyleError, match="is animated"):
        read_painting(tmp_path / f"a{suffix}")


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("hello")
    with pytest.raises(SourceError, match="not a picture"):
        read_painting(tmp_path / "a.png")
    with pytest.raises(SourceError, match="There is no file"):
        read_painting(tmp_path / "b.png")
