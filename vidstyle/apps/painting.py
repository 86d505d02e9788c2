"""Style files from paintings, without a training."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from vidstyle.apps.outputs import check_target
from vidstyle.apps.polish import polish
from vidstyle.errors import OptionError, SinkError, reason
from vidstyle.media.atomic import whole_file
from vidstyle.results import FileResult
from vidstyle.style_spec import StyleShare, style_shares
from vidstyle.stylize.catalog import style_name
from vidstyle.stylize.painting_cache import PaintingNetwork
from vidstyle.stylize.painting_style import is_picture, painting_network, read_paintings
from vidstyle.training.results import int8_path


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintingResult(FileResult):
    """Result of making a style file from a painting."""

    output: Path
    polished_s: float = 0.0  # seconds of training on the painting
    others: list[Path] = field(default_factory=list)  # the int8 form


def style_from_painting(
    painting: Path | str,
    output: Path | str | None = None,
    *,
    overwrite: bool = False,
    polish_s: float | None = None,
    before_polish: Callable[[], None] | None = None,
) -> PaintingResult:
    """Write a style file from a painting, or a mix, in a second or two, without a training.

    The weights of its network are predicted. With `polish_s` they are trained on for some time, in
    a process of its own, and kept in the user's cache; a painting that is in there is written as it
    is there. `train_style` learns for longer. The float32 form is written to `output`, the int8
    form beside it. Callable from any thread.

    Args:
        painting: path of the picture file of the painting, or a mix of such files, as in
            "a.jpg:0.6,b.jpg:0.4".
        output: path that ends in .onnx; None for NAME.onnx in the current folder.
        overwrite: whether existing files may be replaced.
        polish_s: time of training, in seconds; needs the extra "train".
        before_polish: called in this thread when all is checked and the training begins.

    Raises:
        MissingExtraError: PyTorch is not installed, for `polish_s`.
        OptionError: an invalid mix; one with something else than pictures; or with `polish_s`.
        VidstyleError: the painting cannot be used, or an output cannot be written.
    """
    started = time.monotonic()
    style = str(painting)
    output = Path(output) if output else Path(f"{style_name(style)}.onnx")
    if output.suffix != ".onnx":
        raise SinkError(f'Cannot write "{output.name}" as a style: the name must end in .onnx.')
    files = (output, int8_path(output))
    shares = style_shares(style)
    for share, file in product(shares, files):
        check_target(Path(str(share.style)), file, overwrite)
    if len(shares) > 1:
        _check_mix(shares, polish_s)
    paintings = read_paintings(style)
    if polish_s is None:
        network = painting_network(paintings)
    else:
        if before_polish is not None:
            before_polish()
        network = _polished(Path(style), polish_s)
    try:
        contents = network.plain.read_bytes(), network.int8.read_bytes()
        with ExitStack() as both:  # named when both are written
            for file, content in zip(files, contents, strict=True):
                both.enter_context(whole_file(file, replace=overwrite)).write_bytes(content)
    except OSError as error:
        raise SinkError(f"Cannot write {output}: {reason(error)}.") from error
    return PaintingResult(
        output=output,
        output_bytes=len(contents[0]),
        seconds=time.monotonic() - started,
        polished_s=network.seconds,
        others=[files[1]],
    )


def _check_mix(shares: Sequence[StyleShare], polish_s: float | None) -> None:
    if polish_s is not None:
        raise OptionError("Only a single painting can be polished, no mix.", "polish")
    strangers = [str(share.style) for share in shares if not is_picture(share.style)]
    if strangers:
        raise OptionError(
            f"Only paintings can be mixed into a file; {strangers[0]} is no picture. "
            "Mixes with other styles work without a file, as the style of a film or photo."
        )


def _polished(painting: Path, seconds: float) -> PaintingNetwork:
    network = polish(painting, seconds, threading.Event())
    assert network is not None  # nothing stops it
    return network
