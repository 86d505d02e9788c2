"""HDR to SDR: the standards' own numbers, and the table against the formulas."""

from fractions import Fraction

import av
import numpy as np
import pytest

from vidstyle.frame import BT709, ColorSpace
from vidstyle.media.frames import FrameConverter
from vidstyle.media.info import FULL_RANGE, HLG, LIMITED_RANGE, PQ, color_tags
from vidstyle.media.tone_mapping import (
    PEAK_NITS,
    WHITE_NITS,
    Floats,
    ToneMapper,
    compressed,
    hlg_to_nits,
    is_hdr,
    nits_to_pq,
    pq_to_nits,
    sdr_from_hdr,
)

BT2020 = 9


def grays(*levels: float) -> Floats:
    return np.repeat(np.array(levels)[:, None], 3, axis=1)


def hdr_frame(signal: Floats, transfer: int, full_range: bool = False) -> av.VideoFrame:
    """Frame of columns, 16 px each, in R'G'B' signals 0..1, as 10-bit YUV 4:2:0 of BT.2020."""
    matrix = ColorSpace(BT2020, full_range).from_rgb_matrix()
    yuv = np.hstack([signal * 255, np.ones((len(signal), 1))]) @ matrix.T * 4  # 10 bits
    frame = av.VideoFrame(16 * len(signal), 16, "yuv420p10le")
    for plane, levels in zip(frame.planes, yuv.T, strict=True):
        side = plane.width // len(signal)
        row = np.zeros(plane.line_size // 2, np.uint16)
        row[: plane.width] = np.repeat(np.clip(levels.round(), 0, 1023), side)
        plane.update(np.tile(row, (plane.height, 1)).tobytes())
    frame.colorspace, frame.color_primaries, frame.color_trc = BT2020, BT2020, transfer
    frame.color_range = FULL_RANGE if full_range else LIMITED_RANGE
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    return frame


@pytest.mark.parametrize(
    ("nits", "signal"), [(0, 0), (1, 0.1499), (100, 0.5081), (203, 0.5807), (1000, 0.7518)]
)
def test_pq_is_that_of_the_standard(nits: float, signal: float) -> None:
    assert nits_to_pq(np.array(nits)) == pytest.approx(signal, abs=0.0001)
    assert pq_to_nits(nits_to_pq(np.array(nits))) == pytest.approx(nits)


@pytest.mark.parametrize(("signal", "nits"), [(0, 0), (0.38, 26), (0.75, 203), (1, 1000)])
def test_hlg_is_that_of_the_reports(signal: float, nits: float) -> None:
    """BT.2408, table 1: 18 % gray and reference white."""
    assert hlg_to_nits(grays(signal)).ravel() == pytest.approx([nits] * 3, abs=0.5)


def test_only_highlights_are_compressed() -> None:
    nits = np.linspace(0, 2000, 500)
    mapped = compressed(nits)
    assert np.abs(mapped - nits)[nits < 85].max() < 0.01
    assert (np.diff(mapped) >= -1e-9).all()
    assert mapped[nits >= PEAK_NITS] == pytest.approx(WHITE_NITS)


def test_midtones_and_white_have_their_level_in_sdr() -> None:
    sdr = sdr_from_hdr(nits_to_pq(grays(0, 0.18 * WHITE_NITS, WHITE_NITS, PEAK_NITS)), PQ)
    assert sdr[:, 0] == pytest.approx([0, 0.18 ** (1 / 2.4), 0.9, 1], abs=0.005)
    assert sdr == pytest.approx(np.repeat(sdr[:, :1], 3, axis=1), abs=0.001)


def test_colors_outside_of_bt709_keep_their_hue() -> None:
    primaries = nits_to_pq(np.eye(3) * 100)
    red, green, blue = sdr_from_hdr(primaries, PQ)
    assert (red.argmax(), green.argmax(), blue.argmax()) == (0, 1, 2)
    assert max(red[1:].max(), green[[0, 2]].max(), blue[:2].max()) < 0.6


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_frames_are_mapped_as_the_formulas_say(transfer: int, full_range: bool) -> None:
    random = np.random.default_rng(0)
    gray = grays(*np.linspace(0.05, 0.95, 12))
    signal = np.vstack([gray, np.clip(gray + random.normal(0, 0.03, gray.shape), 0, 1)])
    frame = hdr_frame(signal, transfer, full_range)
    assert is_hdr(frame)
    picture = FrameConverter(frame.width, 16, ColorSpace(BT709)).convert(frame)
    shown = picture.to_rgb()[8, 8::16].astype(float)
    difference = np.abs(shown - 255 * sdr_from_hdr(signal, transfer))
    assert difference.mean() < 2
    assert difference.max() < 9


def test_hdr_pictures_are_labeled_as_bt709() -> None:
    tags = color_tags(hdr_frame(grays(0.5), PQ))
    assert (tags.matrix, tags.primaries, tags.transfer, tags.range) == (1, 1, 1, LIMITED_RANGE)


def test_the_size_is_that_of_the_pictures_and_other_kinds_get_a_graph_of_their_own() -> None:
    first, second = hdr_frame(grays(0.5, 0.5), PQ), hdr_frame(grays(0.5, 0.5), HLG)
    mapper = ToneMapper(first, 20, 10)
    assert (mapper.fits(first), mapper.fits(second)) == (True, False)
    assert (mapper.map(first).width, mapper.map(first).height) == (20, 10)
    converter = FrameConverter(20, 10, ColorSpace(BT709))
    by_pq, by_hlg = (converter.convert(frame).y[5, 10] for frame in (first, second))
    assert (by_pq, by_hlg) == (
        pytest.approx(16 + 219 * sdr_from_hdr(grays(0.5), PQ)[0, 0], abs=2),
        pytest.approx(16 + 219 * sdr_from_hdr(grays(0.5), HLG)[0, 0], abs=2),
    )
