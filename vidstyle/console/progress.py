"""Progress bars of batches and trainings."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as RichProgress

from vidstyle.apps.batch_jobs import Job
from vidstyle.apps.outputs import Failure
from vidstyle.apps.progress import BatchEstimate
from vidstyle.errors import printable
from vidstyle.flags import with_flags
from vidstyle.stats import Stats, per_second
from vidstyle.times import clock
from vidstyle.training.results import LOSS_WORDS, TrainProgress

REFRESH_S = 0.2  # interval of the progress bar
MIN_BAR_WIDTH, MIN_NAME_WIDTH = 10, 8  # columns
LOSSES_BESIDE_BAR = ("style", "patch", "content", "temporal")  # all would exceed 80 columns
LOSSES_NOTE = (
    "Lower is better: style and strokes are distances to the painting, content to the photo, "
    "flicker is change between frames."
)


class Progress:
    """Progress bar of a batch on stderr; without a terminal, no bar.

    A thread of its own reads the stats of the running job; the methods belong to one thread.
    """

    def __init__(self, jobs: Sequence[Job | Failure], shown: bool) -> None:
        """Create the bar.

        Args:
            jobs: of the batch.
            shown: False for no bar at all.
        """
        self._console = Console(stderr=True)
        todo = [job for job in jobs if isinstance(job, Job)]
        self._jobs, self._done = len(todo), 0
        self._estimate = BatchEstimate(_input_bytes(todo))
        self._bar = _bar(self._console, shown)
        self._task: TaskID | None = None
        self._stats: Stats | None = None
        self._shown = shown
        self._resumed: Stats | None = None  # of the last run that was said to go on
        self._saying = threading.Lock()
        self._name = self._number = ""
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

    def watch(self, jobs: Sequence[Job], stats: Stats) -> None:
        """Show the jobs of one input from now on; called by `run_batch` before each run."""
        self.clear()
        first, self._done = self._done + 1, self._done + len(jobs)
        numbers = str(first) if len(jobs) == 1 else f"{first}-{self._done}"
        self._name = jobs[0].input.name
        self._number = f" ({numbers}/{self._jobs})" if self._jobs > 1 else ""
        self._estimate.begin(_input_bytes(jobs))
        self._task = self._bar.add_task(self._title(""), total=None, numbers="")
        self._stats = stats

    def _title(self, numbers: str) -> str:
        """Name of the input, shortened so that the numbers stay whole."""
        taken = cell_len(numbers) + cell_len(self._number) + MIN_BAR_WIDTH + 2  # gaps
        return shortened(self._name, self._console.width - taken) + self._number

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self.clear()
        self._print(line)

    def clear(self) -> None:
        """Remove the bar of the job."""
        if self._stats is not None:
            self._say_resumed(self._stats)
        self._stats = None
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None

    def _follow(self) -> None:
        while not self._stop.wait(REFRESH_S):
            stats, task = self._stats, self._task
            if stats is None or task is None:
                continue
            self._say_resumed(stats)
            done, total, numbers = _state(stats)
            left_s = self._estimate.left_s(min(1.0, done / total) if total else 0.0)
            if left_s is not None:
                numbers += f", all {clock(left_s)}" if total else f"  all {clock(left_s)} left"
            with suppress(KeyError):  # the job ended in between
                self._bar.update(
                    task,
                    description=self._title(numbers),
                    completed=done,
                    total=total,
                    numbers=numbers,
                )

    def _say_resumed(self, stats: Stats) -> None:
        """Print once where an interrupted run was taken up; it is printed on return."""
        with self._saying:
            at_s, total_s = stats.resumed_at_s, stats.expected_s
            if at_s is None or self._resumed is stats or not self._shown:
                return
            self._resumed = stats
            name = f"{self._name}: " if self._jobs > 1 else ""
            of = "" if total_s is None else f" of {clock(total_s)}"
            self._print(f"{name}Resumed at {clock(at_s)}{of}.")

    def _print(self, line: str) -> None:
        with suppress(OSError):  # a full disk that stderr is redirected to does not end the batch
            self._console.print(printable(line), highlight=False, markup=False, soft_wrap=True)


def shortened(name: str, width: int) -> str:
    """Return a name of at most so many terminal cells, its middle left out if it is longer."""
    width = max(width, MIN_NAME_WIDTH)
    if cell_len(name) <= width:
        return name
    tail = width // 2
    while cell_len(name[-tail:]) > width // 2:
        tail -= 1
    return f"{set_cell_size(name, width - 1 - cell_len(name[-tail:])).rstrip()}…{name[-tail:]}"


def _input_bytes(jobs: Sequence[Job]) -> int:
    """Bytes of the inputs of jobs; 0 for those that are no files."""
    return sum(job.input.stat().st_size for job in jobs if job.input.is_file())


class TrainingProgress:
    """Progress bar of a training on stderr; without a terminal, a line for each checkpoint."""

    def __init__(self, shown: bool) -> None:
        self._console = Console(stderr=True)
        self._shown = shown
        self._bar = _bar(self._console, shown)
        self._task = self._bar.add_task("preparing", total=1.0, numbers="")
        self._explained = False

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
        """Show the state after a step; called by the thread that trains."""
        if not self._shown:
            return
        if progress.note:
            self._say(with_flags(progress.note))
        if not (self._console.is_terminal or progress.saved):
            return
        if not self._explained:
            self._explained = True
            self._say(LOSSES_NOTE)
        left = f"{clock(progress.left_s)} left"
        if self._console.is_terminal:
            self._bar.update(
                self._task,
                description=f"step {progress.step}",
                completed=progress.done,
                numbers=f"{_losses(progress, LOSSES_BESIDE_BAR)}  {left}",
            )
        else:
            losses = _losses(progress, tuple(progress.losses))
            self._say(f"step {progress.step}  {losses}  {left}")

    def _say(self, line: str) -> None:
        """Print a line, above the bar if there is one."""
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)


def _losses(progress: TrainProgress, names: Sequence[str]) -> str:
    return " ".join(f"{LOSS_WORDS[name][0]} {progress.losses[name]:.2f}" for name in names)


def _bar(console: Console, shown: bool) -> RichProgress:
    """Create a bar between a description and numbers; disabled without a terminal."""
    return RichProgress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[numbers]}"),
        console=console,
        transient=True,
        disable=not (shown and console.is_terminal),
    )


def _state(stats: Stats) -> tuple[int, int | None, str]:
    """Progress of a job: done, total and text; of paintings until the first frame is written."""
    frames, paintings, total = stats["frames"], stats["paintings"], stats.expected_paintings
    if frames or not total:
        return frames, stats.expected_frames, _numbers(stats)
    left_s = stats.elapsed_s / max(1, paintings) * max(0, total - paintings)
    in_limit_s = (stats.time_limit_s or 0.0) - stats.elapsed_s
    if in_limit_s > 0:
        left_s = in_limit_s  # the plan fills the time
    left = f"  {clock(left_s)} left" if paintings or in_limit_s > 0 else ""
    return paintings, total, f"painting {paintings}/{total}{left}"


def _numbers(stats: Stats) -> str:
    frames, elapsed_s, total = stats["frames"], stats.elapsed_s, stats.expected_frames
    fps = per_second(frames, elapsed_s)
    parts = [f"{frames}/{total}" if total else f"{frames}", f"{fps:.1f} fps"]
    if stats.workers is not None:
        parts.insert(0, f"{stats.workers} worker{'s' * (stats.workers != 1)}")
    parts.append(f"{per_second(stats.position_s, elapsed_s):.2f}x real time")
    if total and frames:
        # From the first frame on: hours of painting before it say nothing of the pace.
        left_s = stats.seconds_since_first("frames") / frames * max(0, total - frames)
        parts.append(f"{clock(left_s)} left")
    return "  ".join(parts)
