"""Fine faces: faces painted from an enlarged crop, so that strokes are small beside eyes and mouth.

A network's strokes have a fixed size in pixels. Beside them, a face of 60 lines loses its eyes. Its
enlarged crop is painted by the same network and reduced again, and fades into the painting around
it. No state goes from frame to frame, and the grid of the enlarged picture does not move with the
face, so that its strokes hold still as all others do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vidstyle.frame import Mask, Picture
from vidstyle.stylize.boxes import Box, overlap, shifted
from vidstyle.stylize.face_detector import Face
from vidstyle.stylize.flow import FlowPath
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.warp import blend

WANTED_LINES = 150  # height of a face's box in the network's input
SCALES = (1.5, 2.0, 3.0)  # of the enlargement; with `ALIGNMENT`, whole cells of the network
ALIGNMENT = 8  # px, of the crops' sides
FULL, REACH = 1.3, 2.1  # of the face's half axes: all fine within, all plain beyond
MAX_SHARE = 2.0  # of the painted pixels, in addition; the largest faces come first


@dataclass(frozen=True, slots=True, eq=False)
class FinePart:
    """Painting of a part of a picture with finer strokes."""

    box: Box  # even
    painting: Picture  # of the box's size
    share: Mask  # HxW float32 0..1, of the same size: its weight in each pixel
    painted_px: int  # pixels of the generator's input


def with_fine_faces(
    painting: Picture,
    original: Picture,
    faces: Sequence[Face],
    generator: ImageGenerator,
    scale: float = 1.0,
) -> Picture:
    """Return a painting with its faces in finer strokes.

    Args:
        painting: of the whole picture; not changed.
        original: the picture, of the same size, with the exposure that the generator expects.
        faces: in the picture; those that are large enough are left.
        generator: run once per face.
        scale: enlargement at which the whole picture was painted.

    Raises:
        StyleError: the generator failed.
    """
    return with_parts(painting, fine_parts(original, faces, generator, scale))


def fine_parts(
    original: Picture, faces: Sequence[Face], generator: ImageGenerator, scale: float = 1.0
) -> list[FinePart]:
    """Paint the faces of a picture that gain by finer strokes; arguments as `with_fine_faces`."""
    parts, left_px = list[FinePart](), MAX_SHARE * scale**2 * original.width * original.height
    for face in faces:
        box = overlap(box_around(face, original), (0, 0, original.width, original.height))
        if box is None:  # it has left the picture
            continue
        crop = original.crop(*box)
        largest = min(scale_of(face), np.sqrt(left_px / (crop.width * crop.height)))
        finer = [each for each in SCALES if scale < each <= largest]
        if not finer:
            continue
        painted_px = round(finer[-1] ** 2 * crop.width * crop.height)
        left_px -= painted_px
        painting = generator.paint_picture(crop, finer[-1])
        parts.append(FinePart(box, painting, _share(face, box), painted_px))
    return parts


def with_parts(
    painting: Picture, parts: Sequence[FinePart], left: int = 0, top: int = 0
) -> Picture:
    """Return a painting with parts in it.

    Args:
        painting: of the picture, or of a part of it; not changed.
        parts: of the picture.
        left: of the painting in the picture, in px; even.
        top: likewise.
    """
    if not parts:
        return painting
    y, u, v = (plane.copy() for plane in painting.planes)
    mixed = Picture(y, u, v, painting.color)
    whole = (left, top, left + painting.width, top + painting.height)
    for part in parts:
        common = overlap(part.box, whole)
        if common is not None:
            _mix(mixed.crop(*shifted(common, -left, -top)), part, common)
    return mixed


def scale_of(face: Face) -> float:
    """Enlargement with which a face is painted, of `SCALES`; 1 for one that is large enough."""
    wanted = WANTED_LINES / (face.bottom - face.top)
    return min((1.0, *SCALES), key=lambda scale: abs(np.log(scale / wanted)))


def box_around(face: Face, picture: Picture) -> Box:
    """The part of a picture that is painted for a face."""
    x, y = (face.left + face.right) / 2, (face.top + face.bottom) / 2
    across, down = REACH * (face.right - face.left) / 2, REACH * (face.bottom - face.top) / 2
    left, top = _aligned(x - across), _aligned(y - down)
    right, bottom = _aligned(x + across + ALIGNMENT), _aligned(y + down + ALIGNMENT)
    return left, top, min(right, picture.width), min(bottom, picture.height)


def moved(face: Face, path: FlowPath, width: int, height: int) -> Face:
    """Return where a face of a keyframe is in another frame.

    Args:
        face: in the keyframe, in px.
        path: flow path from the frame to the keyframe.
        width: of the frame, in px.
        height: likewise.
    """
    rows, columns = path.flow.shape[:2]
    scale = np.array([width / columns, height / rows])
    there = np.array([face.left + face.right, face.top + face.bottom]) / 2 / scale
    here = there
    for _ in range(2):  # fixed point of: the flow from here ends there
        column, row = np.clip(here.astype(int), 0, (columns - 1, rows - 1))
        here = there - path.flow[row, column]
    dx, dy = scale * (here - there)
    return replace(
        face, left=face.left + dx, right=face.right + dx, top=face.top + dy, bottom=face.bottom + dy
    )


def _aligned(position: float) -> int:
    return max(0, int(position) // ALIGNMENT * ALIGNMENT)


def _share(face: Face, box: Box) -> Mask:
    """Weight of a face's painting: 1 in an ellipse around the face, 0 at the rim of its box."""
    left, top, right, bottom = box
    x, y = np.arange(left, right) + 0.5, np.arange(top, bottom) + 0.5
    across = (2 * x - face.left - face.right) / (face.right - face.left)
    down = (2 * y - face.top - face.bottom) / (face.bottom - face.top)
    distance = np.sqrt(across**2 + down[:, None] ** 2)
    rising = np.clip((REACH - distance) / (REACH - FULL), 0, 1)
    return np.asarray(rising * rising * (3 - 2 * rising), np.float32)


def _mix(painting: Picture, part: FinePart, box: Box) -> None:
    """Mix a box of a part into that part of a painting, in place."""
    own = shifted(box, -part.box[0], -part.box[1])
    left, top, right, bottom = own
    mixed = blend(painting, part.painting.crop(*own), part.share[top:bottom, left:right])
    for plane, new in zip(painting.planes, mixed.planes, strict=True):
        plane[:] = new
