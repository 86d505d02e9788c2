"""Several inputs, one after the other; a bad one does not stop the rest."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidstyle.apps.optimized import check_painting
from vidstyle.apps.outputs import Result
from vidstyle.errors import OptionError, SourceError
from vidstyle.media.image_file import PHOTO_SUFFIXES
from vidstyle.options import Look, StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import check_style, style_name


@dataclass(frozen=True, slots=True)
class Job:
    """One input and where its result goes."""

    input: Path
    output: Path


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
            yield app(job.input, job.output, options, stats)
        except Exception as error:  # even a bug must not stop the others
            yield Failure(job.input, error)


def list_jobs(
    inputs: Sequence[Path],
    output: Path | None,
    look: Look,
    suffixes: Sequence[str],
    suffix: str = ".mp4",
) -> list[Job | Failure]:
    """Turn files and folders into jobs; of a folder, the files with one of the suffixes.

    The results of videos end in `suffix`, those of pictures as the picture does. Earlier results
    lying in the folder (NAME.STYLE.mp4) are not taken as inputs again. A folder with nothing to do
    in it becomes a failure.

    Raises:
        OptionError: several inputs, but the output is no folder.
        StyleError: there is no such style.
    """
    if look.quality == "full":  # said once, not for every file
        check_painting(look.style)
    else:
        check_style(look.style)
    found = [file for path in inputs for file in _files(path, look.style, suffixes)]
    if output is not None and not output.is_dir():
        if len(found) > 1:
            raise OptionError(f"{len(found)} inputs need a folder as -o, and {output} is none.")
        return [Job(file, output) if isinstance(file, Path) else file for file in found]
    jobs: list[Job | Failure] = []
    taken: set[Path] = set()
    for file in found:
        if isinstance(file, Path) and file.suffix.lower() in set(PHOTO_SUFFIXES) - set(suffixes):
            error = SourceError(f'{file} is a picture. Use "vidstyle image" for it.')
            jobs.append(Failure(file, error))
        elif isinstance(file, Path):
            target = _target(file, output or file.parent, look.style, suffix, taken)
            taken.add(target)
            jobs.append(Job(file, target))
        else:
            jobs.append(file)
    return jobs


def _files(path: Path, style: str | None, suffixes: Sequence[str]) -> Sequence[Path | Failure]:
    if not path.is_dir():
        return [path]
    ours = f".{style_name(style)}"
    files = [
        file
        for file in sorted(path.iterdir())
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


def _target(file: Path, folder: Path, style: str | None, suffix: str, taken: set[Path]) -> Path:
    """NAME.STYLE.mp4; NAME.mkv.STYLE.mp4 where NAME.mov has taken that already."""
    name = style_name(style)
    if file.suffix.lower() in PHOTO_SUFFIXES:
        suffix = file.suffix
    target = folder / f"{file.stem}.{name}{suffix}"
    return target if target not in taken else folder / f"{file.name}.{name}{suffix}"
