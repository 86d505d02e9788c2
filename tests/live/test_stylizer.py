"""The live stylizer: toy generators, real flow and real threads."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from tests.faces import face_at
from tests.live.scene import (
    WAIT_S,
    Broken,
    Darkener,
    Flat,
    Inverter,
    Striped,
    frame,
    panned,
    stripes,
)
from tests.persons import right_half
from tests.textures import noise_image
from vidstyle.frame import Picture
from vidstyle.live import keyframe_painter
from vidstyle.live.quality import QualityController
from vidstyle.live.stylizer import LiveStylizer
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize import person_mask
from vidstyle.stylize.generator import ImageGenerator

pytestmark = pytest.mark.usefixtures("no_faces")
SLOW_S = 100.0  # from frame to frame, where each frame is to wait for its painting
FAST_S = 0.001


class Run:
    """A stylizer and what is shown with it."""

    def __init__(
        self,
        frame_s: float,
        every: int | None = None,
        lines: int = 160,
        style_fade_s: float = 0.0,
    ) -> None:
        quality_controller = QualityController(64.0, lines=lines)
        quality_controller.pin(every)
        self.stats = Stats()
        self.stylizer = LiveStylizer(
            quality_controller, self.stats, frame_s, style_fade_s=style_fade_s
        )
        self.number = 0

    def show(
        self,
        picture: Picture,
        generator: ImageGenerator,
        style: str = "ink",
        strength: float = 1.0,
        only: str = "all",
        faces: str = "fine",
    ) -> Picture | None:
        self.number += 1
        options = StylizeOptions(style=style, strength=strength, only=only, faces=faces)
        shown = self.stylizer.stylize(frame(picture, self.number), generator, options, 0.1)
        return None if shown is None else shown.picture

    def begin(self, generator: ImageGenerator) -> None:
        """Show the first frame of the pan, with time enough for its painting."""
        frame_s, self.stylizer._frame_s = self.stylizer._frame_s, SLOW_S
        assert self.show(panned(0), generator) is not None
        self.stylizer._frame_s = frame_s

    def let_painters_finish(self) -> None:
        """Wait for the paintings in progress; the next frame collects them."""
        for pending in (self.stylizer._regular, self.stylizer._urgent):
            if pending is not None:
                pending.painted.result(WAIT_S)

    def let_patches_finish(self) -> None:
        """Wait for the painting of disoccluded areas; the next frame collects it."""
        if self.stylizer._pending_patch is not None:
            self.stylizer._pending_patch.painted.result(WAIT_S)


@pytest.fixture
def runs() -> Iterator[list[Run]]:
    made = list[Run]()
    yield made
    for run in made:
        run.stylizer.close()


def off(shown: Picture | None, wanted: Picture, border: int = 12) -> float:
    """Mean difference of luma inside, in levels."""
    assert shown is not None
    inside = (slice(border, -border), slice(border, -border))
    return float(np.mean(np.abs(shown.y[inside].astype(int) - wanted.y[inside])))


def negative(picture: Picture) -> Picture:
    return Picture.from_rgb(255 - picture.to_rgb())


def test_with_time_enough_every_frame_is_its_own_painting(runs: list[Run]) -> None:
    runs.append(Run(SLOW_S, every=1))
    for number in range(4):
        picture = panned(number)
        assert off(runs[0].show(picture, Inverter()), negative(picture)) < 4
    assert runs[0].stats["cuts"] == 0


def test_a_new_style_fades_in(runs: list[Run]) -> None:
    runs.append(Run(SLOW_S, every=1, style_fade_s=0.4))  # 12 frames
    run = runs[0]
    shades = []
    for number in range(18):
        ink = number < 4
        shown = run.show(panned(0), Flat(40 if ink else 200), "ink" if ink else "oil")
        assert shown is not None
        shades.append(float(shown.to_rgb().mean()))
    assert np.allclose(shades[:5], 40, atol=2)
    assert np.allclose(shades[4:17], np.linspace(40, 200, 13), atol=6)
    assert shades[17] == pytest.approx(200, abs=2)


def test_a_dark_room_is_painted_in_even_light(runs: list[Run]) -> None:
    dark = Picture.from_rgb(noise_image(160, 208, seed=2) // 4)
    bright, copy = Inverter(), Inverter()
    bright.normalizes_exposure = True
    means = []
    for generator in (copy, bright):
        run = Run(SLOW_S, every=1)
        runs.append(run)
        for _ in range(3):
            shown = run.show(dark, generator)
        assert shown is not None
        means.append(shown.y.mean())
    assert means[1] < means[0] - 15  # brighter before, so darker inverted


def test_the_display_does_not_wait_for_the_network(runs: list[Run]) -> None:
    runs.append(Run(0.02, every=1))
    run, held = runs[0], Inverter(held=True)
    run.begin(Inverter())
    threads = threading.active_count()
    shown = [run.show(panned(number), held) for number in range(1, 6)]
    held.free.set()
    assert all(picture is not None for picture in shown)
    assert not held.waited_in_vain  # the painter would have held the display for all of its wait
    assert threading.active_count() <= threads + 1


def test_between_keyframes_the_painting_moves_with_the_scene(runs: list[Run]) -> None:
    runs.append(Run(0.02, every=1000))
    run = runs[0]
    run.begin(Inverter())
    for number in range(1, 6):
        picture = panned(number)
        shown = run.show(picture, Inverter())
        assert off(shown, negative(picture), border=24) < 6  # where all of it was in view before
        assert off(shown, negative(panned(0)), border=24) > off(shown, negative(picture), 24)


def test_a_painting_that_comes_late_is_carried_to_the_present(runs: list[Run]) -> None:
    runs.append(Run(FAST_S, every=1))
    run, held = runs[0], Inverter(held=True)
    run.begin(Flat(200))
    for number in range(1, 6):
        run.show(panned(number), held)  # begun with the first of these
    held.free.set()
    run.let_painters_finish()
    for number in range(6, 12):
        picture = panned(number)
        shown = run.show(picture, held)
    assert off(shown, negative(picture), border=24) < 12


def test_a_new_painting_fades_in(runs: list[Run]) -> None:
    runs.append(Run(FAST_S, every=4))
    run, still = runs[0], panned(0)
    run.begin(Flat(60))
    means = [float(Flat(60).paint_picture(still).y.mean())]
    for _ in range(12):
        shown = run.show(still, Flat(220))
        assert shown is not None
        means.append(float(shown.y.mean()))
        run.let_painters_finish()
    steps = np.diff(means)
    assert means[-1] - means[0] > 100  # from one to the other
    assert steps.max() < 0.8 * (means[-1] - means[0])  # but not at once


def test_another_style_is_shown_in_the_same_frame(runs: list[Run]) -> None:
    runs.append(Run(SLOW_S, every=3))
    run = runs[0]
    for number in range(5):
        run.show(panned(number), Flat(60), style="ink")
    shown = run.show(panned(5), Flat(220), style="oil")
    assert shown is not None
    assert shown.y.min() > 180


def test_another_style_does_not_wait_for_the_painter_of_the_last(runs: list[Run]) -> None:
    runs.append(Run(SLOW_S, every=1))
    run, held = runs[0], Inverter(held=True)
    run.show(panned(0), Flat(60), style="ink")
    run.stylizer._frame_s = FAST_S  # do not wait for the held one
    run.show(panned(1), held, style="ink")
    run.stylizer._frame_s = SLOW_S
    shown = run.show(panned(2), Flat(220), style="oil")
    held.free.set()
    assert shown is not None
    assert shown.y.min() > 180


def test_a_new_scene_is_painted_at_once_and_shows_nothing_of_the_old(runs: list[Run]) -> None:
    runs.append(Run(SLOW_S, every=1000))
    run = runs[0]
    for number in range(4):
        run.show(panned(number), Inverter())
    other = Picture.from_rgb(255 - noise_image(160, 256, seed=9, blur=3))
    shown = run.show(other, Inverter())
    assert run.stats["cuts"] == 1
    assert off(shown, negative(other)) < 10


def test_a_first_painting_is_small_when_time_is_short(runs: list[Run]) -> None:
    runs.append(Run(0.01, lines=160))
    inverter = Inverter()
    runs[0].stylizer._quality_controller.painted(0.5, 1.0, small_network=False)
    runs[0].show(panned(0), inverter)
    runs[0].let_painters_finish()
    assert inverter.sizes[0][0] == 120


def test_strength_nought_is_the_camera(runs: list[Run]) -> None:
    runs.append(Run(SLOW_S))
    picture = panned(0)
    assert off(runs[0].show(picture, Inverter(), strength=0.0), picture) == 0


def test_the_painted_part_can_change_between_two_frames(
    runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person_mask, "segment", right_half)
    run = Run(SLOW_S, every=1)
    runs.append(run)
    for number, only in enumerate(("person", "person", "background", "all", "person")):
        seen = panned(number)
        shown = run.show(seen, Flat(250), only=only)
        assert shown is not None
        changed = np.abs(shown.y.astype(int) - seen.y) > 0
        left, right = changed[:, :100].mean() > 0.5, changed[:, 156:].mean() > 0.5
        assert (left, right) == (only != "person", only != "background")


def test_another_size_begins_anew(runs: list[Run]) -> None:
    runs.append(Run(SLOW_S))
    runs[0].show(panned(0), Inverter())
    smaller = panned(0, width=128, height=96)
    shown = runs[0].show(smaller, Inverter())
    assert off(shown, negative(smaller)) < 4


def test_a_painter_that_fails_ends_the_run(runs: list[Run]) -> None:
    runs.append(Run(SLOW_S))
    with pytest.raises(ValueError, match="no paint"):
        runs[0].show(panned(0), Broken())


def test_no_painter_is_left_behind() -> None:
    before = set(threading.enumerate())
    run = Run(SLOW_S, every=1)
    for number in range(3):
        run.show(panned(number), Inverter())
    run.stylizer.close()
    assert set(threading.enumerate()) == before


def test_what_comes_into_view_is_shown_in_the_painting_s_tones(runs: list[Run]) -> None:
    """The camera moves on while the painter is busy: no streaks where nothing is painted yet."""
    runs.append(Run(FAST_S, every=1))
    run, held = runs[0], Inverter(held=True)
    run.begin(Darkener())
    for number in range(1, 16):
        picture = panned(number, step=4)
        shown = run.show(picture, held)
    held.free.set()
    assert shown is not None
    new = (slice(10, -10), slice(-48, -10))
    wanted = Darkener().paint_picture(picture).y[new].astype(int)
    assert np.abs(shown.y[new] - wanted).mean() < 4
    assert np.corrcoef(shown.y[new].ravel(), wanted.ravel())[0, 1] > 0.9


def test_a_cut_that_the_network_is_too_slow_for_shows_nothing_of_the_old_scene(
    runs: list[Run],
) -> None:
    """At overload the new scene moves on in the painting's tones until its first painting."""
    runs.append(Run(FAST_S, every=1))
    run, held = runs[0], Inverter(held=True)
    run.begin(Darkener())
    for number in range(3):
        new = mirrored(panned(number))
        shown = run.show(new, held)
        assert run.stats["cuts"] == 1
        assert correlation(shown, new) > 0.9
    held.free.set()
    run.let_painters_finish()
    assert off(run.show(new, Inverter()), negative(new)) < 8


def test_cuts_in_a_row_leave_no_queue_of_paintings(runs: list[Run]) -> None:
    runs.append(Run(FAST_S, every=1))
    run, held = runs[0], Inverter(held=True)
    run.begin(Darkener())
    for number in range(8):  # each faster than a painting
        picture = Picture.from_rgb(noise_image(160, 256, seed=20 + number, blur=3))
        run.show(picture, held)
    assert run.stats["cuts"] == 8
    held.free.set()
    run.let_painters_finish()
    assert off(run.show(picture, Inverter()), negative(picture)) < 8
    assert len(held.sizes) <= 3  # two were in progress; of the others only the last was painted


def test_large_areas_that_come_into_view_are_painted_before_the_next_keyframe(
    runs: list[Run],
) -> None:
    runs.append(Run(FAST_S, every=1))
    run, held = runs[0], Inverter(held=True)
    run.begin(Inverter())
    run.show(panned(1, step=4), held)  # the next keyframe, and far from finished
    for number in range(2, 16):
        picture = panned(number, step=4)
        shown = run.show(picture, Inverter())
        run.let_patches_finish()
    new = (slice(10, -10), slice(-44, -10))
    assert shown is not None
    assert np.abs(shown.y[new].astype(int) - negative(picture).y[new]).mean() < 12
    assert run.stylizer._regular is not None
    assert not run.stylizer._regular.painted.done()
    held.free.set()


def mirrored(picture: Picture) -> Picture:
    """Another scene of the same brightness."""
    return Picture.from_rgb(np.ascontiguousarray(picture.to_rgb()[::-1, ::-1]))


def correlation(shown: Picture | None, wanted: Picture) -> float:
    assert shown is not None
    return float(np.corrcoef(shown.y.ravel(), wanted.y.ravel())[0, 1])


@pytest.mark.parametrize(("faces", "finer"), [("fine", True), ("plain", False)])
def test_keyframes_have_finer_strokes_in_faces(
    faces: str, finer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = panned(0)
    height, width = still.height, still.width
    found = [face_at(width / 2, height / 2)]
    monkeypatch.setattr(keyframe_painter, "find_faces", lambda picture: found)
    run, painter = Run(SLOW_S, every=1), Striped()
    for _ in range(3):
        shown = run.show(still, painter, faces=faces)
        run.let_painters_finish()
    assert shown is not None
    inside = shown.y[height // 2, width // 2 - 16 : width // 2 + 16]
    assert (stripes(inside) >= 8) is finer
