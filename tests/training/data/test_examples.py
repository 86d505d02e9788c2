"""Example paintings: pairs by name, of one size, and the collage of the losses' style image."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.toys import blurred_noise
from vidstyle.errors import SourceError
from vidstyle.frame import RGBImage
from vidstyle.media.image_file import write_photo
from vidstyle.training.data import examples as examples_module
from vidstyle.training.data.examples import TILE, TILES, collage, read_examples

SMALL = (80, 100)  # height and width in px


def save(file: Path, image: RGBImage) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_photo(file, image)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Three photos, and paintings of two of them that are the photos inverted."""
    for number, name in enumerate(("dog", "dog_2", "sub/cat")):
        photo = blurred_noise(number, *SMALL)
        save(tmp_path / f"photos/{name}.png", photo)
        if number != 1:
            save(tmp_path / f"painted/{Path(name).name}_styled.png", 255 - photo)
    return tmp_path / "painted", tmp_path / "photos"


def test_a_painting_belongs_to_the_photo_that_its_name_begins_with(
    folders: tuple[Path, Path],
) -> None:
    content, examples = read_examples(*folders)
    assert len(content.images) == len(examples.images) == 2
    for photo, painting in zip(content.images, examples.images, strict=True):
        assert (painting == 255 - photo).all()


def test_photos_without_a_painting_are_told(folders: tuple[Path, Path]) -> None:
    content, _ = read_examples(*folders)
    assert content.skipped == [f"{folders[1] / 'dog_2.png'} has no painting in {folders[0]}."]


def test_the_longest_name_counts(folders: tuple[Path, Path]) -> None:
    save(folders[0] / "dog_2_styled.png", 255 - blurred_noise(1, *SMALL))
    content, examples = read_examples(*folders)
    assert len(content.images) == 3
    for photo, painting in zip(content.images, examples.images, strict=True):
        assert (painting == 255 - photo).all()


def test_photos_of_one_name_have_their_paintings_in_folders_alike(tmp_path: Path) -> None:
    for number, place in enumerate(("a/IMG_1.png", "b/IMG_1.png", "c/IMG_1.png")):
        photo = blurred_noise(number, *SMALL)
        save(tmp_path / "photos" / place, photo)
        if number:
            save(tmp_path / "painted" / place, 255 - photo)
    content, examples = read_examples(tmp_path / "painted", tmp_path / "photos")
    assert len(content.images) == 2
    for photo, painting in zip(content.images, examples.images, strict=True):
        assert (painting == 255 - photo).all()


def test_crops_of_both_show_the_same_places(folders: tuple[Path, Path]) -> None:
    content, examples = read_examples(*folders)
    of_photos = content.crops(6, 48, step=3, seed=1)
    of_paintings = examples.crops(6, 48, step=3, seed=1)
    assert (of_photos + of_paintings - 1).abs().max() < 2 / 255


def test_both_have_the_size_of_the_smaller_one(folders: tuple[Path, Path]) -> None:
    half, double = ((SMALL[0] * factor // 2, SMALL[1] * factor // 2) for factor in (1, 4))
    save(folders[0] / "dog_styled.png", blurred_noise(7, *half))
    save(folders[0] / "cat_styled.png", blurred_noise(8, *double))
    content, examples = read_examples(*folders)
    for pictures in (content, examples):
        assert [image.shape[:2] for image in pictures.images] == [half, SMALL]


def test_a_painting_of_another_shape_is_left_out(folders: tuple[Path, Path]) -> None:
    save(folders[0] / "cat_styled.png", blurred_noise(8, SMALL[0], SMALL[0]))
    content, examples = read_examples(*folders)
    assert len(content.images) == len(examples.images) == 1
    assert "another shape" in content.skipped[0]


def test_no_pair_is_said(folders: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="Give them the names of the photos"):
        read_examples(tmp_path / "empty", folders[1])
    with pytest.raises(SourceError, match="There is no folder"):
        read_examples(tmp_path / "none", folders[1])


def test_a_sample_of_many_is_read(folders: tuple[Path, Path]) -> None:
    content, examples = read_examples(*folders, limit=1)
    assert len(content.images) == len(examples.images) == 1


def test_a_collage_has_pieces_of_all_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    flat = [np.full((height, 300, 3), 40 * n, np.uint8) for n, height in enumerate((90, 260, 208))]
    pieces = collage(flat)
    assert pieces.shape == (1, 3, TILES * TILE, TILES * TILE)
    levels = {round(float(level) * 255) for level in torch.unique(pieces)}
    assert levels == {0, 40, 80}
    monkeypatch.setattr(examples_module, "TILES", 1)
    assert collage(flat).shape == (1, 3, TILE, TILE)
