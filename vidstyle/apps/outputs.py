"""Where results go, and what is said about them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vidstyle.apps.arrays import ImageArray
from vidstyle.errors import SinkError, reason
from vidstyle.media.atomic import output_lock
from vidstyle.results import FileResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(FileResult):
    """Result of one conversion: of a video, a photo, a preview or a gallery."""

    input: Path | None  # None where it was no path
    style: str
    frames: int
    keyframes: int
    damage: list[str] = field(default_factory=list)  # what of the input could not be read
    # HxWx3 uint8 RGB, with alpha HxWx4; only where nothing was written
    image: ImageArray | None = field(default=None, repr=False, compare=False)

    @property
    def fps(self) -> float:
        return self.frames / self.seconds


@contextmanager
def claimed_target(input: Path | None, output: Path, overwrite: bool) -> Iterator[None]:
    """Lock an output for a run; find out before any work whether it can be written.

    Partials that killed runs left of the output are deleted.

    Raises:
        SinkError: as `check_target`, or another run is writing the output.
    """
    check_target(input, output, overwrite)
    with output_lock(output):
        check_target(input, output, overwrite)  # another run may have ended just now
        yield


def check_target(
    input: Path | None, output: Path, overwrite: bool, setting: str = "output"
) -> None:
    """Find out before any work whether the output, which `setting` names, can be written.

    Raises:
        SinkError: it is the input, exists already, or its folder cannot be written to.
    """
    taken = _is_taken(output)
    elsewhere = {setting: ...}
    if input is not None and output.exists() and input.exists() and output.samefile(input):
        raise SinkError(f"{output} is the input itself. Choose another name.", elsewhere)
    if output.is_dir():
        raise SinkError(f"{output} is a folder. Give a file name.", elsewhere)
    if taken and not overwrite:
        raise SinkError(
            f"{output} exists. Allow overwriting, or choose another name.",
            {"overwrite": True},
            elsewhere,
        )
    folder = output.parent
    if not folder.is_dir():
        raise SinkError(
            f"There is no folder {folder}. Make it first, or choose another.", elsewhere
        )
    if not os.access(folder, os.W_OK):
        raise SinkError(f"The folder {folder} may not be written to. Choose another.", elsewhere)


def _is_taken(output: Path) -> bool:
    """Whether there is a file of this name, or a link that leads nowhere."""
    try:
        output.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # a name that is too long, for one
        raise SinkError(f"Cannot write {output}: {reason(error)}.") from error
    return True
