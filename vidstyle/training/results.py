"""Progress and result of a training, as plain data without PyTorch; paths of its outputs."""

from dataclasses import dataclass, field
from pathlib import Path

from vidstyle.media.atomic import short_name
from vidstyle.results import FileResult

# Plain word and meaning of each loss, by its name in `losses`; lower is better for all.
LOSS_WORDS = {
    "style": ("style", "distance to the painting's textures and palette"),
    "patch": ("strokes", "distance to the nearest places of the painting"),
    "content": ("content", "distance to the photo's shapes"),
    "tone": ("tone", "distance to the photo's light and color"),
    "structure": ("structure", "light and shade that got lost"),
    "grid": ("grid", "pattern with a period of two pixels"),
    "tv": ("roughness", "total variation"),
    "temporal": ("flicker", "change between frames that only moved"),
    "range": ("clipping", "values darker than black or lighter than white"),
    "pixel": ("examples", "difference from the example paintings"),
}


@dataclass(frozen=True, slots=True)
class TrainProgress:
    """Progress after a training step."""

    step: int  # steps finished
    done: float  # 0..1
    left_s: float  # estimated time to the end
    losses: dict[str, float]  # weighted losses by name, averaged over the last 100 steps
    saved: bool  # a checkpoint was written after this step
    note: str = ""  # message for the user, in one line; a `Note` if it has cures


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult(FileResult):
    """Result of one training; `seconds` are those of training, over all sittings."""

    output: Path
    folder: Path  # with checkpoint, contact sheet and loss curves
    steps: int
    losses: dict[str, float]
    finished: bool  # False: stopped early, but exported
    others: list[Path] = field(default_factory=list)  # int8 and PyTorch forms


def int8_path(output: Path) -> Path:
    """Path of the int8 form beside a generator's .onnx."""
    return output.with_name(short_name(output.stem, ".int8.onnx"))


def torch_path(output: Path) -> Path:
    """Path of the PyTorch form beside a generator's .onnx."""
    return output.with_name(short_name(output.stem, ".pt2"))
