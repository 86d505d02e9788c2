"""Picture optimizer: Gatys' style transfer by optimizing pixels, from coarse to fine."""

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
from vidstyle.optimize.style_target import ColorMap, StyleTarget
from vidstyle.optimize.temporal_targets import TemporalTarget
from vidstyle.optimize.tiles import tiles
from vidstyle.perceptual.color_transfer import recolored, to_image, to_tensor
from vidstyle.perceptual.features import FeatureNetwork
from vidstyle.stylize.finish import Finish

TARGET_SHARE = 0.5  # weight of the temporal targets in the start, against a previous painting
MIN_CONFIDENCE = 1e-3  # divisor floor of a confidence-weighted mean
PROBE_PIXELS, PROBES = 128 * 128, 3  # size and number of evaluations of the speed test
BORDER = 16  # px mirrored around a picture: the features' zero padding leaves a pale frame
# In the messages of PyTorch and OpenCV.
OUT_OF_MEMORY = re.compile("not enough memory|can't allocate memory|Insufficient memory")
SMALLEST_SIDE = 64  # px; a smaller picture has too few positions in the deepest feature layer


@dataclass(frozen=True, slots=True)
class Stage:
    """One resolution of the coarse-to-fine optimization."""

    scale: float  # of the picture's sides
    evaluations: int  # largest number of evaluations of loss and gradient


NO_FINISH = Finish()
SMOOTHING = 0.67  # of what is delivered, see `stylize/smoothing.py`; chosen blind
COARSE_TO_FINE = (Stage(0.25, 60), Stage(0.5, 50), Stage(1.0, 100))
POLISHING = (Stage(1.0, 6),)  # after warping, or after optimization with a temporal loss


class PictureOptimizer:
    """Style transfer by optimizing the pixels of a picture (Gatys et al., arXiv:1508.06576).

    Departs from the paper: losses are ratios, and the content loss compares with the photo after
    a linear map to the painting's colors, which is also the starting point.
    """

    def __init__(
        self,
        features: FeatureNetwork,
        style_target: StyleTarget,
        limits: MemoryLimits,
        weights: PictureLossWeights,
        finish: Finish = NO_FINISH,
        own_chroma: float = 0.0,
    ) -> None:
        """Make an optimizer.

        Args:
            features: feature network of the losses; the work is done on its device.
            style_target: Gram matrices and colors of the painting.
            limits: largest tiles and pictures that fit into memory.
            weights: weights of the losses.
            finish: of its paintings, where they are delivered; `paint` does not apply it.
            own_chroma: share of the photo's own chroma in what is delivered, 0..1; likewise.
        """
        self._features, self._style = features, style_target
        self.limits, self._weights = limits, weights
        self.finish, self.own_chroma = finish, own_chroma

    def paint(
        self,
        image: RGBImage,
        stages: Sequence[Stage] = COARSE_TO_FINE,
        seconds: float = math.inf,
        targets: Sequence[TemporalTarget] = (),
        initial: RGBImage | None = None,
        colors: ColorMap | None = None,
    ) -> RGBImage:
        """Optimize a picture.

        Args:
            image: HxWx3 uint8 RGB, any size.
            stages: resolutions, coarse to fine; those too small for the features are skipped. The
                last may be smaller than the picture, its result is enlarged.
            seconds: time limit, divided over the stages by their cost.
            targets: targets of the temporal loss, of the picture's size; also mixed into the start.
            initial: HxWx3 uint8 RGB, the painting of an earlier pass to start from; if None, the
                photo in the painting's colors.
            colors: map to the painting's colors; None to fit one to this picture.

        Returns:
            HxWx3 uint8 RGB.
        """
        ends_s = time.monotonic() + seconds
        height, width = image.shape[:2]
        colors = colors or self.color_map([image])
        content = recolored(self._tensor(_bordered(image)), *colors)
        prior = self._prior(targets, content) if targets else None
        painted = content if initial is None else self._tensor(_bordered(initial))
        if prior is not None:
            share = prior.confidence.clamp(max=1) * (1.0 if initial is None else TARGET_SHARE)
            painted = painted + share * (prior.picture - painted)
        stages = _fitting(stages, min(content.shape[2:]))
        before = content
        for number, stage in enumerate(stages):
            here = _scaled(content, stage.scale)
            # The change painted so far is resized and added to the content at this resolution.
            painted = (here + _resized(painted - before, here.shape[2:])).clamp(0, 1)
            problem = _Problem(
                here,
                self._style.grams(max(SMALLEST_SIDE, round(stage.scale * min(height, width)))),
                None if prior is None else _prior_at(prior, *here.shape[2:]),
            )
            share_s = (ends_s - time.monotonic()) * effort([stage]) / effort(stages[number:])
            limit = Effort(stage.evaluations, share_s)
            painted = self._solve(problem, painted, limit, last=stage is stages[-1])
            before = here
        if painted.shape != content.shape:
            painted = content + _resized(painted - before, content.shape[2:])
        return to_image(painted[0, :, BORDER : BORDER + height, BORDER : BORDER + width])

    def color_map(self, images: Sequence[RGBImage]) -> ColorMap:
        """Return one color map to the painting's colors for all images (HxWx3 uint8 RGB)."""
        return self._style.color_map(images)

    def evaluation_s(self, image: RGBImage) -> float:
        """Estimate the seconds of one evaluation of an image, by timing a few of a small one."""
        height, width = image.shape[:2]
        scale = min(1.0, math.sqrt(PROBE_PIXELS / (height * width)))
        content = _scaled(self._tensor(_bordered(image)), scale)
        objective = self._objective(_Problem(content, self._style.grams(SMALLEST_SIDE), None))
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
        """Combine temporal targets into one by their confidence-weighted mean.

        A sum of squared differences equals the difference from the mean, up to a constant.
        """
        pictures = np.stack([picture for picture, _ in targets])
        confidences = np.stack([confidence for _, confidence in targets])[..., None]
        confidence = confidences.sum(axis=0)
        picture = (pictures * confidences).sum(axis=0) / np.maximum(confidence, MIN_CONFIDENCE)
        tensors = (
            torch.from_numpy(a.transpose(2, 0, 1).copy())[None] for a in (picture, confidence)
        )
        below, right = (like.shape[2] - picture.shape[0], like.shape[3] - picture.shape[1])
        edges = (BORDER, right - BORDER, BORDER, below - BORDER)  # confidence 0 there
        return PixelPrior(*(functional.pad(t, edges).to(like.device) for t in tensors))

    def _solve(self, problem: "_Problem", start: Tensor, limit: Effort, last: bool) -> Tensor:
        """Optimize one stage: by L-BFGS if it fits, and the last one by Adam with jitter.

        Jitter changes the loss from step to step, which L-BFGS cannot follow.
        """
        if not last and problem.content[0, 0].numel() <= self.limits.history:
            return lbfgs(self._objective(problem), start, limit).image
        windows = JitteredLoss(
            problem.content, lambda window: self._objective(problem.within(window))
        )
        return adam(windows, start, limit).image

    def _objective(self, problem: "_Problem") -> PictureObjective:
        height, width = problem.content.shape[2:]
        pieces = tiles(height, width, self.limits.tile, self._features.reach)
        return PictureObjective(
            self._features, problem.grams, problem.content, pieces, self._weights, problem.prior
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """Content, Gram matrices and temporal target of a picture at one resolution."""

    content: Tensor  # 1x3xHxW
    grams: Grams
    prior: PixelPrior | None

    def within(self, window: JitterWindow) -> "_Problem":
        """Return the problem cropped to a window."""
        prior = self.prior
        if prior is not None:
            prior = PixelPrior(window.of(prior.picture), window.of(prior.confidence))
        return _Problem(window.of(self.content), self.grams, prior)


def effort(stages: Sequence[Stage]) -> float:
    """Return the cost of stages at most, in evaluations of the full-size picture."""
    return sum(stage.scale**2 * stage.evaluations for stage in stages)


@contextmanager
def memory_errors(image: RGBImage) -> Iterator[None]:
    """Translate out-of-memory errors of PyTorch and OpenCV into a StyleError.

    Args:
        image: the image being painted, for a size that would fit.

    Raises:
        StyleError: memory ran out in the `with` block.
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
    """Stages with a shorter side of at least `SMALLEST_SIDE`, or the last stage, enlarged."""
    min_scale = SMALLEST_SIDE / side
    last = Stage(max(stages[-1].scale, min_scale), stages[-1].evaluations)
    return [stage for stage in stages if stage.scale >= min_scale] or [last]


def _scaled(picture: Tensor, scale: float) -> Tensor:
    height, width = picture.shape[2:]
    return _resized(picture, (max(1, round(height * scale)), max(1, round(width * scale))))


def _resized(picture: Tensor, size: Sequence[int]) -> Tensor:
    """Resize 1xCxHxW: area average down, bilinear up."""
    if tuple(picture.shape[2:]) == tuple(size):
        return picture
    if size[0] < picture.shape[2]:
        return functional.interpolate(picture, tuple(size), mode="area")
    return functional.interpolate(picture, tuple(size), mode="bilinear", align_corners=False)


def _prior_at(prior: PixelPrior, height: int, width: int) -> PixelPrior:
    size = (height, width)
    return PixelPrior(_resized(prior.picture, size), _resized(prior.confidence, size))


def _bordered(image: RGBImage) -> RGBImage:
    """Mirror the borders; a picture below `SMALLEST_SIDE` is padded more at right and bottom."""
    height, width = image.shape[:2]
    below, right = (BORDER + max(0, SMALLEST_SIDE - side) for side in (height, width))
    border_type = (
        cv2.BORDER_REFLECT_101 if min(height, width) >= SMALLEST_SIDE else cv2.BORDER_REPLICATE
    )
    return np.asarray(
        cv2.copyMakeBorder(image, BORDER, below, BORDER, right, border_type), np.uint8
    )
