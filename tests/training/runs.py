"""Short runs of a training, and the files and weights that they leave."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vidstyle.options import TrainOptions
from vidstyle.training.checkpoint import read_checkpoint
from vidstyle.training.results import TrainProgress, TrainResult
from vidstyle.training.run import run_session

OPTIONS = TrainOptions(size="17k", steps=4, batch=1, threads=1, int8=False)


def run(
    painting: Path, report: Callable[[TrainProgress], None] = lambda _: None, **changes: Any
) -> TrainResult:
    options = dataclasses.replace(OPTIONS, **changes)
    result = run_session(painting, painting.with_name("style.onnx"), options, report)
    assert result is not None
    return result


def stop_at(step: int) -> Callable[[TrainProgress], None]:
    def report(progress: TrainProgress) -> None:
        if progress.step == step:
            raise KeyboardInterrupt

    return report


def names(painting: Path) -> list[str]:
    return sorted(file.name for file in painting.parent.iterdir())


def weights(painting: Path) -> dict[str, Any]:
    """What was learned, by name, from the checkpoint."""
    state = read_checkpoint(painting.with_name("style.training") / "checkpoint.pt")
    now = {f"now.{name}": tensor for name, tensor in state["generator"].items()}
    return {**state["average"], **now}
