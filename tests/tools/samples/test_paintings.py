"""The sheet of paintings and photos after them."""

from pathlib import Path

import numpy as np

from tests.textures import noise_image
from tools.samples.paintings import HEIGHT, sheet
from vidstyle.media.image_file import write_photo


def test_each_painting_has_a_row_with_itself_and_the_photos_after_it(tmp_path: Path) -> None:
    red, blue = (np.zeros((80, 120, 3), np.uint8) for _ in range(2))
    red[..., 0], blue[..., 2] = 200, 200
    files = [tmp_path / "red.png", tmp_path / "blue.png"]
    for file, image in zip(files, (red, blue), strict=True):
        write_photo(file, image)
    painted = sheet(files, noise_image(64, 192, seed=1))
    assert painted.shape == (2 * HEIGHT, 840, 3)
    assert (painted[HEIGHT // 2, 100] == (200, 0, 0)).all()
    tones = [painted[top : top + HEIGHT, 240:].mean(axis=(0, 1)) for top in (0, HEIGHT)]
    assert tones[0][0] > tones[1][0]
    assert tones[0][2] < tones[1][2]
