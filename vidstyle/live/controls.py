"""What the user has chosen while the filter runs, and the keys that change it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

STRENGTH_STEP = 0.1
LONGEST_INTERVAL = 12  # frames


class Command(Enum):
    """What a key asks of others than the picture."""

    SNAPSHOT = "snapshot"
    RECORD = "record"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class ControlState:
    """How the picture is to look, in the window and elsewhere."""

    number: int = 0  # of the style
    pass_through: bool = False
    strength: float = 1.0
    keep_colors: bool = False
    every: int | None = None  # pinned interval; None follows the load
    frozen: bool = False
    mirrored: bool = True  # the window only, as the next three
    split: bool = False
    overlay: bool = True
    help: bool = False


@dataclass(frozen=True, slots=True)
class Now:
    """What a change of the look starts from."""

    styles: int  # to choose from
    every: int  # the interval, pinned or not


@dataclass(frozen=True, slots=True)
class KeyBinding:
    """A key, what it is for, and what it does to the look."""

    name: str
    meaning: str
    change: Callable[[ControlState, Now], ControlState] | Command


def _styled(look: ControlState, number: int) -> ControlState:
    return replace(look, number=number, pass_through=False)


def _interval(look: ControlState, every: int) -> ControlState:
    return replace(look, every=min(max(1, every), LONGEST_INTERVAL))


def _stronger(look: ControlState, step: float) -> ControlState:
    return replace(look, strength=round(min(1.0, max(0.0, look.strength + step)), 2))


KEYS: Final = (
    KeyBinding(
        "right", "next style", lambda look, now: _styled(look, (look.number + 1) % now.styles)
    ),
    KeyBinding(
        "left", "previous style", lambda look, now: _styled(look, (look.number - 1) % now.styles)
    ),
    KeyBinding("0", "the camera's own picture", lambda look, now: replace(look, pass_through=True)),
    KeyBinding("1-9", "a style by its number", lambda look, now: look),
    KeyBinding("+", "stronger", lambda look, now: _stronger(look, STRENGTH_STEP)),
    KeyBinding("-", "weaker", lambda look, now: _stronger(look, -STRENGTH_STEP)),
    KeyBinding("[", "more keyframes", lambda look, now: _interval(look, now.every - 1)),
    KeyBinding("]", "fewer keyframes", lambda look, now: _interval(look, now.every + 1)),
    KeyBinding("a", "keyframes as the load allows", lambda look, now: replace(look, every=None)),
    KeyBinding(
        "c", "keep colors", lambda look, now: replace(look, keep_colors=not look.keep_colors)
    ),
    KeyBinding(
        "m", "mirror the window", lambda look, now: replace(look, mirrored=not look.mirrored)
    ),
    KeyBinding("f", "freeze", lambda look, now: replace(look, frozen=not look.frozen)),
    KeyBinding(
        "v", "compare: half and half", lambda look, now: replace(look, split=not look.split)
    ),
    KeyBinding("o", "numbers", lambda look, now: replace(look, overlay=not look.overlay)),
    KeyBinding("h", "this help", lambda look, now: replace(look, help=not look.help)),
    KeyBinding("s", "snapshot", Command.SNAPSHOT),
    KeyBinding("r", "record, start and stop", Command.RECORD),
    KeyBinding("q", "quit", Command.QUIT),
)


class Controls:
    """The look of this moment. Keys change it in one thread; all others only read it."""

    def __init__(self, styles: int, look: ControlState, every: Callable[[], int]) -> None:
        """Take the first look.

        Args:
            styles: how many there are.
            look: to begin with.
            every: the interval that the load has brought about, while none is pinned.
        """
        self._styles, self._look, self._every = styles, look, every
        self._lock = threading.Lock()

    @property
    def look(self) -> ControlState:
        return self._look  # frozen, so reading needs no lock

    def press(self, name: str) -> Command | None:
        """Do what a key is for; unknown keys do nothing."""
        if name in "123456789" and len(name) == 1:
            if int(name) <= self._styles:
                self._change(lambda look, now: _styled(look, int(name) - 1))
            return None
        for key in KEYS:
            if key.name == name:
                if isinstance(key.change, Command):
                    return key.change
                self._change(key.change)
        return None

    def _change(self, change: Callable[[ControlState, Now], ControlState]) -> None:
        with self._lock:
            now = Now(self._styles, self._look.every or self._every())
            self._look = change(self._look, now)
