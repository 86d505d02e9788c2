"""Push one, get one: toy styles, real flow and real threads."""

import asyncio
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from tests.clips import patches
from tests.live.scene import WAIT_S, panned
from vidstyle.apps.arrays import ImageArray
from vidstyle.apps.frame_stream import FrameStream, LoadedStyle
from vidstyle.apps.stylizer import Stylizer
from vidstyle.errors import OptionError, StyleError
from vidstyle.frame import BT601, ColorSpace, Picture, RGBImage
from vidstyle.options import StylizeOptions
from vidstyle.stylize.generator import ImageGenerator

COLORFUL = patches(64, 48)
NEGATIVE = 255 - COLORFUL.astype(int)
MIDDLES = np.ix_([12, 36], [16, 48])

pytestmark = pytest.mark.usefixtures("shelf", "patient")


@pytest.fixture
def stylizer() -> Iterator[Stylizer]:
    with Stylizer("negative") as stylizer:
        yield stylizer


def scene(number: int) -> RGBImage:
    """A frame of a scene that moves 2 px a frame to the left."""
    return panned(number).to_rgb()


def off(painted: ImageArray, frame: RGBImage, border: int = 24) -> float:
    """Mean difference from the frame's negative, inside, in levels."""
    inside = (slice(border, -border), slice(border, -border))
    return float(np.abs(painted.astype(int) - (255 - frame.astype(int)))[inside].mean())


def test_the_first_call_returns_its_own_painting(
    stylizer: Stylizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstyle.live.stylizer.MAX_WAIT_SHARE", 0.0)  # far too short to paint in
    with stylizer.stream(fps=240) as stream:
        assert off(stream(scene(0)), scene(0)) < 8


def test_each_frame_is_answered_with_itself_painted(stylizer: Stylizer) -> None:
    with stylizer.stream(fps=5) as stream:
        for number in range(12):
            painted = stream(scene(number))
            assert painted.shape == scene(number).shape
            assert off(painted, scene(number)) < 8
            assert off(painted, scene(number)) < off(painted, scene(number + 8))


def test_a_picture_is_answered_in_its_color_space(stylizer: Stylizer) -> None:
    picture = Picture.from_rgb(scene(0), ColorSpace(BT601, full_range=True))
    with stylizer.stream(fps=30) as stream:
        painted = stream.stylize(picture)
    assert painted.color == picture.color
    assert off(painted.to_rgb(), scene(0)) < 8


def test_an_iterable_is_answered_frame_by_frame(stylizer: Stylizer) -> None:
    with stylizer.stream() as stream:
        painted = list(stream.frames(scene(number) for number in range(3)))
    assert len(painted) == 3
    assert off(painted[2], scene(2)) < 8


def test_bgr_and_alpha_follow_the_rules_of_the_stylizer() -> None:
    alpha = np.full((48, 64), 7, np.uint8)
    with Stylizer("warm", order="bgr") as stylizer, stylizer.stream() as stream:
        painted = stream(np.dstack([COLORFUL[..., ::-1], alpha]))
    assert (painted[..., 3] == 7).all()
    assert painted[..., 2][MIDDLES].min() > 240  # red is white


def test_the_frame_may_be_reused_after_the_call(stylizer: Stylizer) -> None:
    buffer = scene(0)
    with stylizer.stream(fps=5, every=1) as stream:
        stream(buffer)
        for number in range(1, 5):
            buffer[:] = scene(number)
            painted = stream(buffer)
            buffer[:] = 0
            assert off(painted, scene(number)) < 8


def test_a_style_set_on_the_stylizer_shows_in_the_stream(stylizer: Stylizer) -> None:
    with stylizer.stream(fps=2) as stream:
        stream(COLORFUL)
        stylizer.style = "white"
        assert stream(COLORFUL)[MIDDLES].min() > 240
        stylizer.strength = 0.0
        assert np.abs(stream(COLORFUL).astype(int) - COLORFUL)[MIDDLES].max() <= 3


def test_another_size_starts_anew(stylizer: Stylizer) -> None:
    with stylizer.stream(fps=30) as stream:
        for image in (scene(0), scene(1), scene(0)[:96, :128], scene(0)[::2, ::2], scene(0)):
            image = np.ascontiguousarray(image)
            assert off(stream(image), image) < 8


def test_a_frame_that_is_refused_does_no_harm(stylizer: Stylizer) -> None:
    with stylizer.stream() as stream:
        stream(scene(0))
        with pytest.raises(TypeError, match="uint8"):
            stream(scene(0) / 255)  # type: ignore[arg-type]
        assert off(stream(scene(1)), scene(1)) < 8


def test_two_streams_run_side_by_side(stylizer: Stylizer) -> None:
    with stylizer.stream() as one, stylizer.stream() as other:
        for number in range(3):
            assert off(one(scene(number)), scene(number)) < 8
            assert np.abs(other(COLORFUL).astype(int) - NEGATIVE)[MIDDLES].max() < 12


def test_asyncio_pushes_frames_through_changing_threads(stylizer: Stylizer) -> None:
    async def push() -> list[ImageArray]:
        with stylizer.stream() as stream:
            return [await asyncio.to_thread(stream, scene(number)) for number in range(4)]

    for number, painted in enumerate(asyncio.run(push())):
        assert off(painted, scene(number)) < 8


class Held(ImageGenerator):
    """Paints the negative once it is let go; fails if told to."""

    def __init__(self) -> None:
        self.inside, self.free, self.broken = threading.Event(), threading.Event(), False

    def paint(self, image: RGBImage) -> RGBImage:
        self.inside.set()
        assert self.free.wait(WAIT_S)
        if self.broken:
            raise StyleError("no paint")
        return np.asarray(255 - image, np.uint8)


def stream_of(generator: ImageGenerator) -> FrameStream:
    style = LoadedStyle(StylizeOptions(style="held"), generator)
    return FrameStream(lambda: style, "rgb", 30.0, None, 2)


def test_a_second_thread_is_refused() -> None:
    held = Held()
    with stream_of(held) as stream:
        other = threading.Thread(target=stream, args=(scene(0),))
        other.start()
        assert held.inside.wait(WAIT_S)
        with pytest.raises(RuntimeError, match="at work in another thread"):
            stream(scene(0))
        held.free.set()
        other.join(WAIT_S)
        assert off(stream(scene(1)), scene(1)) < 8


def test_after_a_failure_it_starts_anew() -> None:
    held = Held()
    held.free.set()
    held.broken = True
    with stream_of(held) as stream:
        with pytest.raises(StyleError, match="no paint"):
            stream(scene(0))
        held.broken = False
        assert off(stream(scene(1)), scene(1)) < 8


def test_closed_it_says_so_and_leaves_no_thread(stylizer: Stylizer) -> None:
    before = set(threading.enumerate())
    stream = stylizer.stream()
    stream(scene(0))
    assert repr(stream) == "<FrameStream at 30 fps>"
    stream.close()
    stream.close()
    with pytest.raises(RuntimeError, match="closed"):
        stream(scene(0))
    assert repr(stream) == "<FrameStream at 30 fps, closed>"
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize("wrong", [{"fps": 0.0}, {"fps": 1000.0}, {"every": 0}])
def test_settings_that_make_no_sense_are_refused(
    stylizer: Stylizer, wrong: dict[str, float]
) -> None:
    with pytest.raises(OptionError, match=next(iter(wrong))):
        stylizer.stream(**wrong)  # type: ignore[arg-type]
