"""The palette of a GIF holds the colors of all frames; frames keep their number and order."""

import av
import numpy as np
from numpy.typing import NDArray

from tests.clips import patches, transparent
from vidstyle.media.gif_palette import PaletteBuilder, paletted

MIDDLES = np.ix_([12, 36], [16, 48])  # one pixel of each patch


def reduced(images: list[NDArray[np.uint8]], pixels: str = "rgb24") -> list[NDArray[np.uint8]]:
    """Images in the palette that was made for them, HxWx4 RGBA."""
    frames = [av.VideoFrame.from_ndarray(image, format=pixels) for image in images]
    palette = PaletteBuilder()
    for frame in frames:
        palette.add(frame)
    return [
        np.asarray(frame.to_ndarray(format="rgba"), np.uint8)
        for frame in paletted(frames, palette.result())
    ]


def test_the_colors_of_all_frames_are_in_the_palette() -> None:
    images = [np.roll(patches(64, 48), shift, axis=2) for shift in range(3)]
    for before, after in zip(images, reduced(images), strict=True):
        assert np.abs(after[MIDDLES][..., :3].astype(int) - before[MIDDLES]).max() < 4


def test_one_frame_is_enough() -> None:
    (only,) = reduced([patches(64, 48)])
    assert only.shape == (48, 64, 4)


def test_transparent_pixels_stay_so() -> None:
    image = transparent(64, 48)
    (only,) = reduced([image], "rgba")
    assert np.array_equal(only[..., 3], image[..., 3])
