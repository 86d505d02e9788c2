"""Where results go, and what is said about them."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from vidstyle.errors import SinkError


@dataclass(frozen=True, slots=True)
class Result:
    """What one finished job did."""

    input: Path
    output: Path
    style: str
    frames: int
    keyframes: int
    seconds: float
    output_bytes: int
    damage: list[str] = field(default_factory=list)  # what of the input could not be read
    warnings: list[str] = field(default_factory=list)  # what else differs from it

    @property
    def fps(self) -> float:
        return self.frames / self.seconds


def check_target(input: Path, output: Path, overwrite: bool) -> None:
    """Find out before any work whether the output can be written.

    Raises:
        SinkError: it is the input, exists already, or its folder cannot be written to.
    """
    if output.exists() and input.exists() and output.samefile(input):
        raise SinkError(f"{output} is the input itself. Choose another name with -o.")
    if output.is_dir():
        raise SinkError(f"{output} is a folder. Give a file name with -o.")
    if output.exists() and not overwrite:
        raise SinkError(f"{output} exists. Use --overwrite to replace it, or -o for another name.")
    folder = output.parent
    if not folder.is_dir():
        raise SinkError(f"There is no folder {folder}. Make it first, or choose another with -o.")
    if not os.access(folder, os.W_OK):
        raise SinkError(f"The folder {folder} may not be written to. Choose another with -o.")
