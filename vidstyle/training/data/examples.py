"""Example paintings: photos of the content as another program painted them, in pairs."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor

from vidstyle.errors import SourceError
from vidstyle.frame import RGBImage, with_short_side
from vidstyle.media.image_file import READABLE_SUFFIXES, read_photo
from vidstyle.perceptual.color_transfer import to_tensor
from vidstyle.training.data.dataset import (
    Content,
    find_content,
    read_reduced,
    stratified_sample,
)

ZOOMS = (0.85, 1.2)  # of the crops: larger ones would teach strokes of all sizes at once
TILE = 208  # px, side of the pieces in `collage`
TILES = 4  # in a row of `collage`
MOST_STRETCHED = 1.03  # ratio of the aspect ratios of a photo and its example


def read_examples(
    folder: Path, content: Path, limit: int = 1000, seed: int = 0
) -> tuple[Content, Content]:
    """Read the photos that have an example painting, and these paintings.

    A painting belongs to the photo of the same name without suffix, or of the beginning of its
    name before "_", "-" or ".": `dog_styled.png` to `dog.jpg`. Where photos in several folders
    share a name, their paintings are in folders of the same names.

    Args:
        folder: example paintings, at any depth.
        content: photos, at any depth.
        limit: largest number of pairs; of more, a stratified random sample is read.
        seed: seed of that sample.

    Returns:
        Photos and paintings in the same order and of the same sizes, those of the smaller one, so
        that the same arguments give crops of the same places. Messages are with the photos, also on
        those without a painting.

    Raises:
        SourceError: a folder does not exist, or there is no pair that can be read.
    """
    photos, _, results = find_content(content)
    base = content.parent if content.is_file() else content
    paintings_of = _pairs([photo.relative_to(base) for photo in photos], _pictures(folder))
    pairs = stratified_sample(sorted(paintings_of.items()), limit, np.random.default_rng(seed))
    images, paintings, skipped = list[RGBImage](), list[RGBImage](), list[str]()
    for photo, painting in pairs:
        try:
            image, example = _of_one_size(folder / painting, read_reduced(base / photo))
            images.append(image)
            paintings.append(example)
        except SourceError as error:
            skipped.append(str(error))
    if not images:
        found = f"For one: {skipped[0]}" if skipped else "Give them the names of the photos."
        raise SourceError(f"No picture in {folder} is a painting of a photo in {content}. {found}")
    bare = [photo for photo in photos if photo.relative_to(base) not in paintings_of]
    skipped += [f"{photo} has no painting in {folder}." for photo in bare]
    return Content(images, skipped, results, ZOOMS), Content(paintings, zooms=ZOOMS)


def collage(paintings: Sequence[RGBImage], seed: int = 0) -> Tensor:
    """Return pieces of several pictures side by side, as the style image of the losses.

    Args:
        paintings: HxWx3 uint8 RGB; smaller ones than a piece are enlarged.
        seed: other pictures for another seed.

    Returns:
        1x3xHxW float32 RGB 0..1, `TILES` pieces of `TILE` px in each direction.
    """
    random = np.random.default_rng(seed)
    chosen = random.permutation(np.arange(TILES**2) % len(paintings))
    order = random.permutation(len(paintings))
    tiles = [_middle(paintings[order[index]]) for index in chosen]
    rows = [np.hstack(tiles[start : start + TILES]) for start in range(0, len(tiles), TILES)]
    return to_tensor(np.asarray(np.vstack(rows), np.uint8))[None]


def _pictures(folder: Path) -> list[Path]:
    """Pictures in a folder at any depth, relative to it, sorted."""
    if not folder.is_dir():
        raise SourceError(f"There is no folder {folder}.")
    found = sorted(file for file in folder.rglob("*") if file.suffix.lower() in READABLE_SUFFIXES)
    return [file.relative_to(folder) for file in found]


def _pairs(photos: Iterable[Path], paintings: Sequence[Path]) -> dict[Path, Path]:
    """The painting of each photo that has one, all relative to their folders.

    A painting in the photo's own subfolder comes first; one elsewhere counts only if no other
    photo has that name.
    """
    places = {photo.with_suffix(""): photo for photo in photos}
    stems = Counter(place.name for place in places)
    alone = {Path(place.name): photo for place, photo in places.items() if stems[place.name] == 1}
    found = dict[Path, Path]()
    for known, named in ((places, lambda path: path), (alone, lambda path: Path(path.name))):
        for painting in paintings:
            photo = _photo_of(named(painting), known)
            if photo is not None:
                found.setdefault(photo, painting)
    return found


def _photo_of(painting: Path, photos: Mapping[Path, Path]) -> Path | None:
    """The photo with the longest of the names that a painting's name is, or begins with."""
    stem = painting.stem
    ends = [len(stem), *(match.start() for match in reversed([*re.finditer("[._-]", stem)]))]
    names = (painting.with_name(stem[:end]) for end in ends if end)
    return next((photos[name] for name in names if name in photos), None)


def _of_one_size(file: Path, photo: RGBImage) -> tuple[RGBImage, RGBImage]:
    """A photo and its painting, which is read, at the smaller one's size: strokes stay sharp."""
    painting = read_photo(file)
    (height, width), (high, wide) = photo.shape[:2], painting.shape[:2]
    stretched = (wide / high) / (width / height)
    if not 1 / MOST_STRETCHED <= stretched <= MOST_STRETCHED:
        raise SourceError(
            f"{file} has {wide}x{high} px, another shape than its photo of {width}x{height}."
        )
    size_wh = min((width, height), (wide, high))
    return _reduced(photo, size_wh), _reduced(painting, size_wh)


def _reduced(image: RGBImage, size_wh: tuple[int, int]) -> RGBImage:
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def _middle(image: RGBImage) -> RGBImage:
    """The middle of a picture, `TILE` px on each side."""
    image = with_short_side(image, max(TILE, min(image.shape[:2])))
    top, left = ((side - TILE) // 2 for side in image.shape[:2])
    return image[top : top + TILE, left : left + TILE]
