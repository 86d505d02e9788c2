"""Training data set: photos, video frames or generated pictures, and random crops of them.

A batch depends on its arguments only, so that a resumed run gets the same crops as an uninterrupted
one.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, takewhile
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.errors import SourceError
from vidstyle.frame import RGBImage, short_side_wh
from vidstyle.media.image_file import READABLE_SUFFIXES, read_photo
from vidstyle.media.result_mark import is_marked
from vidstyle.media.source import VIDEO_SUFFIXES, FileSource
from vidstyle.perceptual.color_transfer import to_tensor
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import is_result_name
from vidstyle.training.data.procedural import procedural_images

LARGEST_SHORT_SIDE = 384  # px; 1,000 such pictures take 0.6 to 0.8 GB
SMALLEST_SHORT_SIDE = 64  # px; crops of smaller pictures would be mostly enlarged
FRAMES_PER_VIDEO = 40
FRAMES_READ_THROUGH = 3000  # in longer videos, 40 seeks are faster than decoding all frames
ZOOMS = (0.5, 1.6)  # side of a crop in the picture, over its output size
THREADS = 2  # that read files

Item = TypeVar("Item")


@dataclass(frozen=True)
class Content:
    """Training pictures, messages about unreadable files, and the number of results left out."""

    images: list[RGBImage]  # HxWx3 uint8 RGB
    skipped: list[str] = field(default_factory=list)  # one line per file, with the reason
    results: int = 0  # pictures and videos made by vidstyle, which are not learned from
    zooms: tuple[float, float] = ZOOMS  # of the crops

    def crops(self, count: int, size: int, step: int, seed: int, rank: int = 0) -> Tensor:
        """Draw the square crops of one training step, the same for the same arguments.

        Each picture is used once per epoch, in random order. Crops are enlarged up to twice: video
        at 720p is far smoother than a small photo, and a generator trained without smooth content
        paints it with noise. Half of the crops are mirrored. Colors are not augmented, since the
        painting's color map is computed from them.

        Args:
            count: crops in the batch.
            size: side of the crops, in pixels.
            step: number of the batch, from 0.
            seed: seed of the run.
            rank: number of the process; processes that train together get different crops.

        Returns:
            `count` x 3 x `size` x `size` float32 RGB 0..1.
        """
        random = np.random.default_rng([seed, step, rank])
        indices = (self._index(step * count + n, seed, rank) for n in range(count))
        return torch.stack(
            [_random_crop(self.images[i], size, self.zooms, random) for i in indices]
        )

    def _index(self, place: int, seed: int, rank: int) -> int:
        """Index of the picture at a position in the sequence of shuffled epochs."""
        epoch, place_in_epoch = divmod(place, len(self.images))
        order = np.random.default_rng([seed, epoch, rank, 1]).permutation(len(self.images))
        return int(order[place_in_epoch])


def procedural_content(count: int = 96, seed: int = 0) -> Content:
    """Generated pictures, the default content: `count` of 320x320 pixels."""
    return Content(procedural_images(count, seed))


def read_content(folder: Path, limit: int = 1000, seed: int = 0) -> Content:
    """Read the photos and videos in a folder, recursively.

    Hidden files are skipped, and results of vidstyle, whose strokes would be learned as content.
    Pictures are reduced to a short side of 384 px. Videos give up to 40 evenly spaced frames each,
    fewer where their frames would fill more than half of the limit.

    Args:
        folder: folder, or a single photo or video.
        limit: largest number of pictures. Of more files, a stratified random sample is read, one
            from each section of the sorted list.
        seed: seed of that sample.

    Raises:
        SourceError: the folder does not exist, or no picture in it can be read.
    """
    photos, videos, results = find_content(folder)
    if not photos and not videos:
        besides = " besides results of vidstyle" if results else ""
        raise SourceError(f"No photos or videos in {folder}{besides}. Give a folder that has some.")
    random = np.random.default_rng(seed)
    frame_limit = max(1, limit // 2) if photos else limit
    videos = stratified_sample(videos, frame_limit, random)
    frames = min(FRAMES_PER_VIDEO, frame_limit // max(1, len(videos)))
    photos = stratified_sample(photos, limit - frames * len(videos), random)
    stop = threading.Event()
    readers: list[Callable[[], list[RGBImage]]] = [
        *(partial(_read_photo, file) for file in photos),
        *(partial(_read_video, file, frames, stop) for file in videos),
    ]
    with ThreadPoolExecutor(THREADS, thread_name_prefix="content") as threads:
        try:
            reads = list(threads.map(_read_or_reason, readers))
        finally:  # after Ctrl-C `map` cancels what has not begun; a video can take minutes
            stop.set()
    images = [image for images, _ in reads for image in images]
    skipped = [reason for _, reason in reads if reason]
    if not images:
        tried = "" if folder.is_file() else f"Nothing in {folder} can be used. For one: "
        raise SourceError(tried + skipped[0])
    return Content(images, skipped, results)


def find_content(folder: Path) -> tuple[list[Path], list[Path], int]:
    """Return the photos and the videos in a folder, sorted, and the number of results among them.

    Raises:
        SourceError: the folder does not exist.
    """
    if not folder.exists():
        raise SourceError(f"There is no folder {folder}.")
    if folder.is_file():
        is_photo = folder.suffix.lower() in READABLE_SUFFIXES
        return ([folder], [], 0) if is_photo else ([], [folder], 0)
    files = sorted(
        file for file in folder.rglob("*") if file.is_file() and _is_visible(file, folder)
    )
    found = [file for file in files if file.suffix.lower() in (*READABLE_SUFFIXES, *VIDEO_SUFFIXES)]
    originals = [file for file in found if not is_result_name(file) and not is_marked(file)]
    photos = [file for file in originals if file.suffix.lower() in READABLE_SUFFIXES]
    videos = [file for file in originals if file.suffix.lower() in VIDEO_SUFFIXES]
    return photos, videos, len(found) - len(originals)


def _is_visible(file: Path, folder: Path) -> bool:
    return not any(part.startswith(".") for part in file.relative_to(folder).parts)


def stratified_sample(items: Sequence[Item], count: int, random: np.random.Generator) -> list[Item]:
    """Return at most `count` items: one at random from each of `count` equal sections."""
    if len(items) <= count:
        return list(items)
    places = (np.arange(count) + random.random(count)) * len(items) / count
    return [items[int(place)] for place in places]


def _read_or_reason(read: Callable[[], list[RGBImage]]) -> tuple[list[RGBImage], str]:
    try:
        return read(), ""
    except SourceError as error:
        return [], str(error)


def read_reduced(file: Path) -> RGBImage:
    """Read a photo, reduced to a short side of `LARGEST_SHORT_SIDE`.

    Raises:
        SourceError: it cannot be read, or is too small.
    """
    image = read_photo(file)
    height, width = image.shape[:2]
    size_wh = _reduced_wh(file, width, height)
    if size_wh == (width, height):
        return image
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def _read_photo(file: Path) -> list[RGBImage]:
    return [read_reduced(file)]


def _read_video(file: Path, count: int, stop: threading.Event) -> list[RGBImage]:
    """Evenly spaced frames of a video; some of them when `stop` is set."""
    with FileSource(file, Stats(), threads=1) as source:
        size_wh = _reduced_wh(file, source.info.width, source.info.height)
        frames = source.info.expected_frames
        images = list[RGBImage]()
        if frames is not None and frames > FRAMES_READ_THROUGH:
            length_s = float(frames / source.info.rate)
            places = ((n + 0.5) / count * length_s for n in range(count))
            for time_s in takewhile(lambda _: not stop.is_set(), places):
                images += _read_at(file, time_s, size_wh)
        return images or _read_through(source, size_wh, count, stop)


def _read_through(
    source: FileSource, size_wh: tuple[int, int], count: int, stop: threading.Event
) -> list[RGBImage]:
    """Evenly spaced frames of a video of unknown length."""
    kept, stride = list[RGBImage](), 1
    for number, frame in enumerate(takewhile(lambda _: not stop.is_set(), source)):
        if number % stride == 0:
            kept.append(frame.picture.resized(*size_wh).to_rgb())
        if len(kept) > 2 * count:
            kept, stride = kept[::2], 2 * stride
    wanted = min(count, len(kept))
    return [kept[int((n + 0.5) / wanted * len(kept))] for n in range(wanted)]


def _read_at(file: Path, time_s: float, size_wh: tuple[int, int]) -> list[RGBImage]:
    """The frame at a time; none where the file is truncated or states a wrong duration."""
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


def _random_crop(
    image: RGBImage, size: int, zooms: tuple[float, float], random: np.random.Generator
) -> Tensor:
    height, width = image.shape[:2]
    side = min(int(size * random.uniform(*zooms)), height, width)
    top = random.integers(0, height - side + 1)
    left = random.integers(0, width - side + 1)
    crop = image[top : top + side, left : left + side]
    how = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    crop = np.asarray(cv2.resize(crop, (size, size), interpolation=how), np.uint8)
    return to_tensor(crop[:, ::-1] if random.random() < 0.5 else crop)
