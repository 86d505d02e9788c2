"""Sheet of paintings, each beside the sample photos in its manner, without a training.

python -m tools.samples.paintings fuji.jpg tahiti.jpg --target samples/paintings.jpg
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from vidstyle import Stylizer
from vidstyle.frame import RGBImage
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.media.style_image import read_painting

SAMPLES = Path(__file__).parents[2] / "samples"
HEIGHT = 200  # px of a row
QUALITY = 85


def main() -> None:
    """Paint the sample photos after each painting, and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paintings", nargs="+", type=Path, metavar="PAINTING")
    parser.add_argument("--photos", type=Path, default=SAMPLES / "photos.jpg")
    parser.add_argument("--target", type=Path, default=SAMPLES / "paintings.jpg")
    parsed = parser.parse_args()
    write_photo(parsed.target, sheet(parsed.paintings, read_photo(parsed.photos)), QUALITY)


def sheet(paintings: Sequence[Path], photos: RGBImage) -> RGBImage:
    """Rows of a painting and the photos after it, HxWx3 uint8 RGB."""
    return np.vstack([_row(file, photos) for file in paintings])


def _row(file: Path, photos: RGBImage) -> RGBImage:
    with Stylizer(file, max_height=2 * HEIGHT) as stylizer:
        painted = stylizer(photos)
    return np.hstack([_resized(read_painting(file), 6 / 5), _resized(painted, 3)])


def _resized(image: RGBImage, proportion: float) -> RGBImage:
    """The middle of an image in a proportion of width to height, `HEIGHT` px high."""
    height, width = image.shape[:2]
    wide, high = min(width, round(height * proportion)), min(height, round(width / proportion))
    top, left = (height - high) // 2, (width - wide) // 2
    size_wh = (round(HEIGHT * proportion), HEIGHT)
    middle = np.ascontiguousarray(image[top : top + high, left : left + wide])
    return np.asarray(cv2.resize(middle, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


if __name__ == "__main__":
    main()
