"""Benchmark of growing work: CPU time and memory by length of the film and by number of films.

A short clip is looped, without encoding it again, into films of each length; then copies of it are
converted in one batch. CPU time a frame is the measure, since it does not depend on other programs
as time on the clock does. The last line is JSON.

    python -m tools.benchmarks.growth --plot growth.svg
    python -m tools.benchmarks.growth --lengths 10 60 --inputs 1 2 --height 240
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import av
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tools.benchmarks.conversion import empty_report, make_clip
from tools.benchmarks.process_tree import ProcessTree
from tools.scenery import RATE

LENGTHS_S = (10, 60, 600, 3600)
INPUTS = (1, 2, 4, 8)
CLIP_S = 10  # of the looped clip, whose first and last picture are neighbors
BATCH_S = 20  # of each film of a batch
SAMPLE_EVERY_S = 0.2


@dataclass(frozen=True)
class Cost:
    """Measured cost of one run of `vidstyle`."""

    films: int
    seconds: float  # of all films together
    frames: int
    wall_s: float
    cpu_s: float
    peak_mb: float  # resident memory of the process and its children

    @property
    def core_ms(self) -> float:
        """CPU time a frame, in milliseconds of one core."""
        return 1000 * self.cpu_s / self.frames


def main() -> None:
    """Convert films of growing length and batches of growing size; print and plot their cost."""
    parsed = _parser().parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = folder / "clip.mp4"
        make_clip(clip, parsed.height, CLIP_S)
        lengths = [_shown(length_cost(clip, folder, length)) for length in parsed.lengths]
        batches = [_shown(batch_cost(clip, folder, count)) for count in parsed.inputs]
    if parsed.plot:
        plot(lengths, batches, parsed.plot)
    report = empty_report() | {"height": parsed.height}
    del report["runs"]
    runs = {"lengths": lengths, "batches": batches}
    print(json.dumps(report | {name: [asdict(c) for c in costs] for name, costs in runs.items()}))


def length_cost(clip: Path, folder: Path, seconds: float) -> Cost:
    """Cost of a film of some seconds."""
    film = folder / f"{seconds:g}.mp4"
    write_loop(clip, film, round(seconds / CLIP_S))
    try:
        return measured([str(film), "-o", str(folder / "painted.mp4")], 1, seconds)
    finally:
        film.unlink()


def batch_cost(clip: Path, folder: Path, count: int) -> Cost:
    """Cost of a batch of films."""
    films = [folder / f"film {number}.mp4" for number in range(count)]
    for film in films:
        write_loop(clip, film, BATCH_S // CLIP_S)
    try:
        arguments = [*map(str, films), "-o", f"{folder}/painted/"]
        return measured(arguments, count, count * BATCH_S)
    finally:
        for film in films:
            film.unlink()


def write_loop(clip: Path, file: Path, times: int) -> None:
    """Write the pictures of a clip several times in a row, as they are encoded, without sound."""
    with av.open(str(file), "w") as output:
        with av.open(str(clip)) as source:
            stream = output.add_stream_from_template(source.streams.video[0])
        for number in range(times):
            with av.open(str(clip)) as source:
                video = source.streams.video[0]
                assert video.duration is not None
                for packet in source.demux(video):
                    if packet.pts is None or packet.dts is None:  # the end of the file
                        continue
                    packet.pts += number * video.duration
                    packet.dts += number * video.duration
                    packet.stream = stream
                    output.mux(packet)


def measured(arguments: list[str], films: int, seconds: float) -> Cost:
    """Run `vidstyle` to its end and measure it from outside.

    Args:
        arguments: of the command.
        films: that it converts.
        seconds: of all films together.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    command = [sys.executable, "-m", "vidstyle", "--quiet", "-y", "--no-resume", *arguments]
    started = time.monotonic()
    with subprocess.Popen(command) as process:
        tree, samples = ProcessTree(process.pid), []
        while process.poll() is None:
            with suppress(ProcessLookupError):
                samples.append(tree.sample())
            time.sleep(SAMPLE_EVERY_S)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(
        films,
        seconds,
        round(seconds * RATE),
        round(time.monotonic() - started, 1),
        max(sample.cpu_s for sample in samples),
        max(sample.memory_mb for sample in samples),
    )


def plot(lengths: list[Cost], batches: list[Cost], file: Path) -> None:
    """Draw CPU time a frame and peak memory over length and over number of films.

    Args:
        lengths: costs of single films.
        batches: costs of batches.
        file: .svg or .png.
    """
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots(2, 2, sharex="col", sharey="row")
    columns = [(lengths, "length in s", "seconds"), (batches, "films in a batch", "films")]
    for column, (costs, label, name) in enumerate(columns):
        places = [getattr(cost, name) for cost in costs]
        time_axes, memory_axes = axes[0, column], axes[1, column]
        _line(time_axes, places, [cost.core_ms for cost in costs])
        _line(memory_axes, places, [cost.peak_mb for cost in costs])
        memory_axes.set_xlabel(label)
    axes[0, 0].set_ylabel("core-ms a frame")
    axes[1, 0].set_ylabel("peak memory in MB")
    figure.savefig(file)


def _line(axes: Axes, places: list[float], values: list[float]) -> None:
    axes.plot(places, values, marker="o")
    axes.set_xscale("log")
    axes.set_xticks(places, [f"{place:g}" for place in places])
    axes.minorticks_off()
    axes.set_ylim(0, 1.2 * max(values))


def _shown(cost: Cost) -> Cost:
    print(
        f"{cost.films} films, {cost.seconds:g} s, {cost.frames} frames: {cost.core_ms:.1f} core-ms "
        f"a frame, {cost.wall_s} s, {cost.peak_mb:.0f} MB",
        flush=True,
    )
    return cost


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", type=float, nargs="+", default=LENGTHS_S, help="in seconds")
    parser.add_argument("--inputs", type=int, nargs="+", default=INPUTS, help="films in a batch")
    parser.add_argument("--height", type=int, default=360, help="of the films")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw into an .svg or .png file")
    return parser


if __name__ == "__main__":
    main()
