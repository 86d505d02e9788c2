"""The cross-fade from one style to the next."""

import pytest

from tests.live.scene import active_keyframe, flat
from vidstyle.frame import Picture
from vidstyle.live.style_fade import StyleFade
from vidstyle.stylize.finish import Finish

STRONG = Finish(contrast=2.0)


def shown(picture: Picture) -> float:
    return float(picture.to_rgb().mean())


def test_the_old_style_goes_evenly_and_then_for_good() -> None:
    fade, old, new = StyleFade(2.0), active_keyframe(flat(40)), flat(200)
    fade.begin(old, 10.0)
    for time_s, shade, contrast in ((10, 40, 1), (10.5, 80, 1.25), (11, 120, 1.5), (12, 200, 2)):
        painting, finish = fade.applied(new, STRONG, time_s)
        assert shown(painting) == pytest.approx(shade, abs=2)
        assert finish.contrast == pytest.approx(contrast)
    assert fade.outgoing is None


def test_where_the_old_style_shows_nothing_the_new_one_does() -> None:
    fade = StyleFade(2.0)
    fade.begin(active_keyframe(flat(40), confidence=0.0), 10.0)
    assert shown(fade.applied(flat(200), Finish(), 10.0)[0]) == pytest.approx(200, abs=2)


def test_another_working_size_is_no_matter() -> None:
    fade = StyleFade(2.0)
    fade.begin(active_keyframe(flat(40).resized(128, 80)), 10.0)
    painting, _ = fade.applied(flat(200), Finish(), 11.0)
    assert (painting.width, painting.height) == (256, 160)


def test_without_a_length_or_after_a_cut_the_new_style_is_alone() -> None:
    new = flat(200)
    for fade in (StyleFade(0.0), StyleFade(2.0)):
        fade.begin(active_keyframe(flat(40)), 10.0)
        fade.end()
        assert fade.applied(new, STRONG, 10.0) == (new, STRONG)
