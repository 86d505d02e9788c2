"""Polish: a painting's network trained in a child process, from the predicted one.

The child is `vidstyle train`, so that PyTorch is never imported here. Its result goes into the
cache of paintings' networks.
"""

import importlib.util
import json
import logging
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from vidstyle import child_process
from vidstyle.errors import MissingExtraError, StyleError, VidstyleError, reason
from vidstyle.extras import install_hint
from vidstyle.frame import RGBImage
from vidstyle.hardware import usable_cores
from vidstyle.media.image_file import write_photo
from vidstyle.media.style_image import read_painting
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.model_metadata import with_metadata
from vidstyle.stylize.painting_cache import PaintingNetwork, painting_cache
from vidstyle.stylize.painting_look import LOOK
from vidstyle.stylize.painting_style import (
    is_picture,
    networks_of,
    painting_network,
    polished_metadata,
    readable_painting,
)
from vidstyle.stylize.predictor import Paintings
from vidstyle.training.results import int8_path

log = logging.getLogger(__name__)

POLL_S = 0.2  # between checks of the child process
PATIENCE_S = 5.0  # for a child that was asked to end
LOWEST_PRIORITY = "19"  # of `nice`
FEWEST_STEPS = 20  # of a training: after fewer, a network is no better than before
PACKAGES = ("torch", "onnxscript", "matplotlib")  # of the extra "train"


def check_extra() -> None:
    """Check that the extra "train" is installed, without importing it.

    Raises:
        MissingExtraError: a package of it is missing.
    """
    for package in PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(
                f"To polish a painting, the package {package} is needed. Install the extra: "
                f"{install_hint('train')}."
            )


def polish(
    file: Path, seconds: float, stop: threading.Event, *, background: bool = False
) -> PaintingNetwork | None:
    """Train the network of a painting in a child process, unless the cache has it.

    A network that was trained for a shorter time is trained on for the rest.

    Args:
        file: picture file of the painting.
        seconds: time of training; starting and exporting take some 20 s more.
        stop: set it to end the child process.
        background: at the lowest priority, and with a core left to others.

    Returns:
        The network, in the cache; None if `stop` was set.

    Raises:
        MissingExtraError: PyTorch is not installed.
        SourceError, StyleError: the painting cannot be used, or the training failed.
    """
    painting, cache = read_painting(file), painting_cache()
    alone: Paintings = [(painting, 1.0)]
    known = cache.get(alone)
    if known is not None and known.seconds >= seconds:
        return known
    check_extra()
    known = known or painting_network(alone)
    with tempfile.TemporaryDirectory(prefix="vidstyle-", ignore_cleanup_errors=True) as folder:
        source, output = Path(folder) / "painting.png", Path(folder) / "style.onnx"
        try:
            write_photo(source, readable_painting(painting))
            left_s = seconds - known.seconds
            words = train_command(source, output, str(known.plain), left_s, background=background)
            summary = _run(words, stop, background=background)
            if summary is None:
                return None
            _check_steps(json.loads(summary)["steps"], seconds)
            return cache.put(alone, *_contents(painting, output, seconds))
        except OSError as error:
            raise StyleError(f"{file} cannot be polished: {reason(error)}.") from error


def train_command(
    painting: Path, output: Path, start: str, seconds: float, *, background: bool
) -> list[str]:
    """Command line of the training, with the look that a painting's style has.

    Args:
        painting: picture file.
        output: .onnx file to write.
        start: style or file to start from.
        seconds: time of training.
        background: at the lowest priority and with a core left to others.
    """
    settings = {"output": output, "start_from": start, "minutes": f"{seconds / 60:g}"}
    settings |= LOOK
    if background:
        settings["threads"] = max(1, usable_cores() - 1)
    flags = [f"{_flag(name)}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "vidstyle", "train", str(painting)]
    # On Windows, the `nice` of other shells would be ended in the place of the training.
    nice = shutil.which("nice") if background and sys.platform != "win32" else None
    lowered = [nice, "-n", LOWEST_PRIORITY] if nice else []
    return [*lowered, *command, *flags, _flag("quiet"), _flag("json")]


class Polisher:
    """Polishes the paintings of a live run, one after another, in a thread of its own."""

    def __init__(self, seconds: float, on_polished: Callable[[str], None]) -> None:
        """Start the thread.

        Args:
            seconds: time of training for each painting.
            on_polished: called by the thread with the path of each painting whose network is in
                the cache.

        Raises:
            MissingExtraError: PyTorch is not installed.
        """
        check_extra()
        self._seconds, self._on_polished = seconds, on_polished
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._stop, self._seen = threading.Event(), set[str]()
        self._thread = threading.Thread(target=self._work, name="polisher")
        self._thread.start()

    def add(self, style: str) -> None:
        """Polish the painting of a style or mix; other styles are none of its business.

        Nor is a mix of paintings, whose one network could not learn after each.
        """
        for part in networks_of(style):
            if part.style is not None and is_picture(part.style):
                self._waiting.put(part.style)

    def close(self) -> None:
        """End the child process and the thread; idempotent."""
        self._stop.set()
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (name := self._waiting.get()) is not None and not self._stop.is_set():
            if name not in self._seen:
                self._seen.add(name)
                self._polish(name)

    def _polish(self, name: str) -> None:
        try:
            if polish(Path(name), self._seconds, self._stop, background=True) is not None:
                log.warning("%s is polished.", Path(name).name)
                self._on_polished(name)
        except VidstyleError as error:
            log.warning("%s", error.message)
        except Exception:  # of the thread, which goes on with the next painting
            log.exception("%s could not be polished.", Path(name).name)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _run(words: list[str], stop: threading.Event, *, background: bool) -> bytes | None:
    """Run the training; return its summary, or None if `stop` was set before its end."""
    # Files instead of pipes: a full pipe would block the child.
    with tempfile.TemporaryFile() as summary, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=summary,
            stderr=said,
            **(child_process.background(idle=True) if background else {}),
        )
        try:
            while process.poll() is None and not stop.is_set():
                stop.wait(POLL_S)
        finally:
            _end(process)
        if stop.is_set():
            return None
        if process.returncode:
            said.seek(0)
            *_, last = [b"", *said.read().splitlines()]
            why = last.decode("utf-8", "replace").removeprefix("vidstyle: ")
            raise StyleError(f"The painting could not be learned. {why}".rstrip())
        summary.seek(0)
        return summary.read()


def _check_steps(steps: int, seconds: float) -> None:
    if steps < FEWEST_STEPS:
        raise StyleError(
            f"The machine is too busy to polish a painting: {steps} steps of training in "
            f"{seconds:g} s, and {FEWEST_STEPS} are needed. Give it more time.",
            {"polish": f"{2 * seconds * FEWEST_STEPS / max(1, steps):.0f}s"},
        )


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _contents(painting: RGBImage, output: Path, seconds: float) -> tuple[bytes, bytes]:
    """The trained files with the look and the colors of the painting's style before."""
    int8 = int8_path(output)
    int8 = int8 if int8.is_file() else output  # too far from the float32 form, rarely
    metadata = polished_metadata(painting, OnnxGenerator(int8), seconds)
    plain, small = (with_metadata(file.read_bytes(), metadata) for file in (output, int8))
    return plain, small
