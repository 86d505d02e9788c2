"""Options of training a style, and limits of its finish."""

from dataclasses import dataclass

from vidstyle.options.setting import (
    AUTO,
    DEVICES,
    FEATURES,
    check,
    check_choices,
    check_pair,
    check_types,
    option,
)

SHARPNESS = 0.5  # of enlarged paintings; chosen blind over 0 for most styles (docs/experiments.md)
STROKE_LINES = 720  # chosen blind over 480, 576 and 960 for most styles
STROKE_LIMITS = (120, 1440)
ABSTRACTION_LIMITS = (0.0, 4.0)
SMOOTHING_LIMITS = (0.0, 2.0)
FINISH_LIMITS = {  # smallest and largest number of each part of a style's finish
    "sharpness": (0.0, 2.0),
    "contrast": (0.0, 3.0),
    "brightness": (-1.0, 1.0),
    "clarity": (0.0, 3.0),
    "saturation": (0.0, 3.0),
}


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """Options of training a style; loss weights are factors of tuned defaults.

    Raises:
        OptionError: a value is out of range; the message names the setting and the value.
        TypeError: a value is of the wrong type; the message names both too.
    """

    name: str | None = option(None, "the style's name", "NAME", unset="that of the painting's file")
    size: str = option("55k", "size class of the model's file", choices=("17k", "55k", "220k"))
    content: str | None = option(
        None, "photos, videos or frames to learn on", "FOLDER", unset="generated pictures"
    )
    examples: str | None = option(
        None, "these photos as another program painted them, to paint like it", "FOLDER"
    )
    minutes: float = option(20.0, "how long to train", "M")
    steps: int | None = option(None, "train for so many steps instead, however long", "S")
    features: str = option(
        "slim",
        "the network that judges; only slim is there without a download",
        choices=FEATURES,
    )
    feature_weights: str | None = option(None, "its weight file, instead of the public one", "FILE")
    start_from: str = option(
        "auto",
        "a style to start from: a name, a file, none; auto is the nearest shipped one",
        "STYLE",
    )
    style_weight: float = option(1.0, "more of the painting's strokes", "W")
    content_weight: float = option(1.0, "more of the picture's shapes and shades", "W")
    tv_weight: float = option(1.0, "smoother", "W")
    temporal_weight: float = option(1.0, "steadier", "W")
    own_colors: float = option(0.0, "keep the picture's own light and hues, 0 to 1", "SHARE")
    own_chroma: float = option(
        0.75, "put so much of the picture's own chroma back when painting, 0 to 1", "SHARE"
    )
    abstraction: float = option(
        1.0, "smooth so much faint texture of pictures away before painting, 0 to 4", "AMOUNT"
    )
    smoothing: float = option(1.0, "smooth strokes so much along the contours, 0 to 2", "AMOUNT")
    sharpness: float = option(
        SHARPNESS, "how much enlarged paintings are sharpened, 0 to 2", "AMOUNT"
    )
    contrast: float = option(1.12, "contrast of the paintings, 0 to 3", "FACTOR")
    brightness: float = option(0.0, "light added to the paintings, -1 to 1", "AMOUNT")
    clarity: float = option(0.5, "local contrast added to the paintings, 0 to 3", "AMOUNT")
    saturation: float = option(1.15, "color of the paintings, 0 to 3", "FACTOR")
    stroke_lines: int = option(
        STROKE_LINES, "paint pictures at so many lines: fewer make larger strokes", "LINES"
    )
    style_scale: float = option(1.0, "size of the strokes", "F")
    batch: int = option(4, "pictures a step, over all processes", "N", most=1024)
    seed: int = option(0, "another seed, another result", "N")
    precision: str = option(
        "auto", "arithmetic of the networks", choices=("auto", "float32", "bfloat16")
    )
    low_memory: bool = option(False, "gradient checkpointing: less memory, more time")
    pixels: str = option("uint8", "what the model takes and gives", choices=("float", "uint8"))
    int8: bool = option(True, "write NAME.int8.onnx too: twice as fast on processors with VNNI")
    torch: bool = option(False, "write NAME.pt2 too, for torch.export.load")
    threads: int | None = option(
        None, "cores to use; auto is all of them", "N|auto", automatic=True, most=256
    )
    device: str = option(
        AUTO, "where PyTorch computes; auto is CUDA where it is, else the CPU", choices=DEVICES
    )
    resume: bool = option(False, "go on from the last checkpoint")
    overwrite: bool = option(False, "replace what an earlier run left")

    def __post_init__(self) -> None:
        check_types(self)
        check_choices(self)
        paired = self.examples is None or self.content is not None
        check_pair(paired, "examples need the photos that they show.", "examples", "content")
        check(self, "minutes", self.minutes > 0, "over 0")
        check(self, "steps", self.steps is None or self.steps >= 1, "at least 1")
        for name in ("style", "content", "tv", "temporal"):
            check(self, f"{name}_weight", getattr(self, f"{name}_weight") >= 0, "0 or more")
        check(self, "own_colors", 0 <= self.own_colors <= 1, "between 0 and 1")
        check(self, "own_chroma", 0 <= self.own_chroma <= 1, "between 0 and 1")
        limits = {"abstraction": ABSTRACTION_LIMITS, "smoothing": SMOOTHING_LIMITS} | FINISH_LIMITS
        fewest, most = STROKE_LIMITS
        within = fewest <= self.stroke_lines <= most
        check(self, "stroke_lines", within, f"between {fewest} and {most}")
        for name, (lowest, highest) in limits.items():
            within = lowest <= getattr(self, name) <= highest
            check(self, name, within, f"between {lowest:g} and {highest:g}")
        check(self, "style_scale", 0.2 <= self.style_scale <= 5, "between 0.2 and 5")
        check(self, "batch", self.batch >= 1, "at least 1")
        check(self, "seed", self.seed >= 0, "0 or more")
        check(self, "threads", self.threads is None or self.threads >= 1, "at least 1, or None")
        both = self.resume and self.overwrite
        check_pair(not both, "resume must be without overwrite.", "resume", "overwrite")
        named = self.name is None or (self.name.strip() and not set(self.name) & set("/\\"))
        check(self, "name", bool(named), "a name without slashes")
