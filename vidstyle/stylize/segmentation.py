"""Person segmentation: which pixels of a picture show persons, by a small network.

The network is MediaPipe's selfie segmentation for landscape pictures, in ONNX Runtime; written by
`tools.mediapipe.person`.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vidstyle.assets import catalog_section, intact_file
from vidstyle.errors import StyleError
from vidstyle.frame import Mask, Picture
from vidstyle.stylize.onnx_session import load_session

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
    outputs = _network().run(["mask", "presence"], {"image": network_input(picture)})
    mask, presence = (np.asarray(output, np.float32) for output in outputs)
    return Segmentation(mask, float(presence.item()))


def network_input(picture: Picture) -> NDArray[np.uint8]:
    """Return the picture as the network takes it, 1xHxWx3 uint8 RGB."""
    upright = picture.height > picture.width
    size_wh = (SHORT_SIDE, LONG_SIDE) if upright else (LONG_SIDE, SHORT_SIDE)
    return picture.resized(*size_wh).to_rgb()[np.newaxis]


@cache
def _network() -> onnxruntime.InferenceSession:
    for entry in catalog_section("segmentation"):
        return load_session(intact_file(entry["file"], entry["sha256"]), threads=1)
    raise StyleError("catalog.json has no segmentation network. Install vidstyle again.")
