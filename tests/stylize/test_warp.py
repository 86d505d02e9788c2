import cv2
import numpy as np
import pytest

import vidstyle.stylize.warp
from tests.textures import noise_image
from vidstyle.frame import Picture
from vidstyle.stylize.warp import blend, enlarge, fade, sharpen, warp


def picture(height: int = 96, width: int = 128, seed: int = 0) -> Picture:
    return Picture.from_rgb(noise_image(height, width, seed, blur=2))


@pytest.mark.parametrize("size", [(96, 128), (97, 131)])
def test_zero_flow_changes_nothing(size: tuple[int, int]) -> None:
    before = picture(*size)
    after = warp(before, np.zeros((24, 32, 2), np.float32))
    for a, b in zip(before.planes, after.planes, strict=True):
        assert np.array_equal(a, b)


def test_a_constant_flow_moves_by_whole_pixels() -> None:
    before = picture()
    flow = np.tile(
        np.array([2, -1], np.float32), (24, 32, 1)
    )  # thumbnail pixels: 8 and -4 of the picture
    after = warp(before, flow)
    assert np.array_equal(after.y[8:-8, 12:-12], before.y[4:-12, 20:-4])
    assert np.array_equal(after.u[4:-4, 6:-6], before.u[2:-6, 10:-2])


def test_blending_takes_each_where_it_is_asked_for() -> None:
    first, second = picture(seed=0), picture(seed=1)
    share = np.zeros((24, 32), np.float32)
    share[:, 16:] = 1
    mixed = blend(first, second, share)
    assert np.array_equal(mixed.y[:, :60], first.y[:, :60])
    assert np.array_equal(mixed.y[:, 68:], second.y[:, 68:])
    assert np.array_equal(mixed.v[:, 34:], second.v[:, 34:])


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_blending_in_bands_weighs_every_pixel(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = picture(seed=0), picture(seed=1)
    monkeypatch.setattr(vidstyle.stylize.warp, "BAND_PIXELS", rows * first.width)
    share = np.random.default_rng(2).random(first.y.shape).astype(np.float32)
    mixed = blend(first, second, share)
    wanted = first.y + share * (second.y.astype(float) - first.y)
    assert np.abs(mixed.y - wanted).max() <= 1


def test_fading_goes_from_one_to_the_other() -> None:
    first, second = picture(seed=0), picture(seed=1)
    assert np.array_equal(fade(first, second, 0).y, first.y)
    assert np.array_equal(fade(first, second, 1).u, second.u)
    middle = fade(first, second, 0.5).y.astype(int)
    assert np.abs(middle - (first.y.astype(int) + second.y) / 2).max() <= 1


def test_sharpening_makes_up_for_sampling_between_pixels() -> None:
    def gradient(of: Picture) -> float:
        return float(np.abs(np.diff(of.y.astype(int), axis=1)).mean())

    before = Picture.from_rgb(noise_image(96, 128, blur=1))
    half_a_pixel = np.tile(np.array([0.125, 0], np.float32), (24, 32, 1))
    after = warp(before, half_a_pixel)
    assert gradient(after) < gradient(sharpen(after)) < 1.1 * gradient(before)


def test_sharpening_leaves_even_places_alone() -> None:
    even = Picture.from_rgb(np.full((20, 20, 3), 77, np.uint8))
    assert np.array_equal(sharpen(even).y, even.y)


def test_an_upscaled_painting_has_nothing_of_the_original() -> None:
    original = picture(180, 240)
    working = original.resized(120, 90)
    painting = picture(90, 120, seed=1)
    large = enlarge(painting, working, original, 0.0)
    other = Picture(255 - original.y, original.u, original.v, original.color)
    again = enlarge(painting, other.resized(120, 90), other, 0.0)
    for a, b in zip(large.planes, again.planes, strict=True):
        assert np.array_equal(a, b)
    back = large.resized(120, 90)
    assert np.abs(back.y.astype(int) - painting.y)[2:-2, 2:-2].mean() < 2


def test_sharpness_raises_contrast_at_edges_and_leaves_flat_ground() -> None:
    step = np.full((60, 80), 60, np.uint8)
    step[:, 40:] = 180
    gray = np.full((30, 40), 128, np.uint8)
    painting = Picture(step, gray, gray, picture().color)
    original = picture(120, 160)
    soft, sharp = (enlarge(painting, painting, original, amount).y for amount in (0.0, 0.8))
    assert sharp.max() > soft.max() + 10
    assert sharp.min() < soft.min() - 10
    assert np.array_equal(sharp[:, :60], soft[:, :60])


@pytest.mark.parametrize(("lines", "share"), [(105, 0.0), (80, 0.41), (60, 1.0), (40, 1.0)])
def test_detail_of_the_original_comes_back_where_strokes_would_blur(
    lines: int, share: float
) -> None:
    """The painting changes nothing: with all of the original's detail it is the original."""
    noise = np.random.default_rng(0).integers(0, 256, (240, 240, 3), np.uint8)
    original = Picture.from_rgb(noise)
    working = original.resized(lines, lines)
    large = enlarge(working, working, original, 0.0)
    plain = cv2.resize(working.y, (240, 240), interpolation=cv2.INTER_CUBIC).astype(float)
    detail = original.y - plain
    found = float(np.sum((large.y - plain) * detail) / np.sum(detail**2))
    assert found == pytest.approx(share, abs=0.03)


def test_enlarging_to_the_same_size_is_the_painting() -> None:
    original, painting = picture(seed=0), picture(seed=1)
    assert enlarge(painting, original, original, 0.5) is painting
