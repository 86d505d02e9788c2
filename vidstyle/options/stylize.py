"""Options of stylizing a photo or a video: look and output."""

from dataclasses import dataclass

from vidstyle.options.look import VIDEO_LINES, Look
from vidstyle.options.output import Output
from vidstyle.options.setting import check_pair


@dataclass(frozen=True, kw_only=True)
class StylizeOptions(Output, Look):  # in this order, the look's fields come first
    """Options of stylizing a video or a picture: look and output file.

    Raises:
        OptionError: a value is out of range; the message names the setting and the value.
        TypeError: a value is of the wrong type; the message names both too.
    """

    def __post_init__(self) -> None:
        Look.__post_init__(self)
        Output.__post_init__(self)
        check_pair(
            self.cluster is None or self.style_per_scene is None,
            "cluster must be without style_per_scene.",
            "cluster",
            "style_per_scene",
        )

    @property
    def parts_on_cluster(self) -> bool:
        """Whether a film's parts are made by a cluster; the full quality has scenes instead."""
        return self.cluster is not None and self.quality == "fast"

    def output_size_wh(self, width: int, height: int, lines: int = VIDEO_LINES) -> tuple[int, int]:
        """Width and height in pixels of the result; arguments as of `working_size_wh`."""
        if self.resize:
            width, height = self.working_size_wh(width, height, lines)
        return width * (1 + self.compare), height


DEFAULTS = StylizeOptions()
