"""Errors by origin, all of the family `VidstyleError`, with the settings that remedy them."""

from collections.abc import Mapping
from typing import Self

Cure = Mapping[str, object]
ELSEWHERE: Cure = {"output": ...}


class VidstyleError(Exception):
    """An error that a user can act on: the message says what happened, and then what to do.

    The message names no flags. `cures` are the ways out, for callers that offer them in words of
    their own (flags, buttons): each maps names of settings to the values to try again with. None
    leaves a setting out; an ellipsis stands for a value of the user's choice. The name "output"
    stands for the output's path, "command" for another command of the command line.
    """

    def __init__(self, message: str, *cures: Cure) -> None:
        super().__init__(message)
        self.cures = cures


class SourceError(VidstyleError):
    """The input cannot be opened, or cannot be read any further."""


class SinkError(VidstyleError):
    """The output cannot be written, or does not hold what was written to it."""


class DeviceError(VidstyleError):
    """A microphone or a sound output is missing, or does not start."""


class StyleError(VidstyleError):
    """The style is unknown, broken or not a generator."""


class OptionError(VidstyleError):
    """A setting has an impossible value; `settings` are the names that the message spells out."""

    def __init__(self, message: str, *settings: str) -> None:
        super().__init__(message)
        self.settings = settings


class MissingExtraError(VidstyleError):
    """A feature needs packages that a plain install leaves out."""


class Cancelled(VidstyleError):  # noqa: N818 - no error, an end
    """The caller asked a run to end before it was done; no output is left behind."""


class Note(str):
    """Remark on a result, with the settings that change it; see `VidstyleError.cures`."""

    cures: tuple[Cure, ...]

    def __new__(cls, text: str, *cures: Cure) -> Self:
        note = super().__new__(cls, text)
        note.cures = cures
        return note


def reason(error: BaseException) -> str:
    """The cause of an error: the system's words if there are any, else its own; one line."""
    strerror: str | None = getattr(error, "strerror", None)
    return (strerror or str(error).strip() or type(error).__name__).splitlines()[0]
