"""What is shown of the last paintings: fades, cuts, patches, and nothing before the first one."""

import numpy as np
import pytest

from tests.live.scene import active_keyframe, flat, panned
from vidstyle.frame import Picture
from vidstyle.live.keyframe_display import KeyframeDisplay
from vidstyle.options import Look
from vidstyle.stats import Stats

LOOK = Look()


def shade(display: KeyframeDisplay, seen: Picture | None = None) -> float:
    """Mean of the picture that is shown of a frame."""
    frame = seen or panned(0)
    shown = display.picture(frame, frame, LOOK, None, 0.0)
    assert shown is not None
    return float(shown.to_rgb().mean())


def test_before_the_first_keyframe_there_is_no_picture() -> None:
    display = KeyframeDisplay(Stats())
    assert display.picture(panned(0), panned(0), LOOK, None, 0.0) is None
    assert not display.shows(None)
    assert display.tracked() == []


def test_a_keyframe_of_the_same_style_fades_in_as_long_as_it_took() -> None:
    display = KeyframeDisplay(Stats())
    display.take_over(active_keyframe(flat(40), steps=5), 0.0)
    assert shade(display) == pytest.approx(40, abs=2)
    display.take_over(active_keyframe(flat(200), steps=1), 0.0)
    assert len(display.tracked()) == 2
    assert [shade(display) for _ in range(5)] == pytest.approx([80, 120, 160, 200, 200], abs=4)
    assert len(display.tracked()) == 1


def test_another_style_is_shown_at_once() -> None:
    display = KeyframeDisplay(Stats())
    display.take_over(active_keyframe(flat(40), style="ink"), 0.0)
    display.take_over(active_keyframe(flat(200), style="oil"), 0.0)
    assert display.shows("oil") and not display.shows("ink")
    assert shade(display) == pytest.approx(200, abs=2)


def test_after_a_cut_the_frame_is_shown_in_the_tones_until_a_keyframe_takes_over() -> None:
    stats = Stats()
    display = KeyframeDisplay(stats)
    display.cut()
    assert stats["cuts"] == 0  # nothing was shown yet
    display.take_over(active_keyframe(flat(40)), 0.0)
    display.cut()
    assert display.is_stale and not display.shows("ink")
    assert display.tracked() == []
    assert stats["cuts"] == 1
    assert shade(display, panned(3)) == pytest.approx(40, abs=4)
    display.take_over(active_keyframe(flat(200)), 0.0)
    assert shade(display) == pytest.approx(200, abs=2)  # and fades over nothing of the old scene


def test_a_patch_covers_what_the_keyframe_does_not_show() -> None:
    display = KeyframeDisplay(Stats())
    display.take_over(active_keyframe(flat(40), confidence=0.0), 0.0)
    holes, bare = display.disoccluded()
    assert holes.min() == bare.min() == 1
    patch = active_keyframe(flat(200))
    patch.keyframe.area = np.ones_like(patch.keyframe.path.confidence)
    display.cover(patch)
    holes, bare = display.disoccluded()
    assert holes.min() == 1 and bare.max() == 0
    assert shade(display) == pytest.approx(200, abs=2)
