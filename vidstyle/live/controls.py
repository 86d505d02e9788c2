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
class Now:
    """What a change of the look starts from."""

    styles: int  # to choose from
    every: int  # the interval, pinned or not


@dataclass(frozen=True, slots=True)
class Key:
    """A key, what it is for, and what it does to the look."""

    name: str
    meaning: str
    change: Callable[[Look, Now], Look] | Command


def _styled(look: Look, number: int) -> Look:
    return replace(look, number=number, pass_through=False)


def _interval(look: Look, every: int) -> Look:
    return replace(look, every=min(max(1, every), LONGEST_INTERVAL))


def _stronger(look: Look, step: float) -> Look:
    return replace(look, strength=round(min(1.0, max(0.0, look.strength + step)), 2))


KEYS: Final = (
    Key("right", "next style", lambda look, now: _styled(look, (look.number + 1) % now.styles)),
    Key("left", "previous style", lambda look, now: _styled(look, (look.number - 1) % now.styles)),
    Key("0", "the camera's own picture", lambda look, now: replace(look, pass_through=True)),
    Key("1-9", "a style by its number", lambda look, now: look),
    Key("+", "stronger", lambda look, now: _stronger(look, STRENGTH_STEP)),
    Key("-", "weaker", lambda look, now: _stronger(look, -STRENGTH_STEP)),
    Key("[", "more keyframes", lambda look, now: _interval(look, now.every - 1)),
    Key("]", "fewer keyframes", lambda look, now: _interval(look, now.every + 1)),
    Key("a", "keyframes as the load allows", lambda look, now: replace(look, every=None)),
    Key("c", "keep colors", lambda look, now: replace(look, keep_colors=not look.keep_colors)),
    Key("m", "mirror the window", lambda look, now: replace(look, mirrored=not look.mirrored)),
    Key("f", "freeze", lambda look, now: replace(look, frozen=not look.frozen)),
    Key("v", "compare: half and half", lambda look, now: replace(look, split=not look.split)),
    Key("o", "numbers", lambda look, now: replace(look, overlay=not look.overlay)),
    Key("h", "this help", lambda look, now: replace(look, help=not look.help)),
    Key("s", "snapshot", Command.SNAPSHOT),
    Key("r", "record, start and stop", Command.RECORD),
    Key("q", "quit", Command.QUIT),
)


class Controls:
    """The look of this moment. Keys change it in one thread; all others only read it."""

    def __init__(self, styles: int, look: Look, every: Callable[[], int]) -> None:
        """Take the first look.

        Args:
            styles: how many there are.
            look: to begin with.
            every: the interval that the load has brought about, while none is pinned.
        """
        self._styles, self._look, self._every = styles, look, every
        self._lock = threading.Lock()

    @property
    def look(self) -> Look:
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

    def _change(self, change: Callable[[Look, Now], Look]) -> None:
        with self._lock:
            now = Now(self._styles, self._look.every or self._every())
            self._look = change(self._look, now)
