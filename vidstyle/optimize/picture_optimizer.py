"""One picture, optimized from coarse to fine."""

import math
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vidstyle.errors import StyleError
from vidstyle.frame import RGBImage
from vidstyle.optimize.jitter import JitteredLoss, JitterWindow
from vidstyle.optimize.limits import MemoryLimits
from vidstyle.optimize.objective import Grams, PictureLossWeights, PictureObjective, PixelPrior
from vidstyle.optimize.solver import Effort, adam, lbfgs
from vidstyle.optimize.style_target import ColorMap, Painting
from vidstyle.optimize.temporal_targets import TemporalTarget
from vidstyle.optimize.tiles import tiles
from vidstyle.perceptual.color_transfer import recolored, to_image, to_tensor
from vidstyle.perceptual.features import FeatureNetwork

BELIEVED = 0.5  # how much of what others say goes into a painting that is there already
OPAQUE = 1e-3  # trust below this is none
PROBE_PIXELS, PROBES = 128 * 128, 3  # to see how fast this machine is
BORDER = 16  # px mirrored around a picture: the features' zero padding leaves a pale frame
# As PyTorch and OpenCV say it.
OUT_OF_MEMORY = re.compile("not enough memory|can't allocate memory|Insufficient memory")
SMALLEST_SIDE = 64  # px; the deepest layer of the features has little to look at in less


@dataclass(frozen=True, slots=True)
class Stage:
    """One size on the way from coarse to fine."""

    scale: float  # of the picture's sides
    evaluations: int  # at most


COARSE_TO_FINE = (Stage(0.25, 60), Stage(0.5, 50), Stage(1.0, 100))
POLISHING = (Stage(1.0, 6),)  # of what was carried or held to others


class PictureOptimizer:
    """Paints pictures by Gatys' objective, in the painting's colors from the start.

    The objective is that of Gatys et al. (arXiv:1508.06576) with losses as ratios; content is
    compared with the photo after a linear color map, which is also where the work starts.
    """

    def __init__(
        self,
        features: FeatureNetwork,
        painting: Painting,
        room: MemoryLimits,
        weights: PictureLossWeights,
    ) -> None:
        self._features, self._painting = features, painting
        self.room, self._weights = room, weights

    def paint(
        self,
        image: RGBImage,
        stages: Sequence[Stage] = COARSE_TO_FINE,
        seconds: float = math.inf,
        targets: Sequence[TemporalTarget] = (),
        own: RGBImage | None = None,
        colors: ColorMap | None = None,
    ) -> RGBImage:
        """Optimize a picture.

        Args:
            image: HxWx3 uint8 RGB, any size.
            stages: sizes and evaluations; a size too small for the features is left out. The
                last may be smaller than the picture.
            seconds: how long it may take, shared out by what the stages cost.
            says: what other frames say it should look like, of its size.
            own: what an earlier pass made of it.
            colors: from the picture's into the painting's; if None, those that fit it alone.

        Returns:
            HxWx3 uint8 RGB.
        """
        ends_s = time.monotonic() + seconds
        height, width = image.shape[:2]
        colors = colors or self.color_map([image])
        content = recolored(self._tensor(_bordered(image)), *colors)
        prior = self._prior(targets, content) if targets else None
        painted = content if own is None else self._tensor(_bordered(own))
        if prior is not None:
            share = prior.confidence.clamp(max=1) * (1.0 if own is None else BELIEVED)
            painted = painted + share * (prior.picture - painted)
        stages = _fitting(stages, min(content.shape[2:]))
        before = content
        for number, stage in enumerate(stages):
            here = _scaled(content, stage.scale)
            # What was painted so far is a change; the finer picture carries it.
            painted = (here + _resized(painted - before, here.shape[2:])).clamp(0, 1)
            goal = _Goal(
                here,
                self._painting.grams(max(SMALLEST_SIDE, round(stage.scale * min(height, width)))),
                None if prior is None else _prior_at(prior, *here.shape[2:]),
            )
            share_s = (ends_s - time.monotonic()) * effort([stage]) / effort(stages[number:])
            limit = Effort(stage.evaluations, share_s)
            painted = self._solve(goal, painted, limit, last=stage is stages[-1])
            before = here
        if painted.shape != content.shape:
            painted = content + _resized(painted - before, content.shape[2:])
        return to_image(painted[0, :, BORDER : BORDER + height, BORDER : BORDER + width])

    def color_map(self, images: Sequence[RGBImage]) -> ColorMap:
        """One map into the painting's colors for pictures that are to look alike."""
        return self._painting.color_map(images)

    def evaluation_s(self, image: RGBImage) -> float:
        """How long one evaluation of a picture takes, from a few of a small one."""
        height, width = image.shape[:2]
        scale = min(1.0, math.sqrt(PROBE_PIXELS / (height * width)))
        content = _scaled(self._tensor(_bordered(image)), scale)
        objective = self._objective(_Goal(content, self._painting.grams(SMALLEST_SIDE), None))
        leaf = content.clone().requires_grad_()
        fastest = math.inf
        for _ in range(PROBES):
            started = time.monotonic()
            objective.evaluate(leaf)
            fastest = min(fastest, time.monotonic() - started)
        return float(fastest * height * width / content[0, 0].numel())

    def _tensor(self, image: RGBImage) -> Tensor:
        device = next(self._features.parameters()).device
        return to_tensor(image)[None].to(device)

    def _prior(self, targets: Sequence[TemporalTarget], like: Tensor) -> PixelPrior:
        """Several squared differences are one from their mean, but for a constant."""
        pictures = np.stack([picture for picture, _ in targets])
        confidences = np.stack([confidence for _, confidence in targets])[..., None]
        confidence = confidences.sum(axis=0)
        picture = (pictures * confidences).sum(axis=0) / np.maximum(confidence, OPAQUE)
        tensors = (
            torch.from_numpy(a.transpose(2, 0, 1).copy())[None] for a in (picture, confidence)
        )
        below, right = (like.shape[2] - picture.shape[0], like.shape[3] - picture.shape[1])
        edges = (BORDER, right - BORDER, BORDER, below - BORDER)  # where nobody says anything
        return PixelPrior(*(functional.pad(t, edges).to(like.device) for t in tensors))

    def _solve(self, goal: "_Goal", start: Tensor, limit: Effort, last: bool) -> Tensor:
        """What is seen in the end is painted through moving windows, which only Adam can follow."""
        if not last and goal.content[0, 0].numel() <= self.room.history:
            return lbfgs(self._objective(goal), start, limit).image
        windows = JitteredLoss(goal.content, lambda window: self._objective(goal.within(window)))
        return adam(windows, start, limit).image

    def _objective(self, goal: "_Goal") -> PictureObjective:
        height, width = goal.content.shape[2:]
        pieces = tiles(height, width, self.room.tile, self._features.reach)
        return PictureObjective(
            self._features, goal.grams, goal.content, pieces, self._weights, goal.prior
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Goal:
    """What a picture is asked for at one size."""

    content: Tensor  # 1x3xHxW
    grams: Grams
    prior: PixelPrior | None

    def within(self, window: JitterWindow) -> "_Goal":
        prior = self.prior
        if prior is not None:
            prior = PixelPrior(window.of(prior.picture), window.of(prior.confidence))
        return _Goal(window.of(self.content), self.grams, prior)


def effort(stages: Sequence[Stage]) -> float:
    """What stages cost at most, in evaluations of the whole picture."""
    return sum(stage.scale**2 * stage.evaluations for stage in stages)


@contextmanager
def memory_errors(image: RGBImage) -> Iterator[None]:
    """Say what would fit when memory runs out over a picture.

    Raises:
        StyleError: it did.
    """
    try:
        yield
    except (MemoryError, RuntimeError, cv2.error) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and (
            OUT_OF_MEMORY.search(str(error)) is None
        ):
            raise
        height, width = image.shape[:2]
        raise StyleError(
            f"Memory ran out over a picture of {width}x{height} px. "
            f"Half the size takes a quarter of it: choose {min(height, width) // 2} lines.",
            {"max_height": min(height, width) // 2},
        ) from error


def _fitting(stages: Sequence[Stage], side: int) -> list[Stage]:
    """Those at which the shorter side is not too small, or the last one, enlarged."""
    least = SMALLEST_SIDE / side
    last = Stage(max(stages[-1].scale, least), stages[-1].evaluations)
    return [stage for stage in stages if stage.scale >= least] or [last]


def _scaled(picture: Tensor, scale: float) -> Tensor:
    height, width = picture.shape[2:]
    return _resized(picture, (max(1, round(height * scale)), max(1, round(width * scale))))


def _resized(picture: Tensor, size: Sequence[int]) -> Tensor:
    """Averaged on the way down, interpolated on the way up."""
    if tuple(picture.shape[2:]) == tuple(size):
        return picture
    if size[0] < picture.shape[2]:
        return functional.interpolate(picture, tuple(size), mode="area")
    return functional.interpolate(picture, tuple(size), mode="bilinear", align_corners=False)


def _prior_at(prior: PixelPrior, height: int, width: int) -> PixelPrior:
    size = (height, width)
    return PixelPrior(_resized(prior.picture, size), _resized(prior.confidence, size))


def _bordered(image: RGBImage) -> RGBImage:
    """Continue a picture on all sides, a small one further to the right and below."""
    height, width = image.shape[:2]
    below, right = (BORDER + max(0, SMALLEST_SIDE - side) for side in (height, width))
    how = cv2.BORDER_REFLECT_101 if min(height, width) >= SMALLEST_SIDE else cv2.BORDER_REPLICATE
    return np.asarray(cv2.copyMakeBorder(image, BORDER, below, BORDER, right, how), np.uint8)
