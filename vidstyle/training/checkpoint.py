"""Checkpoint files of a training: written atomically, versioned, and bound to their run."""

from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from vidstyle.errors import SinkError, StyleError, reason
from vidstyle.media.atomic import write_whole

VERSION = 2
AFRESH = {"overwrite": True}


def write_checkpoint(file: Path, about: dict[str, Any], state: dict[str, Any]) -> None:
    """Write a checkpoint; the previous one is replaced when the new one is complete.

    Args:
        file: path to write.
        about: entries that a run must match to continue from it.
        state: tensors, numbers, and lists and dictionaries of them.

    Raises:
        SinkError: the file cannot be written.
    """
    encoded = BytesIO()  # PyTorch's own writer may abort the process on a full disk
    torch.save({"version": VERSION, "about": about, **state}, encoded)
    try:
        write_whole(file, encoded.getbuffer())
    except OSError as error:
        raise SinkError(
            f"Cannot write {file} ({reason(error)}). The checkpoint before it is kept; "
            "make room and resume.",
            {"resume": True},
        ) from error


def read_checkpoint(file: Path, about: dict[str, Any] | None = None) -> dict[str, Any]:
    """Read a checkpoint by `write_checkpoint`.

    Args:
        file: path to read.
        about: entries that must equal those of the checkpoint; None for no comparison.

    Returns:
        The state, with tensors on the CPU.

    Raises:
        StyleError: the file is missing, broken, of another version, or of another run.
    """
    try:
        state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        version, found = state["version"], state["about"]
    except FileNotFoundError as error:
        raise StyleError(
            f"There is no {file} to resume from. Start without resuming.", {"resume": False}
        ) from error
    except Exception as error:  # a broken file fails in the archive, the pickle or the dictionary
        raise StyleError(f"{file} is broken. Start afresh.", AFRESH) from error
    if version != VERSION:
        raise StyleError(
            f"{file} is a checkpoint of version {version}; this vidstyle reads version "
            f"{VERSION}. Start afresh.",
            AFRESH,
        )
    differing = [key for key, value in (about or {}).items() if found.get(key) != value]
    if differing:
        raise StyleError(
            f"{file} was made with another {' and '.join(differing)}. "
            "Resume with what it was started with, or start afresh.",
            AFRESH,
        )
    return state
