"""The pictures a generator learns to paint over: photos, frames of videos, or none at all.

Knows nothing of paintings. A batch follows from its arguments alone, so that a run which was
interrupted goes on with the very crops it would have seen.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.errors import SourceError
from vidstyle.frame import RGBImage, short_side_wh
from vidstyle.media.image_file import PHOTO_SUFFIXES, read_photo
from vidstyle.media.source import VIDEO_SUFFIXES, FileSource
from vidstyle.perceptual.color_transfer import to_tensor
from vidstyle.stats import Stats
from vidstyle.training.data.procedural import procedural_images

LARGEST_SHORT_SIDE = 384  # px; 1,000 such pictures take 0.6 to 0.8 GB
SMALLEST_SHORT_SIDE = 64  # px; a crop would be mostly enlargement
FRAMES_PER_VIDEO = 40
FRAMES_READ_THROUGH = 3000  # in a longer video, 40 jumps to a place are faster
ZOOMS = (0.5, 1.6)
THREADS = 2

Item = TypeVar("Item")


@dataclass(frozen=True)
class Content:
    """Pictures to learn from, and what could not be read."""

    images: list[RGBImage]  # HxWx3 uint8 RGB
    skipped: list[str] = field(default_factory=list)  # one line for each file, with the reason

    def crops(self, count: int, size: int, step: int, seed: int, rank: int = 0) -> Tensor:
        """Return the square crops of one training step, the same for the same arguments.

        Every image is used once before any is used again. The zoom goes down to half the crop's
        size: video at 720p is far smoother than a small photo, and a generator that never saw
        smooth content paints it with noise. Half of the crops are mirrored. Colors stay as they
        are: the painting's color map is made from them.

        Args:
            count: crops in the batch.
            size: their side, in pixels.
            step: which batch, from 0 on.
            seed: of the run.
            rank: which of several processes that train together; each goes its own way.

        Returns:
            `count` x 3 x `size` x `size` float32 RGB 0..1.
        """
        random = np.random.default_rng([seed, step, rank])
        indices = (self._index(step * count + n, seed, rank) for n in range(count))
        return torch.stack([_random_crop(self.images[i], size, random) for i in indices])

    def _index(self, place: int, seed: int, rank: int) -> int:
        """Which image stands at a place in the endless sequence of shuffled epochs."""
        epoch, place_in_epoch = divmod(place, len(self.images))
        order = np.random.default_rng([seed, epoch, rank, 1]).permutation(len(self.images))
        return int(order[place_in_epoch])


def procedural_content(count: int = 96, seed: int = 0) -> Content:
    """Pictures made by arithmetic, for those who give none of their own."""
    return Content(procedural_images(count, seed))


def read_content(folder: Path, limit: int = 1000, seed: int = 0) -> Content:
    """Read the photos and videos in a folder and the folders in it; hidden files are left out.

    Pictures are reduced to a short side of 384 px. Videos give up to 40 frames each, spread
    evenly, and fewer where there are so many videos that their frames would fill half the limit.

    Args:
        folder: or a single photo or video.
        limit: pictures at most. Of more files, one is drawn from each stretch of the sorted list.
        seed: of that draw.

    Raises:
        SourceError: there is no such folder, or no picture in it can be read.
    """
    photos, videos = _find(folder)
    if not photos and not videos:
        raise SourceError(f"No photos or videos in {folder}. Give a folder that has some.")
    random = np.random.default_rng(seed)
    frame_limit = max(1, limit // 2) if photos else limit
    videos = _spread(videos, frame_limit, random)
    frames = min(FRAMES_PER_VIDEO, frame_limit // max(1, len(videos)))
    photos = _spread(photos, limit - frames * len(videos), random)
    readers: list[Callable[[], list[RGBImage]]] = [
        *(partial(_read_photo, file) for file in photos),
        *(partial(_read_video, file, frames) for file in videos),
    ]
    with ThreadPoolExecutor(THREADS) as threads:
        results = list(threads.map(_read_or_reason, readers))
    images = [image for images, _ in results for image in images]
    skipped = [reason for _, reason in results if reason]
    if not images:
        tried = "" if folder.is_file() else f"Nothing in {folder} can be used. For one: "
        raise SourceError(tried + skipped[0])
    return Content(images, skipped)


def _find(folder: Path) -> tuple[list[Path], list[Path]]:
    """The photos and the videos, sorted."""
    if not folder.exists():
        raise SourceError(f"There is no folder {folder}.")
    if folder.is_file():
        is_photo = folder.suffix.lower() in PHOTO_SUFFIXES
        return ([folder], []) if is_photo else ([], [folder])
    files = sorted(file for file in folder.rglob("*") if file.is_file() and _shown(file, folder))
    photos = [file for file in files if file.suffix.lower() in PHOTO_SUFFIXES]
    return photos, [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES]


def _shown(file: Path, folder: Path) -> bool:
    return not any(part.startswith(".") for part in file.relative_to(folder).parts)


def _spread(items: Sequence[Item], count: int, random: np.random.Generator) -> list[Item]:
    """At most so many of them: one at random from each of `count` equal stretches."""
    if len(items) <= count:
        return list(items)
    places = (np.arange(count) + random.random(count)) * len(items) / count
    return [items[int(place)] for place in places]


def _read_or_reason(read: Callable[[], list[RGBImage]]) -> tuple[list[RGBImage], str]:
    try:
        return read(), ""
    except SourceError as error:
        return [], str(error)


def _read_photo(file: Path) -> list[RGBImage]:
    image = read_photo(file)
    height, width = image.shape[:2]
    size_wh = _reduced_wh(file, width, height)
    if size_wh == (width, height):
        return [image]
    return [np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)]


def _read_video(file: Path, count: int) -> list[RGBImage]:
    with FileSource(file, Stats(), threads=1) as source:
        size_wh = _reduced_wh(file, source.info.width, source.info.height)
        frames = source.info.expected_frames
        images = list[RGBImage]()
        if frames is not None and frames > FRAMES_READ_THROUGH:
            length_s = float(frames / source.info.rate)
            for n in range(count):
                images += _read_at(file, (n + 0.5) / count * length_s, size_wh)
        return images or _read_through(source, size_wh, count)


def _read_through(source: FileSource, size_wh: tuple[int, int], count: int) -> list[RGBImage]:
    """Frames spread evenly over a video, however long it turns out to be."""
    kept, stride = list[RGBImage](), 1
    for number, frame in enumerate(source):
        if number % stride == 0:
            kept.append(frame.picture.resized(*size_wh).to_rgb())
        if len(kept) > 2 * count:
            kept, stride = kept[::2], 2 * stride
    wanted = min(count, len(kept))
    return [kept[int((n + 0.5) / wanted * len(kept))] for n in range(wanted)]


def _read_at(file: Path, time_s: float, size_wh: tuple[int, int]) -> list[RGBImage]:
    """The frame at a time, if there is one: files break off, and some say a wrong length."""
    try:
        with FileSource(file, Stats(), start_s=time_s, threads=1) as source:
            return [frame.picture.resized(*size_wh).to_rgb() for frame in islice(source, 1)]
    except SourceError:
        return []


def _reduced_wh(file: Path, width: int, height: int) -> tuple[int, int]:
    short_side = min(width, height)
    if short_side < SMALLEST_SHORT_SIDE:
        raise SourceError(
            f"{file} is too small to learn from: {width}x{height} px, "
            f"and the short side must have {SMALLEST_SHORT_SIDE}."
        )
    return short_side_wh(width, height, LARGEST_SHORT_SIDE, enlarge=False)


def _random_crop(image: RGBImage, size: int, random: np.random.Generator) -> Tensor:
    height, width = image.shape[:2]
    side = min(int(size * random.uniform(*ZOOMS)), height, width)
    top = random.integers(0, height - side + 1)
    left = random.integers(0, width - side + 1)
    crop = image[top : top + side, left : left + side]
    how = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    crop = np.asarray(cv2.resize(crop, (size, size), interpolation=how), np.uint8)
    return to_tensor(crop[:, ::-1] if random.random() < 0.5 else crop)
