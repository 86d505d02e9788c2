"""Person mask: the share of the painting in each pixel, for `--only person` or `background`.

The network's mask of 144 lines is refined with a fast guided filter (He and Sun,
arXiv:1505.00996). In videos, it is moved along the optical flow, and each new one only corrects it.
"""

import cv2
import numpy as np

from vidstyle.frame import Mask, Picture, Plane, resize, short_side_wh, to_bytes
from vidstyle.stylize.flow import FlowPath, thumbnail
from vidstyle.stylize.sampling import sample_along
from vidstyle.stylize.segmentation import segment

VIDEO_LINES, PHOTO_LINES = 360, 1080  # of a refined mask at most; it is enlarged while blending
INTERVAL = 2  # frames from one run of the network to the next
INERTIA = 0.6  # weight of the mask so far, where the flow is sure
PRESENCE_INERTIA = 0.8  # weight of the presence score so far
# Presence scores of no mask and of the whole mask: 97 of 100 photos with persons have one.
ABSENT, PRESENT = -3.5, -2.5
RADIUS, SMOOTHNESS = 1, 65.0  # of the guided filter: px of the thumbnail, variance of luma levels
EMPTY, FULL = 0.1, 0.9  # values of the network's mask that count as 0 and 1


def person_share(picture: Picture, only: str) -> Mask:
    """Share of the painting in each pixel of a single picture; callable from any thread.

    Args:
        picture: of any size.
        only: what is painted, "person" or "background".

    Returns:
        HxW float32 0..1, of the picture's shape and `PHOTO_LINES` at most.

    Raises:
        StyleError: the network's file is missing or altered.
    """
    guide = _reduced(picture, PHOTO_LINES)
    found, small = segment(guide), thumbnail(guide)
    mask = resize(found.mask, small.shape[1], small.shape[0])
    return _refined(_visible(found.presence) * mask, small, guide.y, only)


class MaskTracker:
    """Person mask of successive frames, steady along the optical flow; belongs to one thread."""

    def __init__(self) -> None:
        self._mask: Mask | None = None  # of the previous frame, on the thumbnail's grid
        self._presence, self._age = 0.0, 0

    def person_share(
        self, picture: Picture, small: Plane, to_previous: FlowPath | None, only: str
    ) -> Mask:
        """Share of the painting in each pixel of the next frame.

        Args:
            picture: the frame at its full size.
            small: its `thumbnail`.
            to_previous: flow from this frame to the one before; None at the start of a scene.
            only: what is painted, "person" or "background".

        Returns:
            HxW float32 0..1, of the picture's shape and `VIDEO_LINES` at most.

        Raises:
            StyleError: the network's file is missing or altered.
        """
        guide = _reduced(picture, VIDEO_LINES)
        mask = self._tracked(guide, small, to_previous)
        self._mask = mask
        return _refined(_visible(self._presence) * mask, small, guide.y, only)

    def _tracked(self, guide: Picture, small: Plane, to_previous: FlowPath | None) -> Mask:
        self._age += 1
        if self._mask is None or to_previous is None or self._mask.shape != small.shape:
            mask, self._presence = self._found(guide, small)
            return mask
        moved = sample_along(self._mask, to_previous.flow)
        if self._age < INTERVAL:
            return moved
        mask, presence = self._found(guide, small)
        self._presence += (1 - PRESENCE_INERTIA) * (presence - self._presence)
        return mask + INERTIA * to_previous.confidence * (moved - mask)

    def _found(self, guide: Picture, small: Plane) -> tuple[Mask, float]:
        """The network's mask on the thumbnail's grid, and its presence score."""
        self._age = 0
        found = segment(guide)
        return resize(found.mask, small.shape[1], small.shape[0]), found.presence


def _reduced(picture: Picture, lines: int) -> Picture:
    size_wh = short_side_wh(picture.width, picture.height, lines, enlarge=False)
    return picture.resized(*size_wh)


def _visible(presence: float) -> float:
    """Share of the mask that counts, by the score that there is a person at all."""
    return float(np.clip((presence - ABSENT) / (PRESENT - ABSENT), 0, 1))


def _refined(mask: Mask, small: Plane, guide: Plane, only: str) -> Mask:
    """Fit a mask to the edges of the luma, and turn it into the share that is painted.

    Args:
        mask: HxW float32 0..1 of persons, on the thumbnail's grid.
        small: luma thumbnail.
        guide: luma of the result's size.
        only: what is painted, "person" or "background".
    """
    gain, offset = _guided_filter(mask, small)
    scale = (1 if only == "person" else -1) / (FULL - EMPTY)
    gain, offset = scale * gain, scale * (offset - EMPTY) + (only != "person")
    height, width = guide.shape
    share = np.multiply(resize(gain, width, height), to_bytes(guide), dtype=np.float32)
    share += resize(offset, width, height)
    return np.clip(share, 0, 1, out=share)


def _guided_filter(mask: Mask, luma: Plane) -> tuple[Mask, Mask]:
    """Gain and offset of the linear function of luma that is nearest to a mask, around each pixel.

    Args:
        mask: HxW float32 0..1.
        luma: HxW uint8, of the same size; the gain is for its levels.
    """
    guide = luma.astype(np.float32)
    mean_guide, mean_mask = _mean(guide), _mean(mask)
    covariance = _mean(guide * mask) - mean_guide * mean_mask
    variance = _mean(guide * guide) - mean_guide * mean_guide
    gain = np.asarray(covariance / (variance + SMOOTHNESS), np.float32)
    return _mean(gain), _mean(mean_mask - gain * mean_guide)


def _mean(plane: Mask) -> Mask:
    side = 2 * RADIUS + 1
    return np.asarray(cv2.blur(plane, (side, side)), np.float32)
