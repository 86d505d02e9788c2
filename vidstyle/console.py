"""What the command line prints: progress, results, tables."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as RichProgress
from rich.table import Table

from vidstyle.apps.batch import Failure, Job
from vidstyle.apps.outputs import Result
from vidstyle.flags import with_flags
from vidstyle.live.metrics import LiveReport
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import Style
from vidstyle.training.results import TrainProgress, TrainResult, int8_path

REFRESH_S = 0.2
UNBROKEN = 1000  # columns; a table takes no more than it needs
LOSSES_BESIDE_BAR = ("style", "patch", "content", "temporal")  # all do not fit into 80 columns


class Progress:
    """A bar on stderr that reads the running job's stats; on a dull terminal, nothing."""

    def __init__(self, jobs: int, shown: bool) -> None:
        self._console = Console(stderr=True)
        self._jobs, self._done = jobs, 0
        self._bar = _bar(self._console, shown)
        self._task: TaskID | None = None
        self._stats: Stats | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._bar.start()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._bar.stop()

    def watch(self, job: Job, stats: Stats) -> None:
        """Show this job from now on."""
        self.clear()
        self._done += 1
        name = f"{job.input.name} ({self._done}/{self._jobs})" if self._jobs > 1 else job.input.name
        self._task = self._bar.add_task(name, total=None, numbers="")
        self._stats = stats

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self.clear()
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def clear(self) -> None:
        """Show no job."""
        self._stats = None
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None

    def _follow(self) -> None:
        while not self._stop.wait(REFRESH_S):
            stats, task = self._stats, self._task
            if stats is None or task is None:
                continue
            done, total, numbers = _state(stats)
            with suppress(KeyError):  # the job ended in between
                self._bar.update(task, completed=done, total=total, numbers=numbers)


class TrainingProgress:
    """A bar with losses and time left on stderr; on a dull terminal, a line a minute."""

    def __init__(self, shown: bool) -> None:
        self._console = Console(stderr=True)
        self._shown = shown
        self._bar = _bar(self._console, shown)
        self._task = self._bar.add_task("preparing", total=1.0, numbers="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, progress: TrainProgress) -> None:
        """Show the state after a step."""
        left = _clock(progress.left_s)
        if self._console.is_terminal:
            self._bar.update(
                self._task,
                description=f"step {progress.step}",
                completed=progress.done,
                numbers=f"{_losses(progress, LOSSES_BESIDE_BAR)}  {left} left",
            )
        elif self._shown and progress.saved:
            losses = _losses(progress, tuple(progress.losses))
            self._console.print(
                f"step {progress.step}  {losses}  {left} left", highlight=False, soft_wrap=True
            )


def describe_training(result: TrainResult) -> str:
    """What a training run made, and how to use it."""
    size = f"{result.output_bytes:,} bytes"
    pace = f"{result.steps} steps in {_clock(result.seconds)}"
    lines = [f"{result.output}  ({size}, {pace})"]
    lines += [f"{file}  ({file.stat().st_size:,} bytes)" for file in result.others]
    lines.append(f"{result.folder}/preview.png shows how it learned, losses.png how well.")
    if not result.finished:
        lines.append("Stopped early: this is what there was by then. --resume goes on.")
    lines += [f"  note: {with_flags(warning)}" for warning in result.warnings]
    in_int8 = int8_path(result.output)
    fastest = in_int8 if in_int8 in result.others else result.output
    lines.append(f"Use it: vidstyle film.mp4 --style {fastest}")
    return "\n".join(lines)


def training_summary(result: TrainResult) -> dict[str, Any]:
    """A training run as plain data, for --json."""
    return {
        "output": str(result.output),
        "folder": str(result.folder),
        "others": [str(file) for file in result.others],
        "finished": result.finished,
        "steps": result.steps,
        "seconds": round(result.seconds, 3),
        "output_bytes": result.output_bytes,
        "losses": {name: round(value, 5) for name, value in result.losses.items()},
        "warnings": [with_flags(warning) for warning in result.warnings],
    }


def describe(result: Result) -> str:
    """One line on a finished job, and one for each warning."""
    size = _size(result.output_bytes)
    if result.frames == 1:
        line = f"{result.output}  ({size}, {result.seconds:.1f} s)"
    else:
        line = (
            f"{result.output}  {result.frames} frames, {result.keyframes} keyframes, "
            f"{result.fps:.1f} fps, {result.seconds:.1f} s, {size}"
        )
    notes = [f"  damaged: {part}" for part in result.damage]
    notes += [f"  note: {with_flags(warning)}" for warning in result.warnings]
    return "\n".join([line, *notes])


def summary(outcomes: Sequence[Result | Failure]) -> dict[str, Any]:
    """All outcomes as plain data, for --json."""
    done = [o for o in outcomes if isinstance(o, Result)]
    failed = [o for o in outcomes if isinstance(o, Failure)]
    return {
        "results": [
            {
                "input": str(r.input),
                "output": str(r.output),
                "style": r.style,
                "frames": r.frames,
                "keyframes": r.keyframes,
                "fps": round(r.fps, 2),
                "seconds": round(r.seconds, 3),
                "output_bytes": r.output_bytes,
                "damage": r.damage,
                "warnings": [with_flags(warning) for warning in r.warnings],
            }
            for r in done
        ],
        "failures": [{"input": str(f.input), "error": with_flags(f.error)} for f in failed],
    }


def describe_live(report: LiveReport) -> str:
    """What the live filter did, in two lines."""
    latency = f"{report.latency_p50_ms:.0f} ms behind, p99 {report.latency_p99_ms:.0f} ms"
    pace = f"{report.frames} pictures in {_clock(report.seconds)}, {report.fps:.1f} fps"
    return (
        f"{pace}, {latency}, {report.dropped} dropped\n"
        f"{report.quality}, {report.keyframes} keyframes, {report.cores:.2f} cores"
    )


def live_summary(report: LiveReport) -> dict[str, Any]:
    """The same as plain data, for --json."""
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in asdict(report).items()
    }


def print_styles(styles: Sequence[Style]) -> None:
    """Print the catalog as a table; into a file or a pipe, one line a style."""
    table = Table(box=None, pad_edge=False)
    table.add_column("style", no_wrap=True)
    table.add_column("painting")
    table.add_column("artist")
    table.add_column("year")
    table.add_column("size", no_wrap=True)
    table.add_column("bytes", no_wrap=True, justify="right")
    table.add_column("licence", no_wrap=True)
    for number, style in enumerate(styles):
        name = f"{style.name} (default)" if number == 0 else style.name
        painting = (str(style.painting[key]) for key in ("title", "artist", "year"))
        table.add_row(name, *painting, style.size_class, f"{style.bytes:,}", style.licence)
    console = Console()
    if not console.is_terminal:
        console.width = UNBROKEN
    console.print(table, markup=False, highlight=False)


def print_findings(findings: dict[str, Any]) -> None:
    """Print what `doctor` found, one line each."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in findings.items():
        if isinstance(value, dict):
            value = "\n".join(f"{key}: {_plain(part)}" for key, part in value.items())
        table.add_row(name, _plain(value))
    Console().print(table, markup=False, highlight=False)


def _losses(progress: TrainProgress, names: Sequence[str]) -> str:
    return " ".join(f"{name} {progress.losses[name]:.2f}" for name in names)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} KB"


def _bar(console: Console, shown: bool) -> RichProgress:
    """A bar with a description before it and numbers behind it, only on a terminal."""
    return RichProgress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[numbers]}"),
        console=console,
        transient=True,
        disable=not (shown and console.is_terminal),
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(with_flags, value)) or "none"
    return "unknown" if value is None else str(value)


def _state(stats: Stats) -> tuple[int, int | None, str]:
    """What is done, of how much, and in words: paintings first where they are optimized."""
    frames, paintings, total = stats["frames"], stats["paintings"], stats.expected_paintings
    if frames or not total:
        return frames, stats.expected_frames, _numbers(stats)
    left_s = stats.elapsed_s / max(1, paintings) * max(0, total - paintings)
    left = f"  {_clock(left_s)} left" if paintings else ""
    return paintings, total, f"painting {paintings}/{total}{left}"


def _numbers(stats: Stats) -> str:
    frames, elapsed_s, total = stats["frames"], stats.elapsed_s, stats.expected_frames
    fps = frames / elapsed_s
    parts = [f"{frames}/{total}" if total else f"{frames}", f"{fps:.1f} fps"]
    parts.append(f"{stats.position_s / elapsed_s:.2f}x real time")
    if total and frames:
        left_s = max(0, total - frames) / fps
        parts.append(f"{_clock(left_s)} left")
    return "  ".join(parts)
