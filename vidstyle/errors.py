"""What can go wrong, by where. `VidstyleError` is the one thing a caller must catch."""


class VidstyleError(Exception):
    """Something a user can act on: the message says what happened and what to do."""


class SourceError(VidstyleError):
    """The input cannot be opened, or cannot be read any further."""


class SinkError(VidstyleError):
    """The output cannot be written, or does not hold what was written to it."""


class DeviceError(VidstyleError):
    """A microphone or a sound output is missing, or does not start."""


class StyleError(VidstyleError):
    """The style is unknown, broken or not a generator."""


class OptionError(VidstyleError):
    """A setting has a value that makes no sense."""


class MissingExtraError(VidstyleError):
    """A feature needs packages that a plain install leaves out."""


class Cancelled(VidstyleError):  # noqa: N818 - no error, an end
    """The caller asked a run to end before it was done; no output is left behind."""


def reason(error: BaseException) -> str:
    """What went wrong, in one line."""
    strerror: str | None = getattr(error, "strerror", None)
    return (strerror or str(error).strip() or type(error).__name__).splitlines()[0]
