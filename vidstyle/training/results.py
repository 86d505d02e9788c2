"""What a training run tells while it runs and at its end; plain data, without PyTorch."""

from dataclasses import dataclass, field
from pathlib import Path

from vidstyle.results import FileResult


@dataclass(frozen=True, slots=True)
class TrainProgress:
    """What is to be shown after a step."""

    step: int
    done: float  # share, 0 to 1
    left_s: float
    losses: dict[str, float]  # mean of the last steps, each times its weight
    saved: bool  # a checkpoint was written just now


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult(FileResult):
    """Result of one training; `seconds` are those of training, over all sittings."""

    output: Path
    folder: Path  # with checkpoint, contact sheet and loss curves
    steps: int
    losses: dict[str, float]
    finished: bool  # False: stopped early, exported all the same
    others: list[Path] = field(default_factory=list)  # int8, torch


def int8_path(output: Path) -> Path:
    """Where the int8 form of a generator goes."""
    return output.with_suffix(".int8.onnx")


def torch_path(output: Path) -> Path:
    """Where the form for PyTorch goes."""
    return output.with_suffix(".pt2")
