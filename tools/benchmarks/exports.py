"""Forms of exported styles: difference from the style, size, and time on one thread.

    python -m tools.benchmarks.exports
    python -m tools.benchmarks.exports --styles udnie --rounds 5

Times are CPU milliseconds of the bare network for one picture, medians of all turns. The forms take
turns in one run, so that other load on the machine affects all of them.
"""

import argparse
import io
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter

from vidstyle.export.comparison import real_pictures
from vidstyle.export.forms import Form, build_form
from vidstyle.frame import RGBImage
from vidstyle.graph.session import own_session
from vidstyle.options import ExportOptions
from vidstyle.stylize.catalog import find_style, find_weights

SIZES = ("640x360", "1280x720")
FORMS = {
    "ONNX float32, desktop": {"to": "onnx"},
    "ONNX float32, mobile": {"to": "onnx", "form": "mobile"},
    "ONNX int8, desktop": {"to": "onnx", "precision": "int8"},
    "LiteRT float32": {"to": "tflite", "precision": "float32"},
    "LiteRT int8": {"to": "tflite"},
    "PyTorch": {"to": "torch"},
    "Core ML": {"to": "coreml"},
}
HEAD = (
    "| style | form | bytes | mean | largest | SSIM | 360p ms | 720p ms |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)

Run = Callable[[], object]


@dataclass
class Entry:
    """Row of the table."""

    name: str
    form: Form
    runs: list[Run] = field(default_factory=list)  # by size; none where the runtime is not here
    times_ms: list[list[float]] = field(default_factory=list)

    def take_turn(self) -> None:
        """Run once at each size."""
        for run, times in zip(self.runs, self.times_ms, strict=True):
            started = time.process_time()
            run()
            times.append(1000 * (time.process_time() - started))


def entries_of(style: str) -> list[Entry]:
    """Build and compare all forms of a style, and load them."""
    entries = []
    for name, options in FORMS.items():
        forms = [built(style, {**options, **sized}) for sized in sizes_of(options["to"])]
        entry = Entry(name, forms[0])
        for form, size in zip([forms[0], forms[-1]], SIZES, strict=True):
            width, height = map(int, size.split("x"))
            run = runner(options["to"], form, real_pictures(width, height)[0])
            if run is not None:
                entry.runs.append(run)
                entry.times_ms.append([])
                run()
        entries.append(entry)
    return entries


def sizes_of(to: str) -> list[dict[str, str]]:
    """Settings of the sizes that need a file each; one without a size where any fits."""
    return [{"size": size} for size in SIZES] if to in ("tflite", "coreml") else [{}]


def built(style: str, options: dict[str, str]) -> Form:
    """Build a form of a shipped style."""
    float32, int8 = (file.read_bytes() for file in (find_weights(style), find_style(style)))
    return build_form(style, float32, int8, ExportOptions(**options))  # type: ignore[arg-type]


def runner(to: str, form: Form, picture: RGBImage) -> Run | None:
    """Function that runs a form on a picture; None for Core ML."""
    if not isinstance(form.content, bytes):
        return None
    planes = cv2.dnn.blobFromImage(picture, 1 / 255)
    if to == "onnx":
        session = own_session(form.content, threads=1)
        (given,) = session.get_inputs()
        pixels = cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA)[np.newaxis]
        feed = {given.name: pixels if given.type == "tensor(uint8)" else planes}
        return lambda: session.run(None, feed)
    if to == "torch":
        module = torch.export.load(io.BytesIO(form.content)).module()
        tensor = torch.from_numpy(planes)
        return torch.no_grad()(lambda: module(tensor))
    interpreter = Interpreter(model_content=form.content, num_threads=1)
    interpreter.allocate_tensors()
    place = interpreter.get_input_details()[0]["index"]
    interpreter.set_tensor(place, picture[np.newaxis] / np.float32(255))
    return lambda: interpreter.invoke()


def row(style: str, entry: Entry) -> str:
    """Row of the table; differences in levels of 255."""
    found = entry.form.difference
    times = [f"{np.median(times):.1f}" for times in entry.times_ms] or ["-"] * len(SIZES)
    numbers = f"{found.mean:.2f} | {found.largest} | {found.similarity:.4f}"
    return f"| {style} | {entry.name} | {entry.form.size:,} | {numbers} | {' | '.join(times)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="tools.benchmarks.exports", description=__doc__)
    parser.add_argument("--styles", nargs="+", default=["udnie-17k", "udnie", "udnie-220k"])
    parser.add_argument("--rounds", type=int, default=15)
    parsed = parser.parse_args(arguments)
    torch.set_num_threads(1)
    print(f"{os.cpu_count()} cores, one thread, {parsed.rounds} rounds\n\n{HEAD}")
    for style in parsed.styles:
        entries = entries_of(style)
        for _ in range(parsed.rounds):
            for entry in entries:
                entry.take_turn()
        print("\n".join(row(style, entry) for entry in entries), flush=True)


if __name__ == "__main__":
    main()
