"""Batch conversion: files and folders to jobs, run one by one; a failure does not stop the rest."""

import glob
import hashlib
import itertools
import logging
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from vidstyle.apps.inputs import is_pipe, result_stem
from vidstyle.apps.optimized import check_painting
from vidstyle.apps.outputs import Result
from vidstyle.apps.video_outputs import output_exists
from vidstyle.errors import ELSEWHERE, OptionError, SinkError, SourceError, reason
from vidstyle.media.animation import is_animated_file
from vidstyle.media.atomic import short_name
from vidstyle.media.image_file import READABLE_SUFFIXES, result_suffix
from vidstyle.media.image_sequence import is_sequence, numbered_pictures, pictures_in
from vidstyle.media.info import DEFAULT_RATE
from vidstyle.media.result_mark import is_marked
from vidstyle.options import STANDARD_STREAM, Look, StylizeOptions
from vidstyle.stats import Stats
from vidstyle.style_plan import style_plan
from vidstyle.stylize.catalog import is_result_name, plan_name
from vidstyle.stylize.generator_pool import check_plan

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Conversion of one input to one output."""

    input: Path
    output: Path
    style: str | None = None  # of several; None for that of the options
    makes_folder: bool = False  # create the output's folder when the job starts


@dataclass(frozen=True, slots=True)
class Failure:
    """Input without a result, and its error."""

    input: Path
    error: Exception  # a VidstyleError; any other exception is a bug


App = Callable[[Path, Path | None, StylizeOptions, Stats], Result]
# The same for several outputs, each with its style.
StylesApp = Callable[
    [Path, Mapping[Path, str | None], StylizeOptions, Stats], list[Result | Exception]
]


def run_batch(
    jobs: Sequence[Job | Failure],
    app: App,
    options: StylizeOptions,
    watch: Callable[[Sequence[Job], Stats], None] | None = None,
    styles_app: StylesApp | None = None,
) -> Iterator[Result | Failure]:
    """Run jobs in order, in the calling thread, and yield the result or failure of each.

    Args:
        jobs: from `list_jobs`; failures in it are yielded unchanged.
        app: converts one input; any exception of it becomes a failure.
        options: of all jobs.
        watch: called before each run, with its jobs and the stats that it will update.
        styles_app: converts an input in several styles at once, and returns a result or an
            exception of each; None to convert it once for each.
    """
    for run in _runs(jobs, options, together=styles_app is not None):
        if isinstance(run, Failure):
            yield run
            continue
        stats, first = Stats(), run[0]
        if watch is not None:
            watch(run, stats)
        try:
            with _folder_made(first.output.parent) if first.makes_folder else nullcontext():
                if styles_app is not None and len(run) > 1:
                    styles = {job.output: job.style for job in run}
                    results = styles_app(first.input, styles, options, stats)
                else:
                    results = [app(first.input, first.output, _styled(options, first), stats)]
            yield from (
                Failure(first.input, each) if isinstance(each, Exception) else each
                for each in results
            )
        except Exception as error:  # also after a bug the others are run
            yield from (Failure(job.input, error) for job in run)


def _runs(
    jobs: Sequence[Job | Failure], options: StylizeOptions, *, together: bool
) -> Iterator[list[Job] | Failure]:
    """Group jobs of one input; those whose output is taken fail alone."""
    group = list[Job]()
    for job in jobs:
        if group and job.input != group[0].input:
            yield group
            group = []
        if isinstance(job, Failure):
            yield job
        elif together and (options.overwrite or not output_exists(job.output)):
            group.append(job)
        else:
            yield [job]
    if group:
        yield group


def _styled(options: StylizeOptions, job: Job) -> StylizeOptions:
    return options if job.style is None else replace(options, style=job.style)


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """Inputs of a batch as they were given, and where and how their results are made.

    Args:
        inputs: files, folders, patterns such as `*.mp4` that the shell did not expand, and names
            with a number such as "frame_%04d.png": an image sequence, or all of the pictures.
        output: a file for one input, a folder for several, which need not exist if its name has no
            suffix; None for files beside the inputs.
        look: style and quality.
        suffixes: suffixes of the files to convert from folders, in lower case.
        suffix: suffix of outputs for videos.
        styles: several styles in place of that of the look; each input gets a job for each.
        recursive: include subfolders; below an output folder their structure is kept.
        into_folder: the output is a folder, also for one input and with a suffix.
        sequences: a folder of pictures, without files to convert, is an image sequence.
    """

    inputs: Sequence[Path]
    output: Path | None
    look: Look
    suffixes: Sequence[str]
    suffix: str = ".mp4"
    styles: Sequence[str | None] = ()
    recursive: bool = False
    into_folder: bool = False
    sequences: bool = False


def list_jobs(request: BatchRequest) -> list[Job | Failure]:
    """List the jobs for files and folders; of a folder, the files with one of the suffixes.

    Outputs are named NAME.STYLE and the request's suffix, or the suffix of an input that is a
    picture. They are distinct, do not depend on the order of the inputs, and none is an input.
    Inputs that would share an output all get longer names; an earlier result of the shared name
    belongs to none of them, which a warning says. In folders, hidden files and earlier results, in
    any style or mix, are skipped. A folder without inputs, or one that cannot be read, becomes a
    failure.

    Raises:
        OptionError: the output is not a folder, but there are several inputs or it has to be one.
        StyleError: the style is unknown or unusable.
        SourceError: with quality "full", the painting cannot be read.
    """
    names_of = _checked(request.look, request.styles)
    inputs = [path for each in request.inputs for path in _expanded(each, request.suffixes)]
    found = _found(request, inputs, names_of.values())
    many = len(inputs) > 1 or any(path.is_dir() for path in inputs) or len(names_of) > 1
    output = request.output
    if output is None or output.is_dir() or _is_new_folder(output, many, request.into_folder):
        return list(_named_jobs(request, found, names_of))
    _check_single(output, len(found), len(names_of), request.into_folder)
    numbered = numbered_pictures(output) is not None  # pictures want a folder of their own
    return [
        Job(file.path, output, makes_folder=numbered) if isinstance(file, _File) else file
        for file in found
    ]


@dataclass(frozen=True, slots=True)
class _File:
    """Input file, and the subfolder of its result."""

    path: Path
    subfolder: Path = Path()  # relative to the output folder


def _found(
    request: BatchRequest, inputs: Sequence[Path], styles: Collection[str]
) -> list[_File | Failure]:
    """Files of the inputs, those of folders too; several stills become one failure."""
    output, suffixes = request.output, request.suffixes
    skipped = output if request.recursive and output is not None and output.is_dir() else None
    found = list[_File | Failure]()
    for path in inputs:
        if request.sequences and _holds_pictures_alone(path, suffixes):
            found.append(_File(path))
        else:
            found += _files(path, styles, suffixes, recursive=request.recursive, skipped=skipped)
    return _with_stills_joined(found, suffixes)


def _check_single(output: Path, inputs: int, styles: int, into_folder: bool) -> None:
    """Check an output that is no folder.

    Raises:
        OptionError: it has to be a folder.
    """
    count, what = max((inputs, "inputs"), (styles, "styles"))
    if into_folder or (count > 1 and output.exists()):
        raise OptionError(f"{output} is not a folder.")
    if count > 1:
        raise OptionError(
            f"{count} {what} need a folder as output, and {output} is none.", "output"
        )


def _named_jobs(
    request: BatchRequest, found: Sequence[_File | Failure], names_of: Mapping[str | None, str]
) -> Iterator[Job | Failure]:
    """Yield the jobs of files, beside the inputs or in the output folder, one for each style."""
    output = request.output
    makes_output = output is not None and not output.is_dir()
    inputs = [
        each if isinstance(each, Failure) else _refusal(request, each.path) or each
        for each in found
    ]
    names = _OutputNames(request, [each for each in inputs if isinstance(each, _File)], names_of)
    taken = {_identity(each.path) for each in found if isinstance(each, _File)}
    for file in inputs:
        if isinstance(file, Failure):
            yield file
            continue
        inside = output is not None and file.subfolder != Path()
        for style, name in names_of.items():
            target = names.free(file, name)
            if _identity(target) in taken:
                message = f"{target} is an input, too. Choose a folder for the results."
                yield Failure(file.path, SinkError(message))
            else:
                makes_folder = inside or makes_output
                yield Job(file.path, target, style=style, makes_folder=makes_folder)


def _refusal(request: BatchRequest, file: Path) -> Failure | None:
    """Failure of a file that cannot be converted as it is given; None for others."""
    if request.output is None and is_pipe(file):
        return Failure(file, SinkError(f"{file} is a pipe. Give its result a name.", ELSEWHERE))
    if _is_photo(file, request.suffixes):
        message = f"{file} is a picture, not a video. Stylize it as one."
        return Failure(file, SourceError(message, {"command": "image"}))
    return None


def _ending(request: BatchRequest, file: Path) -> str:
    """Suffix of a file's result: a picture's own, or that of videos."""
    is_picture = file.suffix.lower() in {*READABLE_SUFFIXES} & {*request.suffixes}
    return result_suffix(file.suffix) if is_picture else request.suffix


def _checked(look: Look, styles: Sequence[str | None]) -> dict[str | None, str]:
    """Check the styles once, not for every file; return the name of each, None for the look's."""
    plans = {style: style_plan(style) for style in styles} or {None: look.style_plan}
    for plan in plans.values():
        if look.quality == "full":
            check_painting(plan)
        else:
            check_plan(plan)
    return {style: plan_name(plan) for style, plan in plans.items()}


def missing_results(jobs: Sequence[Job | Failure]) -> list[Job | Failure]:
    """Return the jobs whose outputs do not exist, and the failures."""
    return [job for job in jobs if isinstance(job, Failure) or not output_exists(job.output)]


class _OutputNames:
    """Unique output paths of a batch: shared by no inputs, and independent of their order.

    So a result never changes hands when inputs are added.
    """

    def __init__(
        self, request: BatchRequest, files: Sequence[_File], names_of: Mapping[str | None, str]
    ) -> None:
        self._request, self._taken = request, set[str]()
        self._stems = {file: _stems(file.path) for file in files}
        styles = list(names_of.values())
        self._places = self._chosen_places(styles[0])  # of the stems
        self._warn_of_shared_results(styles)

    def free(self, file: _File, style: str) -> Path:
        """Return the output of a file in a style, which is free then no more."""
        stem = self._stems[file][self._places[file]]
        more = (f"{stem}-{n}" for n in itertools.count(2))  # for a file that is given twice
        paths = (self._path(file, each, style) for each in itertools.chain([stem], more))
        path = next(each for each in paths if _identity(each) not in self._taken)
        self._taken.add(_identity(path))
        return path

    def _path(self, file: _File, stem: str, style: str) -> Path:
        output = self._request.output
        folder = file.path.parent if output is None else output / file.subfolder
        return folder / short_name(stem, f".{style}{_ending(self._request, file.path)}")

    def _chosen_places(self, style: str) -> dict[_File, int]:
        """Choose the first stem of each file that makes an output of its own."""
        places = dict.fromkeys(self._stems, 0)
        while True:
            keys = {
                file: _identity(self._path(file, self._stems[file][place], style))
                for file, place in places.items()
            }
            counts = Counter(keys.values())
            shared = [
                file
                for file, place in places.items()
                if counts[keys[file]] > 1 and place + 1 < len(self._stems[file])
            ]
            if not shared:
                return places
            for file in shared:
                places[file] += 1

    def _warn_of_shared_results(self, styles: Sequence[str]) -> None:
        """Tell of earlier results whose names several inputs share."""
        found = dict[Path, Path]()  # with the new name of an input
        for file, place in self._places.items():
            stems = self._stems[file]
            for style in styles if place else []:
                earlier = self._path(file, stems[0], style)
                if earlier not in found and output_exists(earlier):
                    found[earlier] = self._path(file, stems[place], style)
        if found:
            first, new = next(iter(found.items()))
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            log.warning(
                "Several inputs share the name of %s, an earlier result%s. It stays, and counts "
                "for none of them; their results have longer names, as %s.",
                first,
                more,
                new.name,
            )


def _stems(file: Path) -> list[str]:
    """Beginnings of the names of a file's results, by preference; fewer files share later ones."""
    stem = result_stem(file)
    name = file.name if file.name and file != STANDARD_STREAM else stem
    path = file.absolute()
    place = hashlib.sha256(os.fsencode(path)).hexdigest()[:8]
    return [stem, name, f"{path.parent.name}-{name}", f"{name}-{place}"]


def _expanded(path: Path, suffixes: Sequence[str]) -> list[Path]:
    """Files and folders that match a pattern, as of the Windows shell; other paths unchanged.

    Names with a number are expanded where pictures are to be converted.
    """
    names = numbered_pictures(path)
    if names is not None and path.suffix.lower() in suffixes and not path.exists():
        return list(names.files().values()) or [path]
    if path.exists() or not glob.has_magic(str(path)):
        return [path]
    found = glob.glob(str(path), recursive=True)  # noqa: PTH207 - Path.glob finds hidden files
    return sorted(map(Path, found)) or [path]


def _with_stills_joined(
    found: Sequence[_File | Failure], suffixes: Sequence[str]
) -> list[_File | Failure]:
    """Replace several still pictures among inputs that are to be videos by one failure."""
    files = (file.path for file in found if isinstance(file, _File))
    stills = {file: None for file in files if _is_photo(file, suffixes)}
    if len(stills) < 2:
        return list(found)
    first = next(iter(stills))
    error = SourceError(
        f"{len(stills)} inputs are pictures, as {first}. Give their folder and a frame rate to "
        "make a film of them, or stylize each of them.",
        {"fps": int(DEFAULT_RATE)},
        {"command": "image"},
    )
    others = [each for each in found if isinstance(each, Failure) or each.path not in stills]
    return [Failure(first, error), *others]


def _is_photo(file: Path, suffixes: Sequence[str]) -> bool:
    """Whether a file is a still picture, and not to be converted by its suffix."""
    pictures = {*READABLE_SUFFIXES} - {*suffixes}
    if is_sequence(file):
        return False
    return file.suffix.lower() in pictures and not is_animated_file(file)


def _is_new_folder(output: Path, many: bool, into_folder: bool) -> bool:
    """Whether the output's name is free, and that of a folder: as wanted, or by its inputs."""
    if output.exists() or output == STANDARD_STREAM:
        return False
    return into_folder or (many and not output.suffix)


@contextmanager
def _folder_made(folder: Path) -> Iterator[None]:
    """Make a folder and its parents for the block; new ones that stay empty are removed."""
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(f"Cannot make the folder {folder}: {reason(error)}.") from error
    try:
        yield
    finally:
        with suppress(OSError):  # not empty
            for each in new:
                each.rmdir()


def _identity(file: Path) -> str:
    """Key that all paths of a file share, also on file systems that ignore case."""
    return os.path.realpath(file).casefold()


def _files(
    path: Path,
    styles: Collection[str],
    suffixes: Sequence[str],
    *,
    recursive: bool,
    skipped: Path | None,
) -> Sequence[_File | Failure]:
    if not path.is_dir():
        return [_File(path)]
    result_suffixes = [f".{style}" for style in styles]
    try:
        content = list(_files_below(path, recursive, skipped))
    except OSError as error:
        unread = error.filename or path
        return [Failure(path, SourceError(f"The folder {unread} cannot be read: {reason(error)}."))]
    candidates = [
        file
        for file in content
        if file.suffix.lower() in suffixes and not file.name.startswith(".")
    ]
    files = [
        _File(file, file.parent.relative_to(path))
        for file in candidates
        if Path(file.stem).suffix not in result_suffixes and not _is_result(file)
    ]
    if not files and not {*READABLE_SUFFIXES} & {*suffixes} and (pictures := pictures_in(path)):
        message = (
            f"The folder {path} holds no videos, but {len(pictures)} pictures. "
            "Give a frame rate to make a film of them, or stylize each of them."
        )
        cures = {"fps": int(DEFAULT_RATE)}, {"command": "image"}
        return [Failure(path, SourceError(message, *cures))]
    if not files:
        kinds = " ".join(suffixes)
        results = " besides earlier results" if candidates else ""
        message = f"The folder {path} holds nothing to convert{results} ({kinds})."
        return [Failure(path, SourceError(message))]
    return files


def _holds_pictures_alone(path: Path, suffixes: Sequence[str]) -> bool:
    """Whether a folder holds pictures, and no files to convert but earlier results."""
    if not path.is_dir():
        return False
    try:
        others = [file for file in path.iterdir() if file.suffix.lower() in suffixes]
        return bool(pictures_in(path)) and all(_is_result(file) for file in others)
    except (OSError, SourceError):
        return False  # `_files` says it


def _is_result(file: Path) -> bool:
    """Whether a file is a result in any style."""
    return is_result_name(file) or is_marked(file)


def _files_below(folder: Path, recursive: bool, skipped: Path | None) -> Iterator[Path]:
    """Yield the files of a folder, then of its subfolders; hidden folders are left out."""
    entries = sorted(folder.iterdir())
    yield from (entry for entry in entries if not entry.is_dir() and not entry.is_fifo())
    for entry in entries if recursive else []:
        if not entry.is_dir() or entry.is_symlink() or entry.name.startswith("."):
            continue
        if skipped is None or not entry.samefile(skipped):
            yield from _files_below(entry, recursive, skipped)
