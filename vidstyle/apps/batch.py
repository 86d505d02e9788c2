"""Several inputs, one after the other; a bad one does not stop the rest."""

import itertools
import os
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from vidstyle.apps.optimized import check_painting
from vidstyle.apps.outputs import Result
from vidstyle.errors import OptionError, SinkError, SourceError, reason
from vidstyle.media.image_file import PHOTO_SUFFIXES
from vidstyle.options import Look, StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import check_style, style_name


@dataclass(frozen=True, slots=True)
class Job:
    """One input and where its result goes."""

    input: Path
    output: Path
    makes_folder: bool = False  # the output's, when the job starts


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that came to nothing, and why."""

    input: Path
    error: Exception  # a VidstyleError, or a bug of ours


App = Callable[[Path, Path | None, StylizeOptions, Stats], Result]


def run_batch(
    jobs: Sequence[Job | Failure],
    app: App,
    options: StylizeOptions,
    watch: Callable[[Job, Stats], None] | None = None,
) -> Iterator[Result | Failure]:
    """Run the jobs in order and yield what became of each.

    Args:
        jobs: as `list_jobs` gave them; what has failed already is passed on.
        app: does one of them.
        options: the same for all.
        watch: is told of each job before it starts, with the stats to read its progress from.
    """
    for job in jobs:
        if isinstance(job, Failure):
            yield job
            continue
        stats = Stats()
        if watch is not None:
            watch(job, stats)
        try:
            if job.makes_folder:
                _make_folder(job.output.parent)
            yield app(job.input, job.output, options, stats)
        except Exception as error:  # even a bug must not stop the others
            yield Failure(job.input, error)


def list_jobs(
    inputs: Sequence[Path],
    output: Path | None,
    look: Look,
    suffixes: Sequence[str],
    suffix: str = ".mp4",
    *,
    recursive: bool = False,
) -> list[Job | Failure]:
    """Turn files and folders into jobs; of a folder, the files with one of the suffixes.

    The results of videos end in `suffix`, those of pictures as the picture does. No two jobs have
    one output, and none has another's input. Earlier results lying in a folder (NAME.STYLE.mp4)
    are not taken as inputs again. A folder with nothing to do in it becomes a failure.

    Args:
        inputs: files and folders.
        output: a file for one input, a folder for several; beside the inputs if None.
        look: which style, and at which quality.
        suffixes: of the files that are taken from folders.
        suffix: of the results.
        recursive: take the subfolders of folders, too; below an output folder their structure is
            kept.

    Raises:
        OptionError: several inputs, but the output is no folder.
        StyleError: there is no such style.
    """
    if look.quality == "full":  # said once, not for every file
        check_painting(look.style)
    else:
        check_style(look.style)
    skipped = output if recursive and output is not None and output.is_dir() else None
    found = [
        file
        for path in inputs
        for file in _files(path, look.style, suffixes, recursive=recursive, skipped=skipped)
    ]
    if output is not None and not output.is_dir():
        if len(found) > 1:
            raise OptionError(
                f"{len(found)} inputs need a folder as output, and {output} is none.", "output"
            )
        return [Job(file.path, output) if isinstance(file, _File) else file for file in found]
    names = _Names({_identity(file.path) for file in found if isinstance(file, _File)})
    jobs: list[Job | Failure] = []
    for file in found:
        if isinstance(file, Failure):
            jobs.append(file)
        elif file.path.suffix.lower() in set(PHOTO_SUFFIXES) - set(suffixes):
            error = SourceError(
                f"{file.path} is a picture, not a video. Stylize it as one.", {"command": "image"}
            )
            jobs.append(Failure(file.path, error))
        else:
            folder = output / file.below if output is not None else file.path.parent
            job = names.job(file.path, folder, style_name(look.style), suffix)
            inside = output is not None and file.below != Path()
            jobs.append(replace(job, makes_folder=True) if isinstance(job, Job) and inside else job)
    return jobs


@dataclass(frozen=True, slots=True)
class _File:
    """An input file, and in which folder below an output folder its result belongs."""

    path: Path
    below: Path = Path()


class _Names:
    """Names for the results of a run, each only once."""

    def __init__(self, inputs: Set[str]) -> None:
        self._inputs, self._taken = inputs, set[str]()

    def job(self, file: Path, folder: Path, style: str, suffix: str) -> Job | Failure:
        """The job of a file, with the first free of the names for its result."""
        if file.suffix.lower() in PHOTO_SUFFIXES:
            suffix = file.suffix
        stems = itertools.chain(
            [file.stem, file.name], (f"{file.stem}-{number}" for number in itertools.count(2))
        )
        targets = (folder / f"{stem}.{style}{suffix}" for stem in stems)
        target = next(each for each in targets if _identity(each) not in self._taken)
        if _identity(target) in self._inputs:
            error = SinkError(f"{target} is an input, too. Choose a folder for the results.")
            return Failure(file, error)
        self._taken.add(_identity(target))
        return Job(file, target)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(f"Cannot make the folder {folder}: {reason(error)}.") from error


def _identity(file: Path) -> str:
    """One word for all names of a file, also where upper and lower case are the same."""
    return os.path.realpath(file).casefold()


def _files(
    path: Path, style: str | None, suffixes: Sequence[str], *, recursive: bool, skipped: Path | None
) -> Sequence[_File | Failure]:
    if not path.is_dir():
        return [_File(path)]
    ours = f".{style_name(style)}"
    try:
        content = list(_content(path, recursive, skipped))
    except OSError as error:
        unread = error.filename or path
        return [Failure(path, SourceError(f"The folder {unread} cannot be read: {reason(error)}."))]
    files = [
        _File(file, file.parent.relative_to(path))
        for file in content
        if file.suffix.lower() in suffixes
        and not file.name.startswith(".")
        and Path(file.stem).suffix != ours
    ]
    if not files:
        kinds = " ".join(suffixes)
        return [
            Failure(path, SourceError(f"The folder {path} holds nothing to convert ({kinds})."))
        ]
    return files


def _content(folder: Path, recursive: bool, skipped: Path | None) -> Iterator[Path]:
    """The files of a folder, its subfolders' after its own; hidden folders are left out."""
    entries = sorted(folder.iterdir())
    yield from (entry for entry in entries if not entry.is_dir())
    for entry in entries if recursive else []:
        if not entry.is_dir() or entry.is_symlink() or entry.name.startswith("."):
            continue
        if skipped is None or not entry.samefile(skipped):
            yield from _content(entry, recursive, skipped)
