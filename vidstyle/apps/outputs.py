"""Outputs of conversions: results and failures, checks before any work, and the lock of a run."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vidstyle.apps.arrays import ImageArray
from vidstyle.errors import SinkError, reason
from vidstyle.media.output_lock import output_lock
from vidstyle.results import FileResult
from vidstyle.stats import per_second

# Devices that a name opens, with any suffix, and characters that no name has. A colon would name
# a stream inside another file.
RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[1-9¹²³]) *(\..*)?|.*[<>:\"|?*\x00-\x1f].*|.*[ .]",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(FileResult):
    """Result of one conversion: of a video, a photo, a preview or a gallery."""

    input: Path | None  # None for inputs that are not paths
    style: str  # name, as in names of outputs; "all" for a gallery
    frames: int  # written
    keyframes: int  # painted
    damage: list[str] = field(default_factory=list)  # messages on parts that could not be read
    # HxWx3 uint8 RGB, or HxWx4 with alpha; None if a file was written
    image: ImageArray | None = field(default=None, repr=False, compare=False)

    @property
    def fps(self) -> float:
        """Frames per second over the whole run."""
        return per_second(self.frames, self.seconds)


@dataclass(frozen=True, slots=True)
class Failure:
    """Input without a result, and its error."""

    input: Path
    error: Exception  # a VidstyleError; any other exception is a bug


@contextmanager
def claimed_target(input: Path | None, output: Path, overwrite: bool) -> Iterator[None]:
    """Check and lock an output for the block; partial files of killed runs are deleted.

    Args:
        input: path of the input; None for inputs that are not paths.
        output: path to write.
        overwrite: whether an existing file may be replaced.

    Raises:
        SinkError: as `check_target`, or another run is writing the output.
    """
    check_target(input, output, overwrite)
    with output_lock(output):
        check_target(input, output, overwrite)  # another run may just have ended
        yield


def check_target(
    input: Path | None, output: Path, overwrite: bool, setting: str = "output"
) -> None:
    """Check before any work that an output can be written.

    Args:
        input: path of the input; None for inputs that are not paths.
        output: path to write.
        overwrite: whether an existing file may be replaced.
        setting: name of the setting that holds the output, for the error's cures.

    Raises:
        SinkError: the output is the input or a folder, it exists without `overwrite`, its folder
            is missing or not writable, or Windows gives no file such a name.
    """
    if sys.platform == "win32" and is_reserved(output.name):
        raise SinkError(
            f"{output} is no name for a file on Windows: device names, a dot or a space at the "
            'end, and < > : " | ? * are not allowed. Choose another.',
            {setting: ...},
        )
    taken = _is_taken(output)
    another_path = {setting: ...}
    if input is not None and output.exists() and input.exists() and output.samefile(input):
        raise SinkError(f"{output} is the input itself. Choose another name.", another_path)
    if output.is_dir():
        raise SinkError(f"{output} is a folder. Give a file name.", another_path)
    if taken and not overwrite:
        raise SinkError(
            f"{output} exists. Allow overwriting, or choose another name.",
            {"overwrite": True},
            another_path,
        )
    folder = output.parent
    if not folder.is_dir():
        raise SinkError(
            f"There is no folder {folder}. Make it first, or choose another.", another_path
        )
    if not os.access(folder, os.W_OK):
        raise SinkError(f"The folder {folder} may not be written to. Choose another.", another_path)


def is_reserved(name: str) -> bool:
    """Whether Windows gives no file this name, or opens a device in its place."""
    return RESERVED.fullmatch(name) is not None


def _is_taken(output: Path) -> bool:
    """Whether a file of this name exists, or a dangling symbolic link."""
    try:
        output.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # as for a name that is too long
        raise SinkError(f"Cannot write {output}: {reason(error)}.") from error
    return True
