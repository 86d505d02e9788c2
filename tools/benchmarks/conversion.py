"""Benchmark of file conversion: speed, time per stage and peak memory; the last line is JSON.

Every height is converted in a process of its own, so that peak memory is of that run alone. The
same run times two references: decoding and encoding without a stylizer (the limit), and one frame
of a peer network, where one is given.

    python -m tools.benchmarks.conversion
    python -m tools.benchmarks.conversion --heights 720 --seconds 20 --peer wave.onnx
"""

import argparse
import itertools
import json
import multiprocessing
import os
import platform
import tempfile
import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from tools import scenery
from tools.samples.arpeggio import arpeggio
from tools.samples.make import SOUND_RATE, write_clip
from vidstyle.allocator import share_freed_memory
from vidstyle.apps.convert import stylize_video
from vidstyle.frame import Frame
from vidstyle.hardware import processor_name, usable_cores
from vidstyle.media.codecs import choose_encoder
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.options import StylizeOptions
from vidstyle.pipeline.pipeline import Branch, Pipeline
from vidstyle.stats import Stats
from vidstyle.stylize.generator import OnnxGenerator

HEIGHTS = (360, 720, 1080)
RENDERED = 60  # frames; played forth and back until the clip is long enough


class PassThrough:
    """Stylizer that passes frames through, for the time of decoding and encoding alone."""

    def stylize(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        """Yield the frames unchanged."""
        yield from frames


def empty_report() -> dict[str, Any]:
    """Report with the facts of the machine and an empty list of runs."""
    return {
        "processor": processor_name(),
        "cores": usable_cores(),
        "system": platform.platform(),
        "runs": [],
    }


def main() -> None:
    """Measure every height and print the results."""
    parsed = _parser().parse_args()
    report = empty_report()
    context = multiprocessing.get_context("spawn")
    options = StylizeOptions(style=parsed.style, every=parsed.every, preset=parsed.preset)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for clip in parsed.clips or rendered_clips(folder, parsed.heights, parsed.seconds):
            with context.Pool(1, maxtasksperchild=1) as pool:
                limit = pool.apply(measure_limit, (clip, folder, options))
                run = pool.apply(measure, (clip, folder, options))
                peer = pool.apply(measure_peer, (clip, parsed.peer)) if parsed.peer else None
            run |= {"limit_fps": limit, "peer_ms": peer}
            report["runs"].append(run)
            _print(run)
    print(json.dumps(report))


def rendered_clips(folder: Path, heights: Iterable[int], seconds: float) -> Iterator[Path]:
    """Yield clips of the sample's scenery, one a height."""
    for height in heights:
        clip = folder / f"{height} lines.mp4"
        make_clip(clip, height, seconds)
        yield clip


def make_clip(file: Path, height: int, seconds: float) -> None:
    """Render the sample's scenery at a height and encode it with sound, at 30 fps."""
    pictures = [scenery.render(index, height=height) for index in range(RENDERED)]
    pictures += pictures[-2:0:-1]
    count = round(seconds * scenery.RATE)
    write_clip(
        file,
        scenery.size_wh(height),
        itertools.islice(itertools.cycle(pictures), count),
        arpeggio(seconds, SOUND_RATE),
        {"preset": "fast", "crf": "20"},
    )


def measure(clip: Path, folder: Path, options: StylizeOptions) -> dict[str, Any]:
    """Convert a clip and report its stages, speed and peak memory."""
    share_freed_memory()  # as the command does
    stats, cpu = Stats(), _cpu_s()
    result = stylize_video(clip, folder / "painted.mp4", replace(options, overwrite=True), stats)
    cpu = _cpu_s() - cpu
    stages = {
        name: {
            "calls": times.calls,
            "p50_ms": round(times.percentile_ms(50), 2),
            "p99_ms": round(times.percentile_ms(99), 2),
            "core_ms_per_frame": round(1000 * times.cpu_s / result.frames, 2),
        }
        for name, times in stats.stages.items()
    }
    ours = sum(stage["core_ms_per_frame"] for stage in stages.values())
    total = 1000 * cpu / result.frames
    return {
        "clip": clip.stem,
        "frames": result.frames,
        "keyframes": result.keyframes,
        "fps": round(result.fps, 1),
        "stages": stages,
        "codec_threads_core_ms_per_frame": round(total - ours, 2),
        "core_ms_per_frame": round(total, 2),
        "peak_mb": _peak_mb(),
    }


def measure_limit(clip: Path, folder: Path, options: StylizeOptions) -> float:
    """Frames per second of the same pipeline without a stylizer."""
    stats, output = Stats(), folder / "limit.mp4"
    encoder = choose_encoder(output, options.codec, options.crf, options.preset)
    with (
        FileSource(clip, stats, threads=usable_cores()) as source,
        FileSink(output, source.info, encoder, stats, threads=usable_cores()) as sink,
    ):
        Pipeline(source, Branch(PassThrough(), sink)).run()
        sink.finish()
    return round(stats["frames"] / stats.elapsed_s, 1)


def measure_peer(clip: Path, model: Path) -> float:
    """Milliseconds that another network needs for one frame of the clip, on all cores."""
    generator = OnnxGenerator(model, threads=usable_cores())
    with FileSource(clip, Stats()) as source:
        image = np.zeros((source.info.height, source.info.width, 3), np.uint8)
    started = time.perf_counter()
    generator.paint(image)
    return round(1000 * (time.perf_counter() - started), 1)


def _peak_mb() -> int:
    """Peak resident memory of this process in MB; ru_maxrss would include its parent's."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 1024)
    return 0


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system


def _print(run: dict[str, Any]) -> None:
    table = Table("stage", "calls", "p50 ms", "p99 ms", "core-ms per frame")
    for name, stage in run["stages"].items():
        table.add_row(name, *(str(stage[key]) for key in list(stage)))
    table.add_row("codec threads", "", "", "", str(run["codec_threads_core_ms_per_frame"]))
    table.add_row("all", "", "", "", str(run["core_ms_per_frame"]))
    console = Console(highlight=False, soft_wrap=True)
    console.print(_headline(run))
    console.print(table)


def _headline(run: dict[str, Any]) -> str:
    parts = [
        f"{run['clip']}: {run['fps']} fps",
        f"decoding and encoding alone {run['limit_fps']} fps",
        f"{run['keyframes']} keyframes in {run['frames']} frames",
        f"{run['peak_mb']} MB at most",
    ]
    if run["peer_ms"]:
        parts.append(f"{run['peer_ms'] * run['fps'] / 1000:.0f}x a peer at {run['peer_ms']} ms")
    return ", ".join(parts)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="*", type=Path, help="videos; rendered ones unless given")
    parser.add_argument("--heights", type=int, nargs="+", default=HEIGHTS)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the clips")
    parser.add_argument("--style", help="as for vidstyle")
    parser.add_argument("--every", type=int, help="as for vidstyle")
    parser.add_argument("--preset", help="as for vidstyle")
    parser.add_argument("--peer", type=Path, help="an .onnx network to compare with")
    return parser


if __name__ == "__main__":
    main()
