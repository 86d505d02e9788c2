from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.toys import blurred_noise
from vidstyle.errors import SinkError
from vidstyle.frame import RGBImage
from vidstyle.media.image_file import read_photo
from vidstyle.network.architecture import Architecture
from vidstyle.network.generator import Generator
from vidstyle.training.objective import LossWeights
from vidstyle.training.preview import (
    COLUMNS,
    GAP,
    LARGEST_WIDTH,
    ROW_HEIGHT,
    ContactSheet,
    paint,
    plot_losses,
    preview_photos,
)
from vidstyle.training.results import LOSS_WORDS

TINY = Architecture(channels=4, bottleneck=4, dilations=(1,), head_channels=4)
ROW = ROW_HEIGHT + GAP


def gray(level: float) -> Generator:
    """A generator that paints everything in one gray."""
    generator = Generator(TINY).eval()
    generator.set_color_map(torch.zeros(3, 3), torch.full((3,), level))
    return generator


def columns(sheet: RGBImage, width: int) -> list[int]:
    """The level in the middle of the first photo of each column."""
    assert sheet.shape[1] % width == 0
    middles = range(width // 2, sheet.shape[1], width)
    return [round(float(sheet[20:100, x - 10 : x + 10].mean())) for x in middles]


def test_the_sheet_shows_photos_and_what_became_of_them(tmp_path: Path) -> None:
    photos = [blurred_noise(1, 192, 160), blurred_noise(2, 96, 80)]
    ContactSheet(tmp_path, photos).add(gray(0.2), step=1)
    sheet = read_photo(tmp_path / "preview.png")
    width = 160 + GAP
    assert sheet.shape == (2 * ROW, 2 * width, 3)
    left = (width - 160) // 2
    assert np.array_equal(sheet[:ROW_HEIGHT, left : left + 160], photos[0])
    assert np.all(sheet[:ROW_HEIGHT, width + left : width + left + 160] == 51)
    assert np.all(sheet[ROW_HEIGHT:ROW] == 255)


def test_time_goes_to_the_right_and_the_sheet_stays_readable(tmp_path: Path) -> None:
    sheet, levels = ContactSheet(tmp_path, [np.zeros((192, 160, 3), np.uint8)]), range(0, 200, 10)
    for step, level in enumerate(levels):
        sheet.add(gray(level / 255), step)
    shown = columns(read_photo(tmp_path / "preview.png"), 160 + GAP)
    assert len(shown) == 1 + COLUMNS
    assert shown == sorted(shown)
    assert shown[1] == 0 and shown[-1] == 190


def test_a_resumed_run_adds_to_its_sheet(tmp_path: Path) -> None:
    photo = np.zeros((192, 160, 3), np.uint8)
    for step in (10, 20):
        ContactSheet(tmp_path, [photo]).add(gray(step / 255), step)
    assert columns(read_photo(tmp_path / "preview.png"), 160 + GAP) == [0, 10, 20]


@pytest.mark.parametrize("size", [(192, 1000), (1000, 192), (64, 64), (101, 203)])
def test_photos_of_any_shape_keep_it(tmp_path: Path, size: tuple[int, int]) -> None:
    height, width = size
    photo = np.zeros((height, width, 3), np.uint8)
    photo[height // 4 : -height // 4, width // 2 - height // 4 : width // 2 + height // 4] = 200
    ContactSheet(tmp_path, [photo]).add(gray(0), 1)
    sheet = read_photo(tmp_path / "preview.png")[:ROW_HEIGHT, :, 1]
    assert sheet.shape[1] <= 2 * (LARGEST_WIDTH + GAP)
    if min(height, width) >= height // 2:  # a square stays a square
        across = int((sheet[ROW_HEIGHT // 2, : sheet.shape[1] // 2 - GAP] == 200).sum())
        assert abs(across - ROW_HEIGHT / 2) <= 4


def test_the_sheet_begins_with_the_portrait_that_ships() -> None:
    content = [blurred_noise(seed) for seed in range(6)]
    face, *others = preview_photos(content)
    assert face.shape == (288, 288, 3)
    skin = face[110:160, 110:165].mean(axis=(0, 1))
    assert skin[0] > skin[1] > skin[2] > 60
    assert len(others) == 3
    assert all(np.array_equal(*pair) for pair in zip(others, content, strict=False))
    assert len(preview_photos(content[:1])) == 2


def test_painting_is_what_the_generator_gives_in_bytes() -> None:
    image = blurred_noise(3, 64, 96)
    generator = Generator(TINY).eval()
    generator.set_color_map(torch.eye(3) * 1.5, torch.zeros(3))
    expected = np.clip(np.rint(image.astype(float) * 1.5), 0, 255)
    painted = paint(generator, image)
    assert painted.dtype == np.uint8
    assert np.abs(painted - expected).max() <= 1


def test_the_plot_shows_each_loss(tmp_path: Path) -> None:
    history = [{"step": n, "seconds": n / 9, "style": 1 / n, "tv": 0.1} for n in range(1, 50)]
    plot_losses(history, tmp_path / "losses.png")
    both = read_photo(tmp_path / "losses.png")
    assert both.shape[0] > 300 and both.std() > 10
    for record in history:
        del record["tv"]
    plot_losses(history, tmp_path / "losses.png")
    assert not np.array_equal(read_photo(tmp_path / "losses.png"), both)
    assert [file.name for file in tmp_path.iterdir()] == ["losses.png"]


def test_every_loss_has_a_plain_word() -> None:
    assert list(LOSS_WORDS) == [field.name for field in fields(LossWeights)]
    assert len({word for word, _ in LOSS_WORDS.values()}) == len(LOSS_WORDS)


def test_a_loss_that_is_nothing_can_be_plotted(tmp_path: Path) -> None:
    plot_losses([{"step": 1, "seconds": 0.1, "style": 0.0, "tv": 0.1}], tmp_path / "losses.png")
    assert read_photo(tmp_path / "losses.png").size


def test_a_refusing_disk_is_said(tmp_path: Path) -> None:
    history = [{"step": 1.0, "seconds": 0.1, "style": 0.5}]
    (tmp_path / "losses.png").mkdir()
    with pytest.raises(SinkError, match=r"Cannot write .*losses\.png"):
        plot_losses(history, tmp_path / "losses.png")
    (tmp_path / "preview.png").mkdir()
    with pytest.raises(SinkError, match=r"Cannot write .*preview\.png"):
        ContactSheet(tmp_path, [blurred_noise(1, 64, 64)]).add(gray(0), 1)
    assert not list(tmp_path.glob(".*"))
