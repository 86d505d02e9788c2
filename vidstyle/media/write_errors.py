"""Write errors of an output: errors of the disk and of FFmpeg as one-line `SinkError`."""

from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path

import av

from vidstyle.errors import SinkError, reason


@contextmanager
def sink_errors(path: Path, note: str, setting: str = "output") -> Iterator[None]:
    """Raise errors of the disk and of FFmpeg in the block as `SinkError`.

    Args:
        path: of the output, for the message.
        note: end of the message: what is left of the output.
        setting: that holds the path, the cure for a full disk.
    """
    try:
        yield
    except (OSError, av.FFmpegError) as error:
        message = f"Cannot write {path}: {reason(error)}. {note}"
        if error.errno != ENOSPC:
            raise SinkError(message) from error
        hint = "Make room, or choose another disk."
        raise SinkError(f"{message} {hint}", {setting: ...}) from error
