"""Run of a batch: its jobs one by one; a failure does not stop the rest."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

from vidstyle.apps.batch_jobs import Job
from vidstyle.apps.outputs import Failure, Result
from vidstyle.apps.video_outputs import output_exists
from vidstyle.errors import SinkError, reason
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats

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
