"""Live controls: the settings that keys change while the filter runs, and the key bindings."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from vidstyle.options import PAINTED

STRENGTH_STEP = 0.1
LONGEST_INTERVAL = 12  # frames
SECOND_DIGIT_S = 1.0  # from the first digit of a style's number to the second


class Command(Enum):
    """Command of a key that the session executes, instead of a change of the settings."""

    SNAPSHOT = "snapshot"
    RECORD = "record"
    FULLSCREEN = "fullscreen"  # of the window, which executes it itself
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class ControlState:
    """Settings of the filter that keys change; immutable."""

    style_number: int = 0  # index in the style menu, from 0
    pass_through: bool = False  # show the camera's own picture
    strength: float = 1.0  # of the style, 0..1
    keep_colors: bool = False
    only: str = "all"  # painted part, one of `PAINTED`
    faces: str = "fine"  # strokes of small faces, one of `FACES`; no key changes it
    every: int | None = None  # pinned keyframe interval, in frames; None follows the load
    frozen: bool = False
    mirrored: bool = True  # of the window only, as are the four below
    split: bool = False  # left half original, right half stylized
    overlay: bool = True  # style and frame rate
    numbers: bool = False  # in the overlay, measurements for experts too
    help: bool = False


@dataclass(frozen=True, slots=True)
class ControlContext:
    """Values that a key's change of the settings depends on."""

    styles: int  # number of styles in the menu
    every: int  # current keyframe interval, pinned or chosen by the load


@dataclass(frozen=True, slots=True)
class KeyBinding:
    """Key binding: a key, its help text, and its change of the settings or its command."""

    name: str  # as the window reports it
    meaning: str
    change: Callable[[ControlState, ControlContext], ControlState] | Command


def _styled(state: ControlState, style_number: int) -> ControlState:
    return replace(state, style_number=style_number, pass_through=False)


def _next_style(state: ControlState, now: ControlContext) -> ControlState:
    return _styled(state, (state.style_number + 1) % now.styles)


def _previous_style(state: ControlState, now: ControlContext) -> ControlState:
    return _styled(state, (state.style_number - 1) % now.styles)


def _interval(state: ControlState, every: int) -> ControlState:
    return replace(state, every=min(max(1, every), LONGEST_INTERVAL))


def _next_overlay(state: ControlState) -> ControlState:
    """Plain, with numbers, and none, in turn."""
    if not state.overlay:
        return replace(state, overlay=True)
    return replace(state, overlay=not state.numbers, numbers=not state.numbers)


def _next_part(state: ControlState) -> ControlState:
    """All, persons and background, in turn."""
    return replace(state, only=PAINTED[(PAINTED.index(state.only) + 1) % len(PAINTED)])


def _stronger(state: ControlState, step: float) -> ControlState:
    return replace(state, strength=round(min(1.0, max(0.0, state.strength + step)), 2))


KEYS: Final = (
    KeyBinding("right", "next style", _next_style),
    KeyBinding("left", "previous style", _previous_style),
    KeyBinding(
        "0", "the camera's own picture", lambda state, now: replace(state, pass_through=True)
    ),
    KeyBinding("1-9", "a style by its number, as 1 2 for 12", lambda state, now: state),
    KeyBinding("+", "stronger", lambda state, now: _stronger(state, STRENGTH_STEP)),
    KeyBinding("-", "weaker", lambda state, now: _stronger(state, -STRENGTH_STEP)),
    KeyBinding("[", "more keyframes", lambda state, now: _interval(state, now.every - 1)),
    KeyBinding("]", "fewer keyframes", lambda state, now: _interval(state, now.every + 1)),
    KeyBinding("a", "keyframes as the load allows", lambda state, now: replace(state, every=None)),
    KeyBinding(
        "c", "keep colors", lambda state, now: replace(state, keep_colors=not state.keep_colors)
    ),
    KeyBinding("p", "paint persons only, background only", lambda state, now: _next_part(state)),
    KeyBinding(
        "m", "mirror the window", lambda state, now: replace(state, mirrored=not state.mirrored)
    ),
    KeyBinding("f", "freeze", lambda state, now: replace(state, frozen=not state.frozen)),
    KeyBinding(
        "v", "compare: half and half", lambda state, now: replace(state, split=not state.split)
    ),
    KeyBinding("o", "numbers, then nothing", lambda state, now: _next_overlay(state)),
    KeyBinding("F11", "full screen", Command.FULLSCREEN),
    KeyBinding("h", "keys and styles", lambda state, now: replace(state, help=not state.help)),
    KeyBinding("s", "snapshot", Command.SNAPSHOT),
    KeyBinding("r", "record, start and stop", Command.RECORD),
    KeyBinding("q", "quit", Command.QUIT),
)


class StyleTimer:
    """Timer that goes to the next style a while after the last change; belongs to one thread."""

    def __init__(self, interval_s: float | None) -> None:
        """Set the time between two styles in seconds; None for never."""
        self._interval_s, self._since_s = interval_s, 0.0
        self._shown: ControlState | None = None

    def advance(self, controls: "Controls", now_s: float) -> None:
        """Press the key of the next style if it is time; called several times per second.

        Args:
            controls: that it presses, and whose key presses restart the timer.
            now_s: monotonic time in seconds.
        """
        if self._interval_s is None:
            return
        state = controls.state
        waits = state.frozen or state.pass_through
        if self._shown is None or waits or state.style_number != self._shown.style_number:
            self._shown, self._since_s = state, now_s
        elif now_s - self._since_s >= self._interval_s:
            controls.press("right")


class Controls:
    """Current control state, changed by key presses; any thread may read or press."""

    def __init__(
        self,
        styles: int,
        state: ControlState,
        every: Callable[[], int],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Set the initial state.

        Args:
            styles: number of styles in the menu.
            state: initial control state.
            every: returns the keyframe interval chosen by the load; called for a key press while
                no interval is pinned.
            clock: monotonic clock in seconds, for numbers of two digits.
        """
        self._styles, self._state, self._every = styles, state, every
        self._clock, self._digits, self._digit_s = clock, "", 0.0
        self._lock = threading.Lock()

    @property
    def state(self) -> ControlState:
        return self._state  # immutable, so reading needs no lock

    def press(self, name: str) -> Command | None:
        """Apply a key by its name; return its command, if it has one. Unknown keys do nothing."""
        if len(name) == 1 and name in "0123456789":
            number = self._typed(name)
            if number > 0:
                if number <= self._styles:
                    self._change(lambda state, now: _styled(state, number - 1))
                return None
        for key in KEYS:
            if key.name == name:
                if isinstance(key.change, Command):
                    return key.change
                self._change(key.change)
        return None

    def _typed(self, digit: str) -> int:
        """Number of a digit, with the one before it if both are typed fast and such a style is."""
        with self._lock:
            fast = self._clock() - self._digit_s <= SECOND_DIGIT_S
            both = self._digits + digit if fast else digit
            number = int(both) if int(both) <= self._styles else int(digit)
            self._digits, self._digit_s = digit, self._clock()
            return number

    def select_new(self) -> None:
        """Select a style that was added at the end of the menu."""
        with self._lock:
            self._styles += 1
            self._state = _styled(self._state, self._styles - 1)

    def select(self, style_number: int) -> None:
        """Select a style by its index in the menu, from 0."""
        self._change(lambda state, now: _styled(state, style_number))

    def set(self, **settings: Any) -> None:
        """Set fields of the control state by name."""
        self._change(lambda state, now: replace(state, **settings))

    def _change(self, change: Callable[[ControlState, ControlContext], ControlState]) -> None:
        with self._lock:
            now = ControlContext(self._styles, self._state.every or self._every())
            self._state = change(self._state, now)
