"""Several inputs, one after the other; a bad one does not stop the rest."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidstyle.apps.outputs import Result
from vidstyle.errors import SinkError, SourceError, VidstyleError
from vidstyle.media.photo import PHOTO_SUFFIXES
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import style_name

VIDEO_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts",
    ".wmv", ".flv", ".3gp", ".ogv", ".gif",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """One input and where its result goes; None leaves the name to the app."""

    input: Path
    output: Path | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A job that came to nothing, and why."""

    input: Path
    error: VidstyleError


App = Callable[[Path, Path | None, StylizeOptions, Stats], Result]


def run_batch(
    jobs: Sequence[Job],
    app: App,
    options: StylizeOptions,
    watch: Callable[[Job, Stats], None] | None = None,
) -> Iterator[Result | Failure]:
    """Run the jobs in order and yield what became of each.

    Args:
        jobs: as `list_jobs` gave them.
        app: does one of them.
        options: the same for all.
        watch: is told of each job before it starts, with the stats to read its progress from.
    """
    for job in jobs:
        stats = Stats()
        if watch is not None:
            watch(job, stats)
        try:
            yield app(job.input, job.output, options, stats)
        except VidstyleError as error:
            yield Failure(job.input, error)


def list_jobs(
    inputs: Sequence[Path], output: Path | None, options: StylizeOptions, suffixes: Sequence[str]
) -> list[Job]:
    """Turn files and folders into jobs; of a folder, the files with one of the suffixes.

    Earlier results lying in the folder (NAME.STYLE.mp4) are not taken as inputs again.

    Raises:
        SourceError: a folder holds nothing to do.
        SinkError: several inputs, but the output is a single file.
    """
    files = [file for path in inputs for file in _files(path, options, suffixes)]
    if output is None:
        return [Job(file, None) for file in files]
    if not output.is_dir():
        if len(files) > 1:
            raise SinkError(f"{len(files)} inputs do not fit into {output}. Give a folder with -o.")
        return [Job(files[0], output)]
    style = style_name(options.style)
    return [Job(file, output / f"{file.stem}.{style}{_suffix(file, options)}") for file in files]


def _files(path: Path, options: StylizeOptions, suffixes: Sequence[str]) -> list[Path]:
    if not path.is_dir():
        return [path]
    ours = f".{style_name(options.style)}"
    files = [
        file
        for file in sorted(path.iterdir())
        if file.suffix.lower() in suffixes and not file.name.startswith(".")
        and Path(file.stem).suffix != ours
    ]
    if not files:
        raise SourceError(f"The folder {path} holds none of {', '.join(suffixes)}.")
    return files


def _suffix(file: Path, options: StylizeOptions) -> str:
    if file.suffix.lower() in PHOTO_SUFFIXES:
        return file.suffix
    return ".png" if options.preview else ".mp4"
