"""Strip of the sample portrait: the photo, only the person painted, only the background.

python -m tools.samples.only --target samples/only.jpg
"""

import argparse
from pathlib import Path

import numpy as np

from vidstyle import Stylizer
from vidstyle.frame import RGBImage
from vidstyle.media.image_file import read_photo, write_photo

SAMPLES = Path(__file__).parents[2] / "samples"
QUALITY = 85


def main() -> None:
    """Paint the portrait, the first photo of the sheet, and write the strip."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, default=SAMPLES / "photos.jpg")
    parser.add_argument("--style", default="starry-night", help="as for vidstyle")
    parser.add_argument("--target", type=Path, default=SAMPLES / "only.jpg")
    parsed = parser.parse_args()
    photos = read_photo(parsed.photos)
    portrait = np.ascontiguousarray(photos[:, : photos.shape[1] // 3])
    write_photo(parsed.target, strip(portrait, parsed.style), QUALITY)


def strip(portrait: RGBImage, style: str) -> RGBImage:
    """The portrait, and both halves of it painted, side by side; HxWx3 uint8 RGB."""
    painted = []
    for only in ("person", "background"):
        with Stylizer(style, only=only) as stylizer:
            painted.append(stylizer(portrait))
    return np.hstack([portrait, *painted])


if __name__ == "__main__":
    main()
