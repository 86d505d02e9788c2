"""What tests of the live filter share: moving pictures, painters that can be held up, sources."""

import threading
from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from tests.textures import noise_image
from vidstyle.errors import SourceError
from vidstyle.frame import Frame, Picture, Plane, RGBImage
from vidstyle.live.propagation import ActiveKeyframe, ToneTransfer, TrackedKeyframe
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.flow import FlowPath, thumbnail
from vidstyle.stylize.generator import ImageGenerator

WAIT_S = 60.0  # for what must happen, on machines that stall too; longer means a hang


def flat(shade: int) -> Picture:
    return Picture.from_rgb(np.full((160, 256, 3), shade, np.uint8))


def active_keyframe(
    painting: Picture, confidence: float = 1.0, style: str = "ink", steps: int = 1
) -> ActiveKeyframe:
    """Keyframe of the first picture of the pan, so many frames ago, which has not moved since."""
    small = thumbnail(panned(0))
    flow = np.zeros((*small.shape, 2), np.float32)
    path = FlowPath(flow, np.full(small.shape, confidence, np.float32), steps)
    tones = ToneTransfer.between(panned(0), painting)
    return ActiveKeyframe(painting, tones, Finish(), TrackedKeyframe(style, small, path))


class Inverter(ImageGenerator):
    """Paints the negative; with `held`, not before it is let go."""

    def __init__(self, held: bool = False) -> None:
        self.free = threading.Event()
        self.waited_in_vain = False
        self.sizes = list[tuple[int, int]]()
        if not held:
            self.free.set()

    def paint(self, image: RGBImage) -> RGBImage:
        self.sizes.append(image.shape[:2])
        self.waited_in_vain = not self.free.wait(WAIT_S)
        assert not self.waited_in_vain
        return np.asarray(255 - image, np.uint8)


class Flat(ImageGenerator):
    """Paints everything in one color."""

    def __init__(self, value: int) -> None:
        self._value = value

    def paint(self, image: RGBImage) -> RGBImage:
        return np.full_like(image, self._value)


class Striped(ImageGenerator):
    """Paints strokes of a fixed size: columns of eight pixels, dark and bright in turn."""

    def __init__(self) -> None:
        self.sizes_wh = list[tuple[int, int]]()

    def paint(self, image: RGBImage) -> RGBImage:
        height, width = image.shape[:2]
        self.sizes_wh.append((width, height))
        row = np.where(np.arange(width) // 8 % 2, 200, 50).astype(np.uint8)
        return np.broadcast_to(row[None, :, None], (height, width, 3)).copy()


def stripes(luma: Plane) -> int:
    """Number of borders between dark and bright along a row of `Striped`."""
    return int(np.count_nonzero(np.diff((luma > 120).astype(int))))


class Darkener(ImageGenerator):
    """Paints everything half as bright."""

    def paint(self, image: RGBImage) -> RGBImage:
        return np.asarray(image // 2, np.uint8)


class Broken(ImageGenerator):
    """Cannot paint."""

    def paint(self, image: RGBImage) -> RGBImage:
        raise ValueError("no paint")


def panned(number: int, width: int = 256, height: int = 160, step: int = 2) -> Picture:
    """A picture of a scene that moves `step` px a frame to the left."""
    wide = noise_image(height, width + 200, seed=3, blur=4)
    return Picture.from_rgb(np.ascontiguousarray(wide[:, step * number : step * number + width]))


def frame(picture: Picture, number: int) -> Frame:
    return Frame(picture, number * 33_333, Fraction(1, 1_000_000))


class Listed:
    """A source that gives what it was told to: pictures, or errors to be raised."""

    name, width, height, rate = "A toy", 64, 48, Fraction(30)

    def __init__(self, given: Iterable[Picture | SourceError | None]) -> None:
        self.notes = list[str]()
        self._given = iter(given)
        self.closed = False

    def read(self, stop: threading.Event) -> Picture | None:
        given = next(self._given, None)
        if isinstance(given, SourceError):
            raise given
        return given

    def close(self) -> None:
        self.closed = True
