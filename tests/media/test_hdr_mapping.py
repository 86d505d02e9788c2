"""SDR to HDR: white at the reports' 203 nits, and back again."""

from fractions import Fraction

import av
import numpy as np
import pytest

from tests.media.test_tone_mapping import grays
from vidstyle.frame import DEEP, ColorSpace, Picture
from vidstyle.media.frames import video_frame
from vidstyle.media.hdr_mapping import HdrMapper, hdr_from_sdr, nits_to_hlg
from vidstyle.media.info import HLG, PQ
from vidstyle.media.tone_mapping import Floats, hlg_to_nits, pq_to_nits

LIGHT = {PQ: pq_to_nits, HLG: hlg_to_nits}
BT2020 = 9


@pytest.mark.parametrize(("transfer", "signal"), [(PQ, 0.5807), (HLG, 0.75)])
def test_white_is_the_reference_white_of_hdr(transfer: int, signal: float) -> None:
    """BT.2408, table 1."""
    white = hdr_from_sdr(grays(1), transfer)
    assert white.ravel() == pytest.approx([signal] * 3, abs=0.001)
    assert LIGHT[transfer](white).ravel() == pytest.approx([203] * 3, rel=0.005)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_grays_keep_their_light_and_colors_their_place(transfer: int) -> None:
    levels = np.linspace(0, 1, 30)
    nits = LIGHT[transfer](hdr_from_sdr(grays(*levels), transfer))
    assert nits == pytest.approx(203 * grays(*levels) ** 2.4, rel=0.005, abs=0.01)
    red = LIGHT[transfer](hdr_from_sdr(np.array([[1.0, 0, 0]]), transfer))[0]
    assert red == pytest.approx(203 * np.array([0.6274, 0.0691, 0.0164]), rel=0.02)  # BT.2087


def test_hlg_is_the_inverse_of_its_light() -> None:
    signal = np.random.default_rng(0).random((200, 3))
    assert nits_to_hlg(hlg_to_nits(signal)) == pytest.approx(signal, abs=0.001)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_frames_are_mapped_as_the_formulas_say(transfer: int) -> None:
    colors = np.array([[0, 0, 0], [30, 30, 30], [128] * 3, [255] * 3, [200, 40, 90], [20, 160, 70]])
    image = np.repeat(np.repeat(colors.astype(np.uint8)[None], 16, axis=0), 16, axis=1)
    sdr = video_frame(Picture.from_rgb(image, unit=DEEP), image.shape[1], 16)
    sdr.pts, sdr.time_base = 7, Fraction(1, 25)
    hdr = HdrMapper(sdr, transfer, "yuv420p10le").map(sdr)
    assert (hdr.format.name, hdr.pts) == ("yuv420p10le", 7)
    wanted = ten_bits(hdr_from_sdr(colors / 255, transfer))
    for number, plane in enumerate(hdr.planes):
        samples = np.frombuffer(plane, np.uint16).reshape(plane.height, -1)[:, : plane.width]  # type: ignore[call-overload]
        found = samples[plane.height // 2, plane.width // 12 :: plane.width // 6]
        assert np.abs(found - wanted[:, number]).max() <= 4  # of 1023


def ten_bits(signal: Floats) -> Floats:
    matrix = ColorSpace(BT2020).from_rgb_matrix()
    return np.asarray(4 * (np.hstack([255 * signal, np.ones((len(signal), 1))]) @ matrix.T))


def test_an_alpha_channel_stays() -> None:
    picture = Picture.from_rgb(np.full((16, 16, 3), 90, np.uint8), unit=DEEP)
    sdr = video_frame(picture, 16, 16, np.full((16, 16), 128, np.uint8))
    sdr.pts, sdr.time_base = 0, Fraction(1, 25)
    hdr = HdrMapper(sdr, PQ, "yuva444p10le").map(sdr)
    assert isinstance(hdr, av.VideoFrame)
    alpha = np.frombuffer(hdr.planes[3], np.uint16)  # type: ignore[call-overload]
    assert np.abs(alpha[:16] / 4.0 - 128).max() < 1
