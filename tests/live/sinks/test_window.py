"""The window: what it shows, with SDL's dummy driver."""

import re
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from tests.clips import patches
from tests.live.scene import frame
from vidstyle.errors import MissingExtraError, SinkError
from vidstyle.extras import install_hint
from vidstyle.frame import Picture
from vidstyle.live.controls import Command, Controls, ControlState
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.sinks.overlay import Status
from vidstyle.live.sinks.window import Window, shown_image

pygame = pytest.importorskip("pygame")

STATUS = Status("ink", 30.0, 20.0, 40.0, 0, "360 lines, every 3", 1.0, False, ("ink", "oil", "wax"))
HALVES = (0.25, 0.75)  # of the width: where to look


def output() -> OutputFrame:
    stylized = Picture.from_rgb(np.ascontiguousarray(255 - patches(64, 48)))
    return OutputFrame(frame(stylized, 1), Picture.from_rgb(patches(64, 48)))


def color_at(image: np.ndarray, x: float, y: float) -> np.ndarray:
    height, width = image.shape[:2]
    return np.asarray(image[int(y * height), int(x * width)], int)


def close(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.abs(a - b).max() < 12)


def test_the_window_is_a_mirror_unless_told_otherwise() -> None:
    painted = 255 - patches(64, 48).astype(int)
    for mirrored in (True, False):
        image = shown_image(output(), ControlState(mirrored=mirrored), 128, 96)
        assert image.shape == (96, 128, 3)
        left = painted[:, ::-1] if mirrored else painted
        assert close(color_at(image, 0.25, 0.25), color_at(left, 0.25, 0.25))


def test_a_split_shows_the_original_beside_the_painting() -> None:
    image = shown_image(output(), ControlState(split=True, mirrored=False), 64, 48)
    original = patches(64, 48)
    assert close(color_at(image, 0.25, 0.25), color_at(original, 0.25, 0.25))
    assert close(color_at(image, 0.75, 0.75), 255 - color_at(original, 0.75, 0.75))


@pytest.mark.parametrize("size_wh", [(64, 200), (300, 48), (33, 33)])
def test_proportions_stay_in_any_window(size_wh: tuple[int, int]) -> None:
    height, width = shown_image(output(), ControlState(), *size_wh).shape[:2]
    assert abs(width / height - 64 / 48) < 0.05
    assert (width, height)[0] <= size_wh[0] and height <= size_wh[1]


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    window = Window(128, 96)
    yield window
    window.close()


def press(key: int, typed: str = "") -> None:
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key, unicode=typed))


class Host:
    """A session that ends after some rounds and puts a frame into the window in each."""

    def __init__(self, window: Window, controls: Controls, rounds: int) -> None:
        self.controls = controls
        self.asked = list[tuple[Command, OutputFrame | None]]()
        self.dropped = list[str]()
        self._window, self._left = window, iter(range(rounds))

    def poll(self) -> bool:
        self._window.outputs.put(output())
        return next(self._left, None) is not None

    def perform(self, command: Command, shown: OutputFrame | None) -> str:
        self.asked.append((command, shown))
        return "did it"

    def open_style(self, file: str) -> str:
        self.dropped.append(file)
        return "got it"

    def status(self) -> Status:
        return STATUS


def run(
    window: Window, controls: Controls, rounds: int = 5
) -> list[tuple[Command, OutputFrame | None]]:
    """Let a window run for some rounds, with a frame in each; return the commands it passed on."""
    host = Host(window, controls, rounds)
    window.run(host)
    return host.asked


def test_views_are_shown_and_timed(window: Window) -> None:
    run(window, Controls(3, ControlState(overlay=False), lambda: 3))
    surface = pygame.display.get_surface()
    painted = 255 - patches(64, 48)[:, ::-1].astype(int)
    assert close(np.array(surface.get_at((32, 24))[:3]), color_at(painted, 0.25, 0.25))
    assert window.meter.count == 5


def test_keys_reach_the_controls(window: Window) -> None:
    controls = Controls(3, ControlState(), lambda: 3)
    press(pygame.K_RIGHT)
    press(pygame.K_c, "c")
    press(pygame.K_MINUS, "-")
    assert run(window, controls) == []
    state = controls.state
    assert (state.style_number, state.keep_colors, state.strength) == (1, True, 0.9)


def test_other_keys_and_the_close_button_are_passed_on(window: Window) -> None:
    run(window, Controls(3, ControlState(), lambda: 3))
    press(pygame.K_s, "s")
    press(pygame.K_r, "r")
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    asked = run(window, Controls(3, ControlState(), lambda: 3))
    assert [command for command, _ in asked] == [Command.SNAPSHOT, Command.RECORD, Command.QUIT]
    assert all(shown is not None for _, shown in asked)


def test_dropped_files_are_passed_on(window: Window) -> None:
    host = Host(window, Controls(3, ControlState(), lambda: 3), rounds=3)
    pygame.event.post(pygame.event.Event(pygame.DROPFILE, file="painting.jpg"))
    window.run(host)
    assert host.dropped == ["painting.jpg"]


def test_overlay_and_help_are_drawn_over_the_picture(window: Window) -> None:
    run(window, Controls(3, ControlState(overlay=False), lambda: 3))
    plain = pygame.surfarray.array3d(pygame.display.get_surface()).copy()
    run(window, Controls(3, ControlState(overlay=True), lambda: 3))
    numbers = pygame.surfarray.array3d(pygame.display.get_surface()).copy()
    run(window, Controls(3, ControlState(overlay=True, help=True), lambda: 3))
    helped = pygame.surfarray.array3d(pygame.display.get_surface())
    assert (plain != numbers).any()
    assert (helped != numbers).sum() > (plain != numbers).sum()


def test_a_change_of_style_shows_the_menu_of_styles(window: Window) -> None:
    controls = Controls(3, ControlState(overlay=False), lambda: 3)
    run(window, controls)
    before = pygame.surfarray.array3d(pygame.display.get_surface()).copy()
    press(pygame.K_RIGHT)
    run(window, controls, rounds=1)
    assert (pygame.surfarray.array3d(pygame.display.get_surface()) != before).any()


def test_f11_fills_the_screen_and_escape_leaves_it(window: Window) -> None:
    controls = Controls(3, ControlState(), lambda: 3)
    press(pygame.K_F11)
    run(window, controls, rounds=1)
    assert pygame.display.get_surface().get_size() == pygame.display.get_desktop_sizes()[0]
    press(pygame.K_ESCAPE)
    assert run(window, controls, rounds=1) == []  # not to be taken for q
    assert pygame.display.get_surface().get_size() == (128, 96)
    press(pygame.K_ESCAPE)
    assert run(window, controls, rounds=1)[0][0] is Command.QUIT


def test_without_a_display_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SinkError, match=r"no display.*Run without one"):
        Window(64, 48)


def test_a_window_that_cannot_be_opened_leaves_no_display_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise pygame.error("no video mode")

    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr(pygame.display, "set_mode", fail)
    with pytest.raises(SinkError, match=r"can be opened \(no video mode\)"):
        Window(64, 48)
    assert not pygame.display.get_init()


def test_without_pygame_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(MissingExtraError, match=re.escape(install_hint("live"))):
        Window(64, 48)
