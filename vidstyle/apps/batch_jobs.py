"""Jobs of a batch: which input is converted to which output, in which style."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidstyle.apps.batch_inputs import BatchRequest, InputFile, expanded_inputs, find_files, refusal
from vidstyle.apps.batch_names import OutputNames, path_key
from vidstyle.apps.optimized import check_painting
from vidstyle.apps.outputs import Failure
from vidstyle.apps.video_outputs import output_exists
from vidstyle.errors import OptionError, SinkError
from vidstyle.media.image_sequence import numbered_pictures
from vidstyle.options import STANDARD_STREAM, Look
from vidstyle.style_plan import style_plan
from vidstyle.stylize.catalog import plan_name
from vidstyle.stylize.generator_pool import check_plan


@dataclass(frozen=True, slots=True)
class Job:
    """Conversion of one input to one output."""

    input: Path
    output: Path
    style: str | None = None  # of several; None for that of the options
    makes_folder: bool = False  # create the output's folder when the job starts


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
    inputs = expanded_inputs(request)
    found = find_files(request, inputs, names_of.values())
    many = len(inputs) > 1 or any(path.is_dir() for path in inputs) or len(names_of) > 1
    output = request.output
    if output is None or output.is_dir() or _is_new_folder(output, many, request.into_folder):
        return list(_named_jobs(request, found, names_of))
    _check_single(output, len(found), len(names_of), request.into_folder)
    numbered = numbered_pictures(output) is not None  # pictures want a folder of their own
    return [
        Job(file.path, output, makes_folder=numbered) if isinstance(file, InputFile) else file
        for file in found
    ]


def missing_results(jobs: Sequence[Job | Failure]) -> list[Job | Failure]:
    """Return the jobs whose outputs do not exist, and the failures."""
    return [job for job in jobs if isinstance(job, Failure) or not output_exists(job.output)]


def _checked(look: Look, styles: Sequence[str | None]) -> dict[str | None, str]:
    """Check the styles once, not for every file; return the name of each, None for the look's."""
    plans = {style: style_plan(style) for style in styles} or {None: look.style_plan}
    for plan in plans.values():
        if look.quality == "full":
            check_painting(plan)
        else:
            check_plan(plan)
    return {style: plan_name(plan) for style, plan in plans.items()}


def _is_new_folder(output: Path, many: bool, into_folder: bool) -> bool:
    """Whether the output's name is free, and that of a folder: as wanted, or by its inputs."""
    if output.exists() or output == STANDARD_STREAM:
        return False
    return into_folder or (many and not output.suffix)


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
    request: BatchRequest, found: Sequence[InputFile | Failure], names_of: Mapping[str | None, str]
) -> Iterator[Job | Failure]:
    """Yield the jobs of files, beside the inputs or in the output folder, one for each style."""
    output = request.output
    makes_output = output is not None and not output.is_dir()
    inputs = [
        each if isinstance(each, Failure) else refusal(request, each.path) or each for each in found
    ]
    names = OutputNames(request, [each for each in inputs if isinstance(each, InputFile)], names_of)
    taken = {path_key(each.path) for each in found if isinstance(each, InputFile)}
    for file in inputs:
        if isinstance(file, Failure):
            yield file
            continue
        inside = output is not None and file.subfolder != Path()
        for style, name in names_of.items():
            target = names.free(file, name)
            if path_key(target) in taken:
                message = f"{target} is an input, too. Choose a folder for the results."
                yield Failure(file.path, SinkError(message))
            else:
                makes_folder = inside or makes_output
                yield Job(file.path, target, style=style, makes_folder=makes_folder)
