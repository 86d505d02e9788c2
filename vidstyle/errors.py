"""Exceptions: the `VidstyleError` family, with cures (settings to try again with), and notes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Self

Cure = Mapping[str, object]
ELSEWHERE: Cure = {"output": ...}
# In messages of OpenCV, ONNX Runtime, PyTorch, Python and the dynamic linker.
OUT_OF_MEMORY = re.compile(
    r"insufficient memory|(can't|cannot|failed to) (re)?alloc|bad.?alloc|start new thread"
    r"|failed to map segment",
    re.IGNORECASE,
)
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")  # a terminal obeys them
FUNCTIONS = {
    "convert": "stylize_video",
    "image": "stylize_photo",
    "live": "run_live",
}  # in Python, by command


class VidstyleError(Exception):
    """Error that a user can act on; the message states the problem, then the remedy.

    `message` names no flags. `cures` are alternative remedies for callers that present them in
    their own way (flags, buttons): each maps names of settings to the values to try again with.
    None removes a setting; an ellipsis stands for a value of the user's choice. The name "output"
    means the output's path, "command" another command of the command line. `str(error)` is the
    message with the cures as Python arguments, as in "film.mp4 exists. Allow overwriting, or
    choose another name (overwrite=True)."
    """

    def __init__(self, message: str, *cures: Cure) -> None:
        super().__init__(message)
        self.message, self.cures = message, cures

    def __str__(self) -> str:
        return with_remedies(
            self.message, [words for words in map(_in_python, self.cures) if words]
        )


class SourceError(VidstyleError):
    """Input that cannot be opened, or not be read any further."""


class SinkError(VidstyleError):
    """Output that cannot be written, or failed its verification."""


class LockedError(SinkError):
    """Output that another run is writing."""


class DeviceError(VidstyleError):
    """Audio device, input or output, that is missing or does not start."""


class StyleError(VidstyleError):
    """Style that is unknown, broken or not a generator, or a generator that failed."""


class OptionError(VidstyleError):
    """Setting with an invalid value; `settings` are the names of settings in the message."""

    def __init__(self, message: str, *settings: str) -> None:
        super().__init__(message)
        self.settings = settings


class MissingExtraError(VidstyleError):
    """Feature that needs the packages of an optional extra."""


class ClusterError(VidstyleError):
    """Cluster that cannot be reached, or whose workers fail."""


class Cancelled(VidstyleError):  # noqa: N818 - not an error
    """Run that its caller cancelled; no output is left behind."""


class Note(str):
    """Warning on a result, with the settings that avoid it as `cures`; see `VidstyleError`."""

    cures: tuple[Cure, ...]

    def __new__(cls, text: str, *cures: Cure) -> Self:
        note = super().__new__(cls, text)
        note.cures = cures
        return note


def with_remedies(text: str, remedies: Sequence[str]) -> str:
    """Return a text with remedies in brackets behind its last word."""
    if not remedies:
        return text
    words, stop = text.removesuffix("."), "." * text.endswith(".")
    return f"{words} ({' or '.join(remedies)}){stop}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Question for the known word closest to a misspelled one, " Did you mean udnie?"; or ""."""
    closest = get_close_matches(word, list(known), n=1)
    return f" Did you mean {closest[0]}?" if closest else ""


def _in_python(cure: Cure) -> str:
    """Return a cure as arguments in Python, or as a function; empty if it names no value."""
    if "command" in cure:
        return FUNCTIONS[str(cure["command"])]
    values = {name: value for name, value in cure.items() if value not in (..., None)}
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


def machine_limit(error: BaseException) -> str | None:
    """Message for an error of the machine, not of the program: system calls and memory.

    Returns:
        One sentence with its cause; None for all other errors.
    """
    if isinstance(error, MemoryError) or OUT_OF_MEMORY.search(str(error)):
        return f"Memory ran out ({reason(error)}). Close other programs, or choose a smaller size."
    if isinstance(error, OSError) and error.errno is not None:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{reason(error)}."
    return None


def reason(error: BaseException) -> str:
    """Cause of an error in one line: the system's message if there is one, else the error's own."""
    strerror: str | None = getattr(error, "strerror", None)
    return (strerror or str(error).strip() or type(error).__name__).splitlines()[0]


def printable(text: str) -> str:
    """Replace control characters, which names of files may hold, by escapes; line feeds stay."""
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
