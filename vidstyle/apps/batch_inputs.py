"""Input files of a batch: from folders, patterns and numbered names, without earlier results."""

import glob
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidstyle.apps.inputs import is_pipe
from vidstyle.apps.outputs import Failure
from vidstyle.errors import ELSEWHERE, SinkError, SourceError, reason
from vidstyle.media.animation import is_animated_file
from vidstyle.media.image_file import READABLE_SUFFIXES
from vidstyle.media.image_sequence import is_sequence, numbered_pictures, pictures_in
from vidstyle.media.info import DEFAULT_RATE
from vidstyle.media.result_mark import is_marked
from vidstyle.options import Look
from vidstyle.stylize.catalog import is_result_name


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


@dataclass(frozen=True, slots=True)
class InputFile:
    """Input file, and the subfolder of its result."""

    path: Path
    subfolder: Path = Path()  # relative to the output folder


def expanded_inputs(request: BatchRequest) -> list[Path]:
    """Inputs of a request, with the files and folders that match in place of patterns."""
    return [path for each in request.inputs for path in _expanded(each, request.suffixes)]


def find_files(
    request: BatchRequest, inputs: Sequence[Path], styles: Collection[str]
) -> list[InputFile | Failure]:
    """Find the files to convert; several still pictures become one failure.

    Args:
        request: which files of folders are wanted, and whether a folder of pictures is one input.
        inputs: files and folders; in folders, hidden files and earlier results are skipped.
        styles: names of the styles whose results are skipped; those of known styles always are.
    """
    output, suffixes = request.output, request.suffixes
    skipped = output if request.recursive and output is not None and output.is_dir() else None
    found = list[InputFile | Failure]()
    for path in inputs:
        if request.sequences and _holds_pictures_alone(path, suffixes):
            found.append(InputFile(path))
        else:
            found += _files(path, styles, suffixes, recursive=request.recursive, skipped=skipped)
    return _with_stills_joined(found, suffixes)


def refusal(request: BatchRequest, file: Path) -> Failure | None:
    """Failure of a file that cannot be converted as it is given; None for others."""
    if request.output is None and is_pipe(file):
        return Failure(file, SinkError(f"{file} is a pipe. Give its result a name.", ELSEWHERE))
    if _is_photo(file, request.suffixes):
        message = f"{file} is a picture, not a video. Stylize it as one."
        return Failure(file, SourceError(message, {"command": "image"}))
    return None


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
    found: Sequence[InputFile | Failure], suffixes: Sequence[str]
) -> list[InputFile | Failure]:
    """Replace several still pictures among inputs that are to be videos by one failure."""
    files = (file.path for file in found if isinstance(file, InputFile))
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


def _files(
    path: Path,
    styles: Collection[str],
    suffixes: Sequence[str],
    *,
    recursive: bool,
    skipped: Path | None,
) -> Sequence[InputFile | Failure]:
    if not path.is_dir():
        return [InputFile(path)]
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
        InputFile(file, file.parent.relative_to(path))
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


def _files_below(folder: Path, recursive: bool, skipped: Path | None) -> Iterator[Path]:
    """Yield the files of a folder, then of its subfolders; hidden folders are left out."""
    entries = sorted(folder.iterdir())
    yield from (entry for entry in entries if not entry.is_dir() and not entry.is_fifo())
    for entry in entries if recursive else []:
        if not entry.is_dir() or entry.is_symlink() or entry.name.startswith("."):
            continue
        if skipped is None or not entry.samefile(skipped):
            yield from _files_below(entry, recursive, skipped)


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
