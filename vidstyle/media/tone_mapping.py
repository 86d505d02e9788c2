"""Tone mapping: HDR video (PQ and HLG, BT.2100) to SDR BT.709, by a 3D lookup table in FFmpeg.

Light is mapped as in BT.2390, by its EETF on the largest of red, green and blue, so that hues stay.
Reference white of HDR, 203 nits (BT.2408), is the white of SDR, so that midtones keep their level
and only highlights are compressed.
"""

import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from vidstyle.frame import LUMA_WEIGHTS
from vidstyle.media.info import HDR_TRANSFERS, PQ

Floats = NDArray[np.float64]
Filter = tuple[str, str]  # of FFmpeg: name and arguments

PEAK_NITS = 1000.0  # of the display that content is graded for, and of HLG's nominal display
WHITE_NITS = 203.0  # HDR reference white (BT.2408), mapped to about 80 % of SDR's white
PQ_NITS = 10_000.0
PQ_M1, PQ_M2 = 2610 / 16384, 2523 / 4096 * 128  # ST 2084
PQ_C1, PQ_C2, PQ_C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
HLG_A, HLG_B, HLG_C = 0.17883277, 0.28466892, 0.55991073  # BT.2100
HLG_GAMMA = 1.2  # of the system, at a peak of 1000 nits
SDR_GAMMA = 2.4  # BT.1886
# Linear RGB of BT.2020 to that of BT.709 (BT.2087).
TO_BT709 = np.array(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349],
     [-0.018151, -0.100579, 1.118730]]
)  # fmt: skip
GRID = 49  # nodes of the lookup table per axis


def is_hdr(frame: av.VideoFrame) -> bool:
    """Whether a frame is in PQ or HLG."""
    return int(frame.color_trc) in HDR_TRANSFERS


class ToneMapper:
    """Converter of HDR frames of one size and format to SDR frames in YUV 4:2:0.

    The frames get BT.709 and limited range. Belongs to one thread.
    """

    def __init__(
        self, like: av.VideoFrame, width: int, height: int, pixels: str = "yuv420p"
    ) -> None:
        """Compute the lookup table and configure the graph.

        Args:
            like: frame with size, format, matrix, range and transfer of those to come.
            width: of the SDR frames, in pixels.
            height: likewise.
            pixels: FFmpeg's name of the SDR frames' pixel format.
        """
        self._like = _kind(like)
        self._graph = LookupGraph(
            like,
            [("scale", "in_color_matrix=bt2020:out_range=full"), ("format", "gbrp16le")],
            cube_table(int(like.color_trc)),
            [
                ("scale", f"w={width}:h={height}:out_color_matrix=bt709:out_range=tv"),
                ("format", pixels),
            ],
        )

    def fits(self, frame: av.VideoFrame) -> bool:
        """Whether a frame is of the kind that the graph is configured for."""
        return _kind(frame) == self._like

    def map(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return the frame in SDR."""
        return self._graph.map(frame)


class LookupGraph:
    """FFmpeg filter graph that maps the colors of frames by a 3D table; belongs to one thread.

    Tables are fastest on planes of 16 bits: three times as fast as on 10 and 12.
    """

    def __init__(
        self, like: av.VideoFrame, before: Sequence[Filter], table: str, after: Sequence[Filter]
    ) -> None:
        """Configure the graph.

        Args:
            like: frame of the size, format and time base of those to come.
            before: filters before the table, which takes RGB.
            table: text of a .cube file.
            after: filters after the table.
        """
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=like.width, height=like.height, format=like.format, time_base=like.time_base
        )
        with tempfile.TemporaryDirectory(prefix="vidstyle-") as folder:
            file = Path(folder) / "hdr.cube"
            file.write_text(table, encoding="ascii")
            filters = [
                *(self._graph.add(name, arguments) for name, arguments in before),
                self._graph.add("lut3d", file=str(file), interp="tetrahedral"),
                *(self._graph.add(name, arguments) for name, arguments in after),
                self._graph.add("buffersink"),
            ]
            for first, second in zip([source, *filters], filters, strict=False):
                first.link_to(second)
            self._graph.configure()

    def map(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return a frame with its colors mapped."""
        self._graph.push(frame)
        mapped = self._graph.pull()
        assert isinstance(mapped, av.VideoFrame)
        return mapped


def _kind(frame: av.VideoFrame) -> tuple[int | str, ...]:
    tags = (frame.colorspace, frame.color_range, frame.color_trc)
    return (frame.width, frame.height, frame.format.name, *map(int, tags))


@cache
def cube_table(transfer: int) -> str:
    """Lookup table from R'G'B' of HDR to that of SDR, as the text of a .cube file."""
    return cube_text(lambda rgb: sdr_from_hdr(rgb, transfer))


def cube_text(mapping: Callable[[Floats], Floats]) -> str:
    """Text of a .cube file for a mapping of Nx3 R'G'B' values 0..1."""
    axis = np.linspace(0, 1, GRID)
    reversed_rgb = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)  # red runs fastest
    mapped = mapping(reversed_rgb.reshape(-1, 3)[:, ::-1])
    rows = "\n".join(f"{red:.5f} {green:.5f} {blue:.5f}" for red, green, blue in mapped.tolist())
    return f"LUT_3D_SIZE {GRID}\n{rows}\n"


def sdr_from_hdr(signal: Floats, transfer: int) -> Floats:
    """Map R'G'B' of BT.2020 in PQ or HLG to R'G'B' of BT.709 for a display after BT.1886.

    Args:
        signal: Nx3, 0..1.
        transfer: `PQ` or `HLG`.

    Returns:
        Nx3, 0..1.
    """
    nits = pq_to_nits(signal) if transfer == PQ else hlg_to_nits(signal)
    light = _in_gamut(nits @ TO_BT709.T)
    peak = np.maximum(light.max(-1, keepdims=True), 1e-6)
    mapped = light * (compressed(peak) / peak) / WHITE_NITS
    return np.asarray(np.clip(mapped, 0, 1) ** (1 / SDR_GAMMA))


def pq_to_nits(signal: Floats) -> Floats:
    """Luminance for a PQ signal 0..1 (ST 2084)."""
    power = np.clip(signal, 0, 1) ** (1 / PQ_M2)
    ratio = np.maximum(power - PQ_C1, 0) / (PQ_C2 - PQ_C3 * power)
    return np.asarray(PQ_NITS * ratio ** (1 / PQ_M1))


def nits_to_pq(nits: Floats) -> Floats:
    """PQ signal 0..1 for a luminance (ST 2084)."""
    power = (np.maximum(nits, 0) / PQ_NITS) ** PQ_M1
    return np.asarray(((PQ_C1 + PQ_C2 * power) / (1 + PQ_C3 * power)) ** PQ_M2)


def hlg_to_nits(signal: Floats) -> Floats:
    """Display light of Nx3 HLG signals 0..1, on the nominal display (BT.2100)."""
    clipped = np.clip(signal, 0, 1)
    bright = (np.exp((clipped - HLG_C) / HLG_A) + HLG_B) / 12
    scene = np.where(clipped <= 0.5, clipped**2 / 3, bright)
    red, blue = LUMA_WEIGHTS[9]
    luminance = scene @ [red, 1 - red - blue, blue]
    return np.asarray(PEAK_NITS * luminance[..., None] ** (HLG_GAMMA - 1) * scene)


def compressed(nits: Floats) -> Floats:
    """Luminance on a display of `WHITE_NITS` for content of `PEAK_NITS`: the EETF of BT.2390."""
    peak, white = nits_to_pq(np.array([PEAK_NITS, WHITE_NITS]))
    level = np.clip(nits_to_pq(nits) / peak, 0, 1)
    largest = white / peak
    knee = 1.5 * largest - 0.5
    t = (level - knee) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (-2 * t**3 + 3 * t**2) * largest
    )
    return pq_to_nits(np.where(level < knee, level, spline) * peak)


def _in_gamut(light: Floats) -> Floats:
    """Desaturate Nx3 linear RGB of BT.709 as far as no channel is negative; luminance stays."""
    red, blue = LUMA_WEIGHTS[1]
    luminance = np.maximum(light @ [red, 1 - red - blue, blue], 0)[..., None]
    lowest = light.min(-1, keepdims=True)
    share = np.where(lowest < 0, luminance / np.maximum(luminance - lowest, 1e-12), 1)
    return np.asarray(np.maximum(luminance + share * (light - luminance), 0))
