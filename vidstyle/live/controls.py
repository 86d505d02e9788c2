"""What the user has chosen while the filter runs, and the keys that change it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

STRENGTH_STEP = 0.1
USUAL_INTERVAL, LONGEST_INTERVAL = 3, 12  # frames; where pinning begins, and ends


class Command(Enum):
    """What a key asks of others than the picture."""

    SNAPSHOT = "snapshot"
    RECORD = "record"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Look:
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
class Key:
    """A key, what it is for, and what it does to the look, given the number of styles."""

    name: str
    meaning: str
    change: Callable[[Look, int], Look] | Command


def _styled(look: Look, number: int) -> Look:
    return replace(look, number=number, pass_through=False)


def _interval(look: Look, step: int) -> Look:
    every = (look.every or USUAL_INTERVAL) + step
    return replace(look, every=min(max(1, every), LONGEST_INTERVAL))


def _stronger(look: Look, step: float) -> Look:
    return replace(look, strength=round(min(1.0, max(0.0, look.strength + step)), 2))


KEYS: Final = (
    Key("right", "next style", lambda look, n: _styled(look, (look.number + 1) % n)),
    Key("left", "previous style", lambda look, n: _styled(look, (look.number - 1) % n)),
    Key("0", "the camera's own picture", lambda look, n: replace(look, pass_through=True)),
    Key("1-9", "a style by its number", lambda look, n: look),
    Key("+", "stronger", lambda look, n: _stronger(look, STRENGTH_STEP)),
    Key("-", "weaker", lambda look, n: _stronger(look, -STRENGTH_STEP)),
    Key("[", "more keyframes", lambda look, n: _interval(look, -1)),
    Key("]", "fewer keyframes", lambda look, n: _interval(look, 1)),
    Key("a", "keyframes as the load allows", lambda look, n: replace(look, every=None)),
    Key("c", "keep colours", lambda look, n: replace(look, keep_colors=not look.keep_colors)),
    Key("m", "mirror the window", lambda look, n: replace(look, mirrored=not look.mirrored)),
    Key("f", "freeze", lambda look, n: replace(look, frozen=not look.frozen)),
    Key("v", "compare: half and half", lambda look, n: replace(look, split=not look.split)),
    Key("o", "numbers", lambda look, n: replace(look, overlay=not look.overlay)),
    Key("h", "this help", lambda look, n: replace(look, help=not look.help)),
    Key("s", "snapshot", Command.SNAPSHOT),
    Key("r", "record, start and stop", Command.RECORD),
    Key("q", "quit", Command.QUIT),
)


class Controls:
    """The look of this moment. Keys change it in one thread; all others only read it."""

    def __init__(self, styles: int, look: Look) -> None:
        self._styles, self._look = styles, look
        self._lock = threading.Lock()

    @property
    def look(self) -> Look:
        return self._look  # frozen, so reading needs no lock

    def press(self, name: str) -> Command | None:
        """Do what a key is for; unknown keys do nothing."""
        if name in "123456789" and len(name) == 1:
            if int(name) <= self._styles:
                self._change(lambda look, n: _styled(look, int(name) - 1))
            return None
        for key in KEYS:
            if key.name == name:
                if isinstance(key.change, Command):
                    return key.change
                self._change(key.change)
        return None

    def _change(self, change: Callable[[Look, int], Look]) -> None:
        with self._lock:
            self._look = change(self._look, self._styles)
