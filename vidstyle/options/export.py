"""Options of exporting a style to other runtimes."""

from dataclasses import dataclass

from vidstyle.options.setting import check, check_choices, check_pair, check_types, option
from vidstyle.output_spec import OutputSize

GRID = 4  # px; the sides of a network's input are multiples of this
SMALLEST, LARGEST = 64, 8192  # px, sides of a picture
DEFAULT_SIZE = (640, 360)
ONE_SIZE = ("tflite", "coreml", "web")  # their files take pictures of one size
WITH_INT8 = ("onnx", "tflite", "web", "triton")
WITH_FORMS = ("onnx", "triton")  # the others have one that suits them


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """Options of exporting a style to other runtimes.

    Raises:
        OptionError: a value is out of range; the message names the setting and the value.
        TypeError: a value is of the wrong type; the message names both too.
    """

    to: str = option(
        "onnx", "runtime", choices=("onnx", "tflite", "coreml", "torch", "web", "triton")
    )
    form: str = option(
        "auto",
        "desktop is fast in ONNX Runtime, mobile on GPUs and phones; auto by the runtime",
        choices=("auto", "desktop", "mobile"),
    )
    precision: str = option(
        "auto",
        "arithmetic; auto is int8 for tflite and web",
        choices=("auto", "float32", "int8"),
    )
    size: str | None = option(
        None, "size of the pictures", "WxH", unset="640x360 for tflite, coreml and web, else any"
    )
    overwrite: bool = option(False, "replace an existing result")

    def __post_init__(self) -> None:
        check_types(self)
        check_choices(self)
        wanted = f"as 640x360, in multiples of {GRID} from {SMALLEST} to {LARGEST}"
        check(self, "size", self.size is None or self.sides is not None, wanted)
        holds = self.size is None or self.to in (*ONE_SIZE, "triton")
        check_pair(holds, f"size must be left out: to {self.to}, any size fits.", "size", "to")
        holds = self.precision != "int8" or (
            self.to in WITH_INT8 and not (self.to in WITH_FORMS and self.mobile)
        )
        check_pair(
            holds,
            "precision int8 must be with to tflite or web, or to onnx or triton in form desktop.",
            "precision",
            "to",
            "form",
        )
        usual = "desktop" if self.to == "torch" else "mobile"
        holds = self.form in ("auto", usual) or self.to in WITH_FORMS
        check_pair(holds, f"form must be {usual} or auto with to {self.to}.", "form", "to")

    @property
    def mobile(self) -> bool:
        """Whether the mobile form is wanted."""
        return self.form == "mobile" or (self.form == "auto" and self.to not in ("onnx", "torch"))

    @property
    def int8(self) -> bool:
        """Whether int8 arithmetic is wanted."""
        automatic = self.precision == "auto" and self.to in ("tflite", "web")
        return automatic or self.precision == "int8"

    @property
    def sides(self) -> tuple[int, int] | None:
        """Width and height of the pictures; None for any size, or if `size` is none."""
        if self.size is None:
            return DEFAULT_SIZE if self.to in ONE_SIZE else None
        try:
            size = OutputSize.parse(self.size)
        except ValueError:
            return None
        if size.width is None or size.height is None:
            return None
        fits = all(
            SMALLEST <= side <= LARGEST and side % GRID == 0 for side in (size.width, size.height)
        )
        return (size.width, size.height) if fits else None
