"""Soak test: hours of live filter or server; memory, threads, handles, CPU and lip sync over time.

`live` plays a clip over and over and records it, without a window, until Ctrl-C; the picture of the
clip flashes at each tone of its sound, and both are found again in the recording. `server` paints
pictures, converts a film every minute, and has a live viewer that comes and goes.

    python -m tools.benchmarks.soak live
    python -m tools.benchmarks.soak server --minutes 10 --folder soak
"""

import argparse
import itertools
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from tools import scenery
from tools.benchmarks.lip_sync import SyncError, Tracks, write_flashing_clip
from tools.benchmarks.process_tree import ProcessTree, Sample
from tools.benchmarks.sample_clip import sample_images
from tools.benchmarks.server import running_server
from tools.benchmarks.server_load import STYLE, ServerLoad
from tools.samples.arpeggio import arpeggio
from tools.samples.make import SOUND_RATE, write_clip

SAMPLE_EVERY_S = 10.0
ROW_S = 600.0  # of the table
SETTLED_S = 600.0  # then the slopes begin; a third of a run that is shorter than thrice that
CLIP_S = 20.0  # of the live filter, which plays it over and over
FILM_S = 4.0  # of the server's jobs
END_S = 60.0  # for a process to end
HEADS = ("minutes", "memory MB", "own MB", "processes", "threads", "handles", "cores", "load")


@dataclass
class Soak:
    """Measurements of a soak test."""

    samples: list[Sample]
    sync_errors: list[SyncError] = field(default_factory=list)  # of a recording
    remarks: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """Table with a row for every ten minutes and one for slopes and drift, then the remarks."""
        heads = (*HEADS, "sound ms") if self.sync_errors else HEADS
        lines = [f"| {' | '.join(heads)} |", f"|{' ---: |' * len(heads)}"]
        rows = [*self._rows(), self._slopes()]
        lines += [f"| {' | '.join(cells)} |" for cells in rows]
        return "\n".join([*lines, "", *self._spread(), *self.remarks])

    def slope_per_hour(self, name: str) -> float:
        """Growth of a field of the samples in an hour, after the first `SETTLED_S`."""
        settled_s = min(SETTLED_S, self.samples[-1].time_s / 3)
        return slope_per_hour(
            [(each.time_s, getattr(each, name)) for each in self.samples if each.time_s > settled_s]
        )

    @property
    def drift_s(self) -> float:
        """Median delay of the sound in the last third, less that in the first."""
        errors, third = self.sync_errors, max(1, len(self.sync_errors) // 3)
        return _median_delay_s(errors[-third:]) - _median_delay_s(errors[:third])

    def _rows(self) -> Iterator[list[str]]:
        before = self.samples[0]
        for number in itertools.count():
            row = [s for s in self.samples if row_of(s.time_s) == number]
            if not row:
                return
            cells = _cells(before, row)
            if self.sync_errors:
                errors = [e for e in self.sync_errors if row_of(e.time_s) == number]
                cells.append(f"{1000 * _median_delay_s(errors):+.1f}" if errors else "")
            yield cells
            before = row[-1]

    def _slopes(self) -> list[str]:
        names = ("memory_mb", "own_mb", "threads", "handles")
        slopes = (round(self.slope_per_hour(name), 2) + 0.0 for name in names)  # no -0.0
        memory, own, threads, handles = (f"{slope:+.2f}" for slope in slopes)
        drift = [f"{1000 * self.drift_s:+.1f}"] if self.sync_errors else []
        return ["an hour", memory, own, "", threads, handles, "", "", *drift]

    def _spread(self) -> Iterator[str]:
        if self.sync_errors:
            low, *_, high = statistics.quantiles((e.delay_s for e in self.sync_errors), n=20)
            yield (
                f"Of {len(self.sync_errors)} tones, 90 % are {1000 * low:+.1f} to "
                f"{1000 * high:+.1f} ms late."
            )


def main() -> None:
    """Run a soak test and print its table."""
    parsed = _parser().parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = parsed.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        soak = {"live": soak_live, "server": soak_server}[parsed.program]
        print(soak(folder, 60 * parsed.minutes).markdown())


def soak_live(folder: Path, seconds: float) -> Soak:
    """Record a looped clip with `vidstyle live`.

    Args:
        folder: for the clip, the recording and a log of the samples.
        seconds: how long.
    """
    clip, recording = folder / "clip.mp4", folder / "recording.mkv"
    write_flashing_clip(clip, CLIP_S)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # children inherit an ignored one
    command = [sys.executable, "-m", "vidstyle", "live", "--camera", str(clip), "--loop"]
    command += ["--style", STYLE, "--no-window", "--record", str(recording), "--overwrite"]
    with subprocess.Popen(
        [*command, "--quiet", "--json"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            samples = watch(process.pid, seconds, folder / "live.jsonl")
            process.send_signal(signal.SIGINT)
            report = json.loads(process.communicate(timeout=END_S)[0])
        finally:
            process.kill()
    tracks, source = Tracks.of(recording), Tracks.of(clip)
    remarks = [f"Recording: {tracks}", f"Report: {json.dumps(report)}"]
    return Soak(samples, tracks.sync_errors(source), remarks)


def soak_server(folder: Path, seconds: float) -> Soak:
    """Put a light load on `vidstyle serve`.

    Args:
        folder: for the film of the jobs and a log of the samples.
        seconds: how long.
    """
    film = folder / "film.mp4"
    images = sample_images(round(FILM_S * scenery.RATE))
    write_clip(film, scenery.SIZE_WH, images, arpeggio(FILM_S, SOUND_RATE), {"crf": "20"})
    with running_server() as (port, process_id):
        load = ServerLoad(port, process_id, film.read_bytes())
        load.fill_cache()
        with load.running():
            samples = watch(process_id, seconds, folder / "server.jsonl")
    return Soak(samples, remarks=[f"Turns of the clients: {load.done}, failed: {load.failed}"])


def watch(process_id: int, seconds: float, log: Path) -> list[Sample]:
    """Sample a process and its children every `SAMPLE_EVERY_S`.

    Args:
        process_id: of the process.
        seconds: how long.
        log: gets each sample at once, as a line of JSON.

    Raises:
        ProcessLookupError: the process has ended.
    """
    tree, samples, started_s = ProcessTree(process_id), list[Sample](), time.monotonic()
    with log.open("w", encoding="utf-8") as lines:
        for number in range(1, round(seconds / SAMPLE_EVERY_S) + 1):
            time.sleep(max(0.0, started_s + number * SAMPLE_EVERY_S - time.monotonic()))
            samples.append(tree.sample())
            lines.write(json.dumps(asdict(samples[-1])) + "\n")
            lines.flush()
    return samples


def row_of(time_s: float) -> int:
    """Number of the table's row that holds a time; samples come a little after theirs."""
    return int(max(0.0, time_s - SAMPLE_EVERY_S / 2) // ROW_S)


def slope_per_hour(points: Sequence[tuple[float, float]]) -> float:
    """Slope of a line through points by least squares.

    Args:
        points: times in seconds, and values; two at least.
    """
    times_s, values = np.transpose(points)
    return 3600 * float(np.polyfit(times_s, values, 1)[0])


def span(values: Sequence[int]) -> str:
    """Smallest and largest value, as "3 to 5", or the only one."""
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"


def _cells(before: Sample, row: Sequence[Sample]) -> list[str]:
    """Cells of a row; CPU time counts from the sample before it."""
    seconds = row[-1].time_s - before.time_s
    cores = (row[-1].cpu_s - before.cpu_s) / seconds if seconds else 0.0
    return [
        f"{row_of(row[0].time_s) * ROW_S / 60:.0f} to {row[-1].time_s / 60:.0f}",
        f"{statistics.median(each.memory_mb for each in row):.1f}",
        f"{statistics.median(each.own_mb for each in row):.1f}",
        span([each.processes for each in row]),
        span([each.threads for each in row]),
        span([each.handles for each in row]),
        f"{cores:.2f}",
        f"{statistics.fmean(each.load for each in row):.1f}",
    ]


def _median_delay_s(errors: Sequence[SyncError]) -> float:
    return statistics.median(each.delay_s for each in errors)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", choices=("live", "server"))
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--folder", type=Path, help="keeps clips, samples and the recording")
    return parser


if __name__ == "__main__":
    main()
