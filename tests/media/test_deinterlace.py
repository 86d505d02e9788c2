"""Interlaced frames, made of fields of a moving picture."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import Clip
from tests.textures import noise_image
from vidstyle.media.deinterlace import Deinterlacer

HEIGHT, WIDTH, STEP = 64, 96, 6  # px a field, to the left
INTERLACED = 0x00040000 | 0x20000000  # FFmpeg's flags for interlaced DCT and motion estimation
TEXTURE = noise_image(HEIGHT, WIDTH + 200, seed=1, blur=2)


def view(field: int) -> NDArray[np.uint8]:
    return TEXTURE[:, STEP * field : STEP * field + WIDTH]


def woven(number: int) -> NDArray[np.uint8]:
    """Odd rows of one moment and even rows of the next: the encoder takes the lower field first."""
    image = view(2 * number).copy()
    image[::2] = view(2 * number + 1)[::2]
    return image


def write_interlaced(path: Path, frames: int, pts: list[int]) -> Path:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 25)
        stream.codec_context.flags |= INTERLACED
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(woven(number), format="rgb24")
            frame.pts, frame.time_base = pts[number], Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def both(path: Path) -> Iterator[tuple[list[av.VideoFrame], list[av.VideoFrame]]]:
    """The decoded frames of a file, and what the filter makes of them."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decoded, whole = list(container.decode(stream)), list[av.VideoFrame]()
        deinterlacer = Deinterlacer(decoded[0], Fraction(stream.time_base or 1))
        for frame in decoded:
            assert deinterlacer.takes(frame)
            whole += deinterlacer.push(frame)
        whole += deinterlacer.flush()
        yield decoded, whole


def combing(frame: av.VideoFrame) -> float:
    """How far rows lie from the mean of their neighbors, in levels."""
    y = frame.to_ndarray(format="gray").astype(float)
    return float(np.abs(y[1:-1] - (y[:-2] + y[2:]) / 2)[8:-8, 8:-8].mean())


PTS = [0, 1, 2, 5, 6, 9, 10, 11]


@pytest.fixture
def interlaced(tmp_path: Path) -> tuple[list[av.VideoFrame], list[av.VideoFrame]]:
    return next(both(write_interlaced(tmp_path / "in.mkv", len(PTS), PTS)))


def test_there_is_one_picture_for_each_frame_at_its_time(
    interlaced: tuple[list[av.VideoFrame], list[av.VideoFrame]],
) -> None:
    decoded, whole = interlaced
    assert len(decoded) == len(PTS)
    assert all(frame.interlaced_frame for frame in decoded)
    assert [(f.pts, f.time_base) for f in whole] == [(f.pts, f.time_base) for f in decoded]


def test_the_comb_of_two_moments_is_gone(
    interlaced: tuple[list[av.VideoFrame], list[av.VideoFrame]],
) -> None:
    decoded, whole = interlaced
    natural = combing(av.VideoFrame.from_ndarray(view(4), format="rgb24"))
    for before, after in list(zip(decoded, whole, strict=True))[1:-1]:
        assert combing(before) > 3 * natural
        assert combing(after) < 1.7 * natural


def test_the_picture_is_that_of_the_first_field(
    interlaced: tuple[list[av.VideoFrame], list[av.VideoFrame]],
) -> None:
    _, whole = interlaced
    for number, frame in list(enumerate(whole))[1:-1]:
        found = frame.to_ndarray(format="gray").astype(float)[:, 8:-8]
        one, other = (
            av.VideoFrame.from_ndarray(np.ascontiguousarray(view(2 * number + n)), format="rgb24")
            .to_ndarray(format="gray")
            .astype(float)[:, 8:-8]
            for n in (0, 1)
        )
        assert np.abs(found - one).mean() < np.abs(found - other).mean() / 2


def test_frames_that_are_whole_pass_unchanged(tmp_path: Path) -> None:
    decoded, whole = next(both(Clip(frames=6).write(tmp_path / "in.mkv")))
    assert len(whole) == 6
    for before, after in zip(decoded, whole, strict=True):
        assert before.pts == after.pts
        np.testing.assert_array_equal(before.to_ndarray(), after.to_ndarray())


def test_one_frame_is_not_swallowed(tmp_path: Path) -> None:
    _, whole = next(both(write_interlaced(tmp_path / "in.mkv", 1, [0])))
    assert [frame.pts for frame in whole] == [0]
