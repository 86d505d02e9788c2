"""Disocclusion: boxes around disoccluded areas, and their inpainting by the generator."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from vidstyle.frame import Mask, Picture, resize
from vidstyle.stylize.boxes import Box, overlap
from vidstyle.stylize.face_detector import Face
from vidstyle.stylize.fine_faces import box_around, fine_parts, with_parts
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.warp import blend

TILE = 32  # px of the working picture, even; disoccluded areas are rounded to tiles of this size
CONTEXT = 16  # px around a box in the generator's input, inside its mirrored border
MIN_OCCLUDED_SHARE = 0.3  # of a tile; tiles with less are not inpainted
MAJORITY_SIDE = 7  # px of the thumbnail, side of the majority filter's window
FEATHER = 9  # px, width of the transition at the edge of a patch


def inpaint(
    painting: Picture,
    original: Picture,
    occlusion_mask: Mask,
    generator: ImageGenerator,
    faces: Sequence[Face] = (),
    scale: float = 1.0,
) -> Picture:
    """Return the painting with its disoccluded areas replaced by fresh stylizations.

    Args:
        painting: warped and cross-faded keyframe paintings; not changed.
        original: the frame, of the same size, with the exposure that the generator expects.
        occlusion_mask: HxW float32 0..1 of any size, 1 where no keyframe shows the frame's content.
        generator: run once per box, with `CONTEXT` px around it. Its receptive field is hardly
            larger, so a patch is nearly equal to that part of a whole stylized frame.
        faces: in the frame; those in a box are painted finely in it, as in keyframes.
        scale: enlargement at which the frame is painted.

    Raises:
        StyleError: the generator failed.
    """
    size_wh = (painting.width, painting.height)
    occlusion_mask = majority_filter(occlusion_mask)
    boxes = disoccluded_boxes(occlusion_mask, *size_wh)
    if not boxes:
        return painting
    mask = np.asarray(cv2.blur(resize(occlusion_mask, *size_wh), (FEATHER, FEATHER)), np.float32)
    y, u, v = (plane.copy() for plane in painting.planes)
    filled = Picture(y, u, v, painting.color)
    reached = [f for f in faces if any(overlap(box_around(f, original), box) for box in boxes)]
    parts = fine_parts(original, reached, generator, scale)
    for box, patch in _painted_boxes(original, boxes, generator, scale):
        left, top, right, bottom = box
        patch = with_parts(patch, parts, left, top)
        _paste(blend(filled.crop(*box), patch, mask[top:bottom, left:right]), filled, box)
    return filled


def with_boxes_painted(
    picture: Picture, boxes: Sequence[Box], generator: ImageGenerator
) -> Picture:
    """Return the picture with each box replaced by its stylization, without a transition.

    Args:
        picture: a frame, with the exposure that the generator expects; not changed.
        boxes: as from `disoccluded_boxes`.
        generator: run once per box, as by `inpaint`.

    Raises:
        StyleError: the generator failed.
    """
    y, u, v = (plane.copy() for plane in picture.planes)
    painted = Picture(y, u, v, picture.color)
    for box, patch in _painted_boxes(picture, boxes, generator):
        _paste(patch, painted, box)
    return painted


def covered_share(boxes: Sequence[Box], picture: Picture) -> float:
    """Share of a picture's area that boxes cover, with the context that the generator needs."""
    sides = ((right - left, bottom - top) for left, top, right, bottom in boxes)
    area = sum((width + 2 * CONTEXT) * (height + 2 * CONTEXT) for width, height in sides)
    return area / (picture.width * picture.height)


def _paste(patch: Picture, picture: Picture, box: Box) -> None:
    for old, new in zip(picture.crop(*box).planes, patch.planes, strict=True):
        old[:] = new


def _painted_boxes(
    original: Picture, boxes: Sequence[Box], generator: ImageGenerator, scale: float = 1.0
) -> Iterator[tuple[Box, Picture]]:
    """Yield each box with its stylization, from an input with `CONTEXT` px around the box."""
    for left, top, right, bottom in boxes:
        context_left, context_top = max(0, left - CONTEXT), max(0, top - CONTEXT)
        context = original.crop(context_left, context_top, right + CONTEXT, bottom + CONTEXT)
        patch = generator.paint_picture(context, scale).crop(
            left - context_left, top - context_top, right - context_left, bottom - context_top
        )
        yield (left, top, right, bottom), patch


def majority_filter(occlusion_mask: Mask) -> Mask:
    """Return a soft majority filter of an occlusion mask, HxW float32 0..1.

    Fills holes in occluded areas, where flow matches are accidental, and drops stray pixels.
    """
    around = np.asarray(cv2.blur(occlusion_mask, (MAJORITY_SIDE, MAJORITY_SIDE)), np.float32)
    return np.asarray(np.clip(3 * around - 0.75, 0, 1), np.float32)


def disoccluded_boxes(occlusion_mask: Mask, width: int, height: int) -> list[Box]:
    """Return bounding boxes of the disoccluded areas, in whole tiles, with one tile of margin.

    Args:
        occlusion_mask: HxW float32 0..1 of any size, 1 where disoccluded.
        width: width in px of the picture that the boxes are for.
        height: height in px of that picture.
    """
    tiles_wh = (-(-width // TILE), -(-height // TILE))
    # Area average from thumbnail to tiles: removes stray pixels, keeps thin rims.
    shares = cv2.resize(occlusion_mask, tiles_wh, interpolation=cv2.INTER_AREA)
    occluded = shares > MIN_OCCLUDED_SHARE
    if not occluded.any():
        return []
    grown = cv2.dilate(occluded.astype(np.uint8), np.ones((3, 3), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
    return [
        (x * TILE, y * TILE, min(width, (x + w) * TILE), min(height, (y + h) * TILE))
        for x, y, w, h in (stats[i, :4].tolist() for i in range(1, count))
    ]
