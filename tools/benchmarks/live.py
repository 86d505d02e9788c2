"""Benchmark of the live filter, with a clip as its camera; the last line is JSON.

Each run is a process of its own, so that memory and CPU time are of that run alone. A measuring
display takes the place of the window; it turns the style off and on every few seconds and counts
the frames until the change shows.

    python -m tools.benchmarks.live
    python -m tools.benchmarks.live film.mp4 --size 1280x720 --seconds 120 --style wave.onnx
"""

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from tools.benchmarks.conversion import empty_report, make_clip
from vidstyle.apps.live import open_live
from vidstyle.frame import Picture
from vidstyle.hardware import resident_mb
from vidstyle.live.metrics import LatencyMeter
from vidstyle.live.sinks.base import DisplayHost, OutputFrame
from vidstyle.options import LiveOptions
from vidstyle.pipeline.latest import DropOldestChannel

SETTLED_S = 10.0  # warm-up before memory is sampled and keys are pressed
SWITCH_EVERY_S = 5.0
OFF_S = 0.2  # duration of pass-through between two styles
CHANGED = 4.0  # times the median difference between two frames: the style has changed


class MeasuringDisplay:
    """Display that measures latency, memory and the delay of style changes; shows nothing."""

    def __init__(self) -> None:
        self.outputs: DropOldestChannel[OutputFrame] = DropOldestChannel()
        self.meter = LatencyMeter()
        self.memory_mb = list[float]()
        self.switches = list[int]()  # frames from a key press to the changed style
        self._last: Picture | None = None
        self._differences = list[float]()  # between frames without a change of style
        self._since_key: int | None = None

    def run(self, host: DisplayHost) -> None:
        """Measure each frame, sample memory, and press a key every few seconds."""
        controls = host.controls
        next_key_s = next_sample_s = time.perf_counter() + SETTLED_S
        while host.poll():
            output = self.outputs.get(0.1)
            if output is None:
                continue
            self.meter.note(output.frame.time_s, time.perf_counter())
            self._compare(output.frame.picture)
            now_s = time.perf_counter()
            if now_s >= next_sample_s:
                self.memory_mb.append(resident_mb() or 0.0)
                next_sample_s = now_s + 1
            if now_s >= next_key_s:
                off = controls.state.pass_through
                controls.press("1" if off else "0")
                self._since_key = 0
                next_key_s = now_s + (SWITCH_EVERY_S if off else OFF_S)

    def _compare(self, picture: Picture) -> None:
        small = picture.resized(64, 36)
        if self._last is not None:
            planes = zip(small.planes, self._last.planes, strict=True)
            change = sum(float(np.abs(a.astype(int) - b).mean()) for a, b in planes)
            usual = statistics.median(self._differences) if self._differences else change
            if self._since_key is not None:
                self._since_key += 1
                if change > CHANGED * usual:
                    self.switches.append(self._since_key)
                    self._since_key = None
            else:
                self._differences = [*self._differences[-99:], change]
        self._last = small


def main() -> None:
    """Run the live filter once per style and print the measurements."""
    parsed = _parser().parse_args()
    report = empty_report()
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        clip = parsed.clip or Path(folder) / "scenery.mp4"
        if parsed.clip is None:
            make_clip(clip, int(parsed.size.partition("x")[2]), 10.0)
        for style in parsed.styles or [None]:
            options = LiveOptions(
                camera=str(clip),
                loop=True,
                style=style,
                size=parsed.size,
                seconds=parsed.seconds,
                max_cpu=parsed.max_cpu,
                window=False,
            )
            launched_s = time.time()
            with context.Pool(1, maxtasksperchild=1) as pool:
                run = pool.apply(measure, (options, launched_s))
            report["runs"].append(run)
            _print(run)
    print(json.dumps(report))


def measure(options: LiveOptions, launched_s: float) -> dict[str, Any]:
    """Run the live filter in this process; return its measurements.

    Args:
        options: settings of the run.
        launched_s: `time.time` at the start of this process; the time to the first picture counts
            from there.
    """
    display, imported_s = MeasuringDisplay(), time.time() - launched_s
    with open_live(options) as live:
        live.add_display(display)
        report = live.run()
    numbers = {
        name: round(value, 2) if isinstance(value, float) else value
        for name, value in asdict(report).items()
    }
    if report.first_picture_s is not None:
        numbers["first_picture_s"] = round(imported_s + report.first_picture_s, 2)
    memory = display.memory_mb
    half = len(memory) // 2
    return {
        "style": options.style,
        **numbers,
        "memory_first_half_mb": round(statistics.fmean(memory[:half]), 1) if half else None,
        "memory_second_half_mb": round(statistics.fmean(memory[half:]), 1) if half else None,
        "switch_frames": display.switches,
    }


def _print(run: dict[str, Any]) -> None:
    table = Table(show_header=False)
    for name, value in run.items():
        table.add_row(name, str(value))
    Console(highlight=False, soft_wrap=True).print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", type=Path, help="a video; a rendered one unless given")
    parser.add_argument("--size", default="1280x720", help="of the pictures")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each run takes")
    parser.add_argument("--styles", nargs="+", help="one run each; the default style unless given")
    parser.add_argument("--max-cpu", type=float, default=100.0, help="as for vidstyle live")
    return parser


if __name__ == "__main__":
    main()
