"""Face detection: boxes of the faces in a picture, by a small network.

The network is MediaPipe's detector for faces up to five meters away, in ONNX Runtime; written by
`tools.mediapipe.face`. It sees the whole picture and square tiles of it, for small faces. Then it
looks at the surroundings of each find again, enlarged: bread is no face from close up.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Box, Picture
from vidstyle.stylize.onnx_session import shipped_network

Rows = NDArray[np.float32]  # Nx5: left, top, right, bottom, score

SIDE = 192  # px of the network's square input
CELLS = 48  # in a row of the network's output; each may hold the center of one face
VALUES = 16  # of a cell: box center, box size, and six points, which are not used; x and y each
SCORE = 4  # column of `Rows`
CANDIDATE_SCORE = 0.2  # smallest at first sight
FACE_SCORE = 0.5  # smallest at second sight
SAME = 0.3  # smallest intersection over union of two boxes of one face
CANDIDATES = 12  # looked at twice, at most
CLOSE_UP = 4.0  # side of the second look, by the larger side of the box
SMALLEST_FACE = 12  # px, the larger side of the box; smaller ones are found in mere noise
OVERLAP = 0.2  # of neighboring tiles, by their side
TILES = 8  # at most; panoramas wider than 6.6:1 have gaps between them
NEARLY_SQUARE = 1.15  # long by short side of pictures without tiles
BORDER = 0.02  # of a tile's side: faces this close to a border inside the picture may be cut


@dataclass(frozen=True, slots=True)
class Face:
    """Face in a picture; positions in pixels from the upper left corner.

    The box goes from above the eyebrows to the chin and from ear to ear, without hair and neck. It
    may reach beyond the picture.
    """

    left: float
    top: float
    right: float
    bottom: float
    score: float  # 0..1; of those found, 0.5 to 1


def find_faces(picture: Picture) -> list[Face]:
    """Return the faces in a picture, the largest first; callable from several threads at once.

    Nearly all faces of at least 0.08 of the picture's short side are found, unless they look away
    or are half hidden. Of more than 12, those with the best scores are returned.

    Args:
        picture: of any size; 480 lines are enough for faces of 0.08.

    Raises:
        StyleError: the network's file is missing or altered.
    """
    whole = Box(0, 0, picture.width, picture.height)
    parts = [whole, *tiles(picture.width, picture.height)]
    seen = np.concatenate([uncut(_seen(picture, part), part, whole) for part in parts])
    candidates = merged(large_enough(seen))[:CANDIDATES]
    found = [_second_look(picture, row) for row in candidates]
    faces = [_face(row) for row in merged(np.concatenate([seen[:0], *found]))]
    return sorted(faces, key=_area, reverse=True)


def tiles(width: int, height: int) -> list[Box]:
    """Overlapping squares that cover a picture, as large as they can be; even left and top."""
    side, length = min(width, height), max(width, height)
    if length < NEARLY_SQUARE * side:
        return []
    count = math.ceil((length / side - OVERLAP) / (1 - OVERLAP))
    starts = np.linspace(0, length - side, min(max(2, count), TILES)).astype(int) & ~1
    if width > height:
        return [Box(int(start), 0, side, side) for start in starts]
    return [Box(0, int(start), side, side) for start in starts]


def decoded(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> Rows:
    """Rows of the network's candidates, in pixels of its input.

    Args:
        boxes: CELLSxCELLSxVALUES, in pixels; positions are relative to the cell's center.
        scores: CELLSxCELLS, as logits.
    """
    chances = 1 / (1 + np.exp(-np.clip(scores, -30, 30)))
    rows, columns = np.nonzero(chances >= CANDIDATE_SCORE)
    values = boxes[rows, columns]
    cells = (np.stack([columns, rows], axis=1) + 0.5) * (SIDE / CELLS)
    center, half = values[:, :2] + cells, values[:, 2:4] / 2
    score = chances[rows, columns, np.newaxis]
    return np.hstack([center - half, center + half, score]).astype(np.float32)


def merged(rows: Rows) -> Rows:
    """One row for each face, the best score first: the mean of its rows, weighted by their scores.

    Blazeface (Bazarevsky et al., 2019) takes means in place of non-maximum suppression, for boxes
    that do not tremble.
    """
    rows, faces = rows[np.argsort(-rows[:, SCORE], kind="stable")], []
    while len(rows):
        same = intersection_over_union(rows[0], rows) >= SAME
        same[0] = True  # also if the box is empty
        face = np.average(rows[same], axis=0, weights=rows[same, SCORE])
        face[SCORE] = rows[0, SCORE]
        faces.append(face)
        rows = rows[~same]
    return np.array(faces, np.float32).reshape(-1, SCORE + 1)


def intersection_over_union(row: Rows, rows: Rows) -> NDArray[np.float32]:
    """Intersection over union of a box with N boxes: N values, 0..1."""
    inner = np.minimum(row[2:4], rows[:, 2:4]) - np.maximum(row[:2], rows[:, :2])
    shared = np.prod(np.maximum(inner, 0), axis=1)
    areas = np.prod(rows[:, 2:4] - rows[:, :2], axis=1)
    union = np.prod(row[2:4] - row[:2]) + areas - shared
    return np.asarray(shared / np.maximum(union, 1e-6), np.float32)


def uncut(rows: Rows, tile: Box, whole: Box) -> Rows:
    """The faces that no border of the tile inside the whole picture may have cut."""
    low = np.array([tile.left, tile.top])
    side, end = np.array([tile.width, tile.height]), np.array([whole.width, whole.height])
    high = low + side
    cut_low = (rows[:, :2] < low + BORDER * side) & (low > 0)
    cut_high = (rows[:, 2:4] > high - BORDER * side) & (high < end - 1)
    return np.compress(~np.any(cut_low | cut_high, axis=1), rows, axis=0)


def large_enough(rows: Rows) -> Rows:
    """The faces of at least `SMALLEST_FACE`."""
    sides = np.max(rows[:, 2:4] - rows[:, :2], axis=1)
    return np.compress(sides >= SMALLEST_FACE, rows, axis=0)


def close_up(row: Rows, width: int, height: int) -> Box:
    """Square around a face, inside a picture of this size; even left and top."""
    side = round(CLOSE_UP * float(np.max(row[2:4] - row[:2])))
    inner_wh = np.minimum(side, (width, height))
    starts = np.round((row[:2] + row[2:4] - inner_wh) / 2).astype(int)
    left, top = np.clip(starts, 0, np.array([width, height]) - inner_wh) & ~1
    return Box(int(left), int(top), int(inner_wh[0]), int(inner_wh[1]))


def _second_look(picture: Picture, row: Rows) -> Rows:
    """The face of a row, as it is seen in its close-up; 1x9, or 0x9 if it is none."""
    rows = merged(_seen(picture, close_up(row, picture.width, picture.height)))
    same = intersection_over_union(row, rows) >= SAME
    return rows[same & (rows[:, SCORE] >= FACE_SCORE)][:1]


def _seen(picture: Picture, part: Box) -> Rows:
    """Run the network on a part of the picture; rows in pixels of the picture."""
    corner = part.left + part.width, part.top + part.height
    image = picture.crop(part.left, part.top, *corner).letterboxed(SIDE, SIDE).to_rgb()
    outputs = shipped_network("faces").run(["boxes", "scores"], {"image": image[np.newaxis]})
    boxes, scores = (np.asarray(output, np.float32) for output in outputs)
    rows = decoded(boxes.reshape(CELLS, CELLS, VALUES), scores.reshape(CELLS, CELLS))
    inner = Box.within(part.width, part.height, SIDE, SIDE)  # as `letterboxed` does
    scale = np.array([part.width / inner.width, part.height / inner.height])
    start = np.array([part.left, part.top]) - scale * (inner.left, inner.top)
    rows[:, :SCORE] = rows[:, :SCORE] * np.tile(scale, 2) + np.tile(start, 2)
    return rows


def _face(row: Rows) -> Face:
    left, top, right, bottom, score = row.tolist()
    return Face(left, top, right, bottom, score)


def _area(face: Face) -> float:
    return (face.right - face.left) * (face.bottom - face.top)
