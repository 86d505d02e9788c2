"""Look of a painting: style, quality, strength, painted part and the working size."""

import math
from dataclasses import dataclass

from vidstyle.options.setting import (
    FACES,
    FEATURES,
    MAX_NUMBER,
    PAINTED,
    check,
    check_choices,
    check_pair,
    check_types,
    option,
)
from vidstyle.style_plan import SCHEDULE_EXAMPLE, StylePlan, read_schedule, style_plan
from vidstyle.style_spec import EXAMPLE
from vidstyle.times import seconds_of

VIDEO_LINES = 480  # working size of videos without `max_height`
MAX_INTERVAL = 300  # frames between keyframes, which are all held in memory


@dataclass(frozen=True, kw_only=True)
class Look:
    """Appearance of the painted picture: style, strength, colors, painted part, sizes.

    Raises:
        OptionError: a value is out of range; the message names the setting and the value.
        TypeError: a value is of the wrong type; the message names both too.
    """

    style: str | None = option(
        None,
        f"a style's name, an .onnx file, a painting's picture file, a mix such as {EXAMPLE}, "
        f'or styles over time such as "{SCHEDULE_EXAMPLE}", also as lines of a .txt file',
        "NAME|FILE.onnx|PICTURE|MIX|TIMES",
        unset="great-wave",
    )
    style_per_scene: str | None = option(
        None,
        "styles in turn, the next one at each cut, as great-wave,udnie; or all",
        "STYLE,STYLE",
    )
    quality: str = option(
        "fast",
        "full optimizes every picture by itself, which takes minutes to hours",
        choices=("fast", "full"),
    )
    time_budget: str | None = option(
        None,
        "with --quality full: how long it may take, as 90s, 10m or 1.5h",
        "TIME",
        unset="no limit",
    )
    features: str = option(
        "slim",
        "with --quality full: the network that judges; only slim is there without a download",
        choices=FEATURES,
    )
    feature_weights: str | None = option(
        None, "with --quality full: its weight file, instead of the public one", "FILE"
    )
    every: int | None = option(
        None,
        "frames from one keyframe to the next; 1 paints each frame by itself; auto measures",
        "N|auto",
        automatic=True,
        most=MAX_INTERVAL,
    )
    strength: float = option(1.0, "how much of the style, 0 to 1", "S")
    keep_colors: bool = option(False, "the style's light and strokes, the original's colors")
    only: str = option(
        "all",
        "what is painted; persons are found by a network, and the rest stays as it is",
        choices=PAINTED,
    )
    faces: str = option(
        "fine",
        "strokes of small faces: fine keeps eyes and mouth readable, plain paints them as all else",
        choices=FACES,
    )
    scale: float | None = option(None, "working size as a share of the input's", "F")
    max_height: int | None = option(
        None,
        "working size at most, in lines (columns of an upright picture), with strokes of that "
        "size: fewer paint larger strokes faster",
        "LINES",
        unset="480 in videos, the style's own in pictures, with its own strokes",
    )

    def __post_init__(self) -> None:
        check_types(self)
        check_choices(self)
        object.__setattr__(self, "style", read_schedule(self.style))
        check_pair(
            self.style is None or self.style_per_scene is None,
            "style_per_scene must be without style.",
            "style_per_scene",
            "style",
        )
        style_plan(self.style, self.style_per_scene)  # raises the errors of mixes and schedules
        budget_s = self.time_budget_s
        check(
            self,
            "time_budget",
            budget_s is None or 0 < budget_s <= MAX_NUMBER,
            "a time over 0, as 90s, 10m, 1.5h",
        )
        in_full = budget_s is None or self.quality == "full"
        check_pair(in_full, "time_budget must be used with quality full.", "time_budget", "quality")
        check(
            self, "every", self.every is None or self.every >= 1, "a whole number from 1, or None"
        )
        check(self, "strength", 0 <= self.strength <= 1, "between 0 and 1")
        check(self, "scale", self.scale is None or 0 < self.scale <= 1, "over 0 and at most 1")
        tall = self.max_height is None or self.max_height >= 16
        check(self, "max_height", tall, "at least 16 lines, or None")

    @property
    def style_plan(self) -> StylePlan:
        """The styles of `style`, or of `style_per_scene`."""
        return style_plan(self.style, self.style_per_scene)

    @property
    def fine_faces(self) -> bool:
        """Whether faces are looked for, and painted finely."""
        return self.faces == "fine" and self.quality == "fast"

    @property
    def style_strokes(self) -> bool:
        """Whether the style sets the size of the strokes, whatever the working size is."""
        return self.max_height is None and self.scale is None and self.quality == "fast"

    @property
    def time_budget_s(self) -> float | None:
        """Time budget in seconds; None without one, NaN if it is no duration."""
        if self.time_budget is None:
            return None
        try:
            return seconds_of(self.time_budget)
        except ValueError:
            return math.nan

    def working_size_wh(self, width: int, height: int, lines: int = VIDEO_LINES) -> tuple[int, int]:
        """Width and height in pixels at which a picture of this size is stylized.

        Never larger than the picture, and even if it is reduced.

        Args:
            width: of the picture.
            height: likewise.
            lines: of the shorter side at most, without `max_height`.
        """
        most = self.max_height or lines
        scale = min(1.0, most / min(width, height), self.scale or 1.0)
        if scale == 1.0:
            return width, height
        wide, high = (max(2, round(side * scale / 2) * 2) for side in (width, height))
        return min(wide, width), min(high, height)
