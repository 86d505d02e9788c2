"""Person segmentation: which pixels of a picture show persons, by a small network.

The network is MediaPipe's selfie segmentation for landscape pictures, in ONNX Runtime; written by
`tools.mediapipe.person`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Mask, Picture
from vidstyle.stylize.onnx_session import shipped_network

LONG_SIDE, SHORT_SIDE = 256, 144  # px of the network's input; pictures of any shape fill it


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """Output of the network for one picture."""

    mask: Mask  # HxW of the network's input: 1 where it shows a person
    presence: float  # score that there is a person at all: about 5 for a face, -5 for a landscape


def segment(picture: Picture) -> Segmentation:
    """Run the network on a picture; callable from several threads at once.

    Args:
        picture: of any size.

    Raises:
        StyleError: the network's file is missing or altered.
    """
    outputs = shipped_network("segmentation").run(
        ["mask", "presence"], {"image": network_input(picture)}
    )
    mask, presence = (np.asarray(output, np.float32) for output in outputs)
    return Segmentation(mask, float(presence.item()))


def network_input(picture: Picture) -> NDArray[np.uint8]:
    """Return the picture as the network takes it, 1xHxWx3 uint8 RGB."""
    upright = picture.height > picture.width
    size_wh = (SHORT_SIDE, LONG_SIDE) if upright else (LONG_SIDE, SHORT_SIDE)
    return picture.resized(*size_wh).to_rgb()[np.newaxis]
