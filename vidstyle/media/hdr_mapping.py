"""HDR mapping: SDR pictures of BT.709 to HDR video, PQ or HLG in BT.2020 (BT.2100).

Display light stays: SDR white becomes HDR reference white, 203 nits, and nothing is brighter
(display-referred direct mapping of BT.2408, section 5). The inverse of `tone_mapping` would give
strokes highlights that the painter did not paint.
"""

from functools import cache

import av
import numpy as np

from vidstyle.frame import LUMA_WEIGHTS
from vidstyle.media.info import PQ
from vidstyle.media.tone_mapping import (
    HLG_A,
    HLG_B,
    HLG_C,
    HLG_GAMMA,
    PEAK_NITS,
    SDR_GAMMA,
    TO_BT709,
    WHITE_NITS,
    Floats,
    LookupGraph,
    cube_text,
    nits_to_pq,
)

TO_BT2020 = np.linalg.inv(TO_BT709)  # linear RGB


class HdrMapper:
    """Converter of SDR frames of one size and format to HDR frames; belongs to one thread."""

    def __init__(self, like: av.VideoFrame, transfer: int, pixels: str) -> None:
        """Compute the lookup table and configure the graph.

        Args:
            like: frame of the size and format of those to come, of BT.709 in limited range.
            transfer: `PQ` or `HLG`.
            pixels: FFmpeg's name of the HDR frames' pixel format; with alpha only if `like` has it.
        """
        has_alpha = any(part.is_alpha for part in like.format.components)
        self._graph = LookupGraph(
            like,
            [
                ("scale", "in_color_matrix=bt709:in_range=tv:out_range=full"),
                ("format", "gbrap16le" if has_alpha else "gbrp16le"),
            ],
            _cube_table(transfer),
            [("scale", "out_color_matrix=bt2020:out_range=tv"), ("format", pixels)],
        )

    def map(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return the frame in HDR."""
        return self._graph.map(frame)


@cache
def _cube_table(transfer: int) -> str:
    return cube_text(lambda rgb: hdr_from_sdr(rgb, transfer))


def hdr_from_sdr(signal: Floats, transfer: int) -> Floats:
    """Map R'G'B' of BT.709, for a display after BT.1886, to R'G'B' of BT.2020 in PQ or HLG.

    Args:
        signal: Nx3, 0..1.
        transfer: `PQ` or `HLG`.

    Returns:
        Nx3, 0..1.
    """
    nits = WHITE_NITS * (np.clip(signal, 0, 1) ** SDR_GAMMA) @ TO_BT2020.T
    return nits_to_pq(nits) if transfer == PQ else nits_to_hlg(nits)


def nits_to_hlg(nits: Floats) -> Floats:
    """HLG signals 0..1 for Nx3 display light, on the nominal display (BT.2100)."""
    red, blue = LUMA_WEIGHTS[9]
    light = np.maximum(nits, 0) / PEAK_NITS
    luminance = np.maximum(light @ [red, 1 - red - blue, blue], 1e-12)[..., None]
    scene = light * luminance ** (1 / HLG_GAMMA - 1)
    bright = HLG_A * np.log(np.maximum(12 * scene - HLG_B, 1e-12)) + HLG_C
    return np.asarray(np.clip(np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright), 0, 1))
