"""Sampling of images at the ends of optical flow vectors, and the flow at an image's size."""

from collections.abc import Sequence
from typing import cast

import cv2

from vidstyle.frame import Array, Flow, resize


def sample_along(values: Array, flow: Flow, outside: Sequence[float] | None = None) -> Array:
    """Sample an image, flow field or mask at the end of every flow vector, bilinearly.

    Args:
        values: HxW or HxWxC.
        flow: hxwx2 float32, (dx, dy) in px of `values`, from the pixels of the result.
        outside: values beyond the border; None replicates the border.

    Returns:
        hxw or hxwxC, of the dtype of `values`.
    """
    border = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    read = cv2.remap(  # type: ignore[call-overload]  # no second map: the flow holds x and y
        values,
        flow,
        None,
        cv2.INTER_LINEAR | cv2.WARP_RELATIVE_MAP,
        borderMode=border,
        borderValue=outside or (0, 0, 0, 0),
    )
    return cast(Array, read)


def scaled_flow(flow: Flow, width: int, height: int) -> Flow:
    """Scale a thumbnail's flow to the grid and the pixels of a picture, bilinearly.

    Args:
        flow: hxwx2 float32, (dx, dy) in px of the thumbnail.
        width: of the picture, in px.
        height: likewise.

    Returns:
        height x width x 2 float32, (dx, dy) in px of the picture.
    """
    scale = (width / flow.shape[1], height / flow.shape[0], 0.0, 0.0)
    scaled = cv2.multiply(flow, scale)  # type: ignore[call-overload]  # one factor a channel
    return resize(cast(Flow, scaled), width, height)
