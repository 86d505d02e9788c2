"""Durations inside animated files are read and set in place, and the files stay valid."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.clips import transparent
from tests.media.test_animation import write_animation
from vidstyle.media.animation_chunks import (
    flag_webp_transparency,
    set_last_png_duration,
    set_last_webp_duration,
    webp_durations,
)


def durations(path: Path) -> list[float]:
    with Image.open(path) as image:
        return [frame.copy().info["duration"] for frame in ImageSequence.Iterator(image)]


def test_the_last_duration_of_a_webp_is_set(tmp_path: Path) -> None:
    file = write_animation(tmp_path / "a.webp", 3)
    assert webp_durations(file) == [40, 50, 60]
    set_last_webp_duration(file, 1234)
    assert webp_durations(file) == durations(file) == [40, 50, 1234]
    set_last_webp_duration(file, 1 << 30)
    assert webp_durations(file)[-1] == (1 << 24) - 1


@pytest.mark.parametrize("seconds", [Fraction(1001, 30000), Fraction(1, 7), Fraction(100_000)])
def test_the_last_duration_of_a_png_is_set(tmp_path: Path, seconds: Fraction) -> None:
    file = write_animation(tmp_path / "a.png", 3)
    set_last_png_duration(file, seconds)
    *others, last = durations(file)
    assert others == [40, 50]
    assert last == pytest.approx(1000 * min(float(seconds), 65535.0), rel=1e-3)


def test_a_still_webp_stays_as_it_is(tmp_path: Path) -> None:
    file = write_animation(tmp_path / "a.webp", 1)
    content = file.read_bytes()
    assert webp_durations(file) == []
    set_last_webp_duration(file, 100)
    assert file.read_bytes() == content


def test_transparency_is_flagged(tmp_path: Path) -> None:
    file = tmp_path / "a.webp"
    images = [Image.fromarray(transparent(64, 48)), Image.fromarray(transparent(64, 48)[::-1])]
    images[0].save(file, save_all=True, append_images=images[1:])
    flag_webp_transparency(file)
    with Image.open(file) as image:
        assert image.mode == "RGBA"
        assert np.asarray(image)[0, 0, 3] == 0
