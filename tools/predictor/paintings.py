"""Paintings that the predictor learns from: their numbers, and the targets of the losses."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vidstyle.frame import RGBImage
from vidstyle.media.style_image import read_painting
from vidstyle.perceptual.features import FeatureNetwork
from vidstyle.stylize.painting_style import readable_painting
from vidstyle.stylize.predictor import LONGEST, style_numbers
from vidstyle.stylize.texture import middle_part
from vidstyle.training.data.painting import painting_tensor
from vidstyle.training.objective import StyleTargets

SHORT_SIDE = 400  # px, as in a training
SMALLEST_GROUP = 20  # files
PARTS = 3  # random parts of a painting, whose numbers lead to the same weights
PART_SHARES = (0.6, 0.9)  # of its sides
VECTORS = 2048  # of a patch layer's positions
PIXELS = 41  # one pixel in so many is kept


@dataclass(frozen=True, slots=True, eq=False)
class Painting:
    """One painting: what the predictor sees of it, and what the losses compare with."""

    name: str
    group: str  # paintings of a group share its probability
    numbers: Tensor  # of the whole and of its parts, one row each
    style: StyleTargets  # vectors in float16; Gram matrices exceed its range
    pixels: Tensor  # 3xP
    covariance: Tensor  # 3x3, of the colors

    def targets(self) -> StyleTargets:
        """What the style losses compare with, in float32."""
        vectors = {layer: each.float() for layer, each in self.style.vectors.items()}
        return replace(self.style, vectors=vectors)


def listed(folder: Path, without: Sequence[str]) -> list[tuple[Path, str]]:
    """Files of a folder, each with the group that shares a probability in training.

    A group are files whose names begin alike up to the first hyphen, or all other files.

    Args:
        folder: the column `file` of its SOURCES.csv names the pictures.
        without: words, such as names of artists; rows that have one are left out.
    """
    with (folder / "SOURCES.csv").open(encoding="utf-8", newline="") as table:
        rows = [(row["file"], " ".join(row.values()).casefold()) for row in csv.DictReader(table)]
    unwanted = [word.casefold() for word in without]
    files = [file for file, text in rows if not any(word in text for word in unwanted)]
    prefixes = [file.partition("-")[0] for file in files]
    sizes = Counter(prefixes)
    return [
        (folder / file, prefix if sizes[prefix] >= SMALLEST_GROUP else folder.name)
        for file, prefix in zip(files, prefixes, strict=True)
    ]


def measured(
    file: Path, group: str, features: FeatureNetwork, random: np.random.Generator
) -> Painting:
    """Read a painting and measure it.

    Raises:
        SourceError, StyleError: as `read_painting`.
    """
    image = readable_painting(middle_part(read_painting(file), LONGEST))
    numbers = [style_numbers(image), *(style_numbers(_part(image, random)) for _ in range(PARTS))]
    picture = painting_tensor(image, SHORT_SIDE)
    whole = StyleTargets.of(features, picture)
    style = replace(
        whole, vectors={layer: _some(each).half() for layer, each in whole.vectors.items()}
    )
    colors = picture[0].flatten(1)
    return Painting(
        name=file.stem,
        group=group,
        numbers=torch.from_numpy(np.stack(numbers)),
        style=style,
        pixels=colors[:, ::PIXELS].clone(),
        covariance=torch.cov(colors),
    )


def _part(image: RGBImage, random: np.random.Generator) -> RGBImage:
    share = random.uniform(*PART_SHARES)
    height, width = (int(share * side) for side in image.shape[:2])
    top = random.integers(0, image.shape[0] - height + 1)
    left = random.integers(0, image.shape[1] - width + 1)
    part = image[top : top + height, left : left + width]
    return np.ascontiguousarray(part[:, ::-1] if random.random() < 0.5 else part)


def _some(vectors: Tensor) -> Tensor:
    return vectors[torch.randperm(len(vectors))[:VECTORS]]
