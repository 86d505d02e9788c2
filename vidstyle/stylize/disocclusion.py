"""Disoccluded areas: found between keyframes, and inpainted by the generator."""

import cv2
import numpy as np

from vidstyle.frame import Mask, Picture, resize
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.warp import blend

TILE = 32  # px of the working picture, even; holes are gathered in tiles of this size
CONTEXT = 16  # px around a hole that the generator sees too, besides what it mirrors
LEAST_HOLE = 0.3  # share of a tile that must be lost before it is worth painting
NEIGHBOURS = 7  # thumbnail pixels that vote on whether a place is lost
FEATHER = 9  # px over which a patch fades in

Box = tuple[int, int, int, int]  # left, top, right, bottom in px


def inpaint(
    painting: Picture, original: Picture, occlusion_mask: Mask, generator: ImageGenerator
) -> Picture:
    """Return the painting with its holes filled from a fresh stylization of the original.

    Args:
        painting: what the keyframes could give.
        original: the frame itself, of the same size.
        occlusion_mask: HxW of any size, 1 where no keyframe shows what the frame shows.
        generator: paints each hole with its surroundings; it hardly looks further, so a patch
            is what it would have painted there in the whole picture.
    """
    size_wh = (painting.width, painting.height)
    occlusion_mask = closed(occlusion_mask)
    boxes = disoccluded_boxes(occlusion_mask, *size_wh)
    if not boxes:
        return painting
    mask = np.asarray(cv2.blur(resize(occlusion_mask, *size_wh), (FEATHER, FEATHER)), np.float32)
    y, u, v = (plane.copy() for plane in painting.planes)
    filled = Picture(y, u, v, painting.color)
    for left, top, right, bottom in boxes:
        seen_left, seen_top = max(0, left - CONTEXT), max(0, top - CONTEXT)
        seen = original.crop(seen_left, seen_top, right + CONTEXT, bottom + CONTEXT)
        patch = generator.paint_picture(seen).crop(
            left - seen_left, top - seen_top, right - seen_left, bottom - seen_top
        )
        here = filled.crop(left, top, right, bottom)
        mixed = blend(here, patch, mask[top:bottom, left:right])
        for old, new in zip(here.planes, mixed.planes, strict=True):
            old[:] = new
    return filled


def closed(occlusion_mask: Mask) -> Mask:
    """Join what is mostly lost and drop what is mostly not: matches inside a hole are chance."""
    around = np.asarray(cv2.blur(occlusion_mask, (NEIGHBOURS, NEIGHBOURS)), np.float32)
    return np.asarray(np.clip(3 * around - 0.75, 0, 1), np.float32)


def disoccluded_boxes(occlusion_mask: Mask, width: int, height: int) -> list[Box]:
    """Find boxes around the holes: whole tiles, with one more tile on each side.

    Args:
        occlusion_mask: HxW, 1 where there is a hole.
        width: of the picture the boxes are for, in px.
        height: likewise.
    """
    tiles_wh = (-(-width // TILE), -(-height // TILE))
    # Thumbnail to tiles by area: a stray pixel is averaged away, a thin rim is not.
    lost = cv2.resize(occlusion_mask, tiles_wh, interpolation=cv2.INTER_AREA) > LEAST_HOLE
    if not lost.any():
        return []
    grown = cv2.dilate(lost.astype(np.uint8), np.ones((3, 3), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
    return [
        (x * TILE, y * TILE, min(width, (x + w) * TILE), min(height, (y + h) * TILE))
        for x, y, w, h in (stats[i, :4].tolist() for i in range(1, count))
    ]
