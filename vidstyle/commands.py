"""Commands of the command line: parsed arguments in, exit code out; one function each.

Slow imports are inside the functions, so that `--help` answers at once.
"""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar

from vidstyle.allocator import share_freed_memory
from vidstyle.errors import OptionError
from vidstyle.flags import ConvertFlags, LiveFlags, StyleFlags, TrainFlags, WorkerFlags
from vidstyle.options import STANDARD_STREAM, ExportOptions, ServeOptions, StylizeOptions, settings
from vidstyle.standard_streams import print_error, print_line, print_to_stderr, writing_stdout
from vidstyle.style_plan import style_list

Options = TypeVar("Options")

DONE, FAILED, USAGE, INTERRUPTED, TERMINATED, HUNG_UP = 0, 1, 2, 130, 143, 129  # exit codes
NOTHING_LEFT = "Nothing half-made was left behind."


def convert(parsed: argparse.Namespace) -> int:
    share_freed_memory()
    from vidstyle.apps.convert import stylize_video, stylize_video_in_styles
    from vidstyle.apps.image import preview_video
    from vidstyle.media.codecs import default_suffix
    from vidstyle.media.source import VIDEO_SUFFIXES

    options, styles = _conversion(parsed)
    if options.preview:
        return _batch(parsed, options, preview_video, VIDEO_SUFFIXES, ".png", styles)
    suffix = default_suffix(options.codec)
    is_shared = options.quality == "fast" and options.cluster is None
    at_once = stylize_video_in_styles if is_shared else None
    return _batch(parsed, options, stylize_video, VIDEO_SUFFIXES, suffix, styles, at_once)


def image(parsed: argparse.Namespace) -> int:
    from vidstyle.apps.image import stylize_photo
    from vidstyle.media.image_file import READABLE_SUFFIXES

    options, styles = _conversion(parsed)
    return _batch(parsed, options, stylize_photo, READABLE_SUFFIXES, ".png", styles)


def _conversion(parsed: argparse.Namespace) -> tuple[ConvertFlags, list[str | None]]:
    """Options of a conversion, and the styles if there are several."""
    from vidstyle.apps.config import CONVERT, configured_values
    from vidstyle.stylize.catalog import expanded

    values = configured_values(parsed.config, ConvertFlags, vars(parsed), CONVERT)
    style = values.get("style")
    styles = expanded(style_list(style)) if style else []
    if len(styles) < 2:
        return ConvertFlags(**values), []
    return ConvertFlags(**values | {"style": None}), styles


def _batch(
    parsed: argparse.Namespace,
    options: ConvertFlags,
    app: Any,
    suffixes: Sequence[str],
    suffix: str,
    styles: Sequence[str | None],
    styles_app: Any = None,
) -> int:
    from vidstyle.apps.batch import run_batch
    from vidstyle.apps.batch_inputs import BatchRequest
    from vidstyle.apps.batch_jobs import list_jobs, missing_results
    from vidstyle.apps.outputs import Failure, Result
    from vidstyle.console.outcomes import batch_to_json, describe
    from vidstyle.console.progress import Progress

    output = None if parsed.output is None else Path(parsed.output)
    if options.json and output == STANDARD_STREAM:
        raise OptionError("json must be without output -.", "json", "output")
    jobs = list_jobs(
        BatchRequest(
            parsed.inputs,
            output,
            options,
            suffixes,
            suffix,
            styles=styles,
            recursive=options.recursive,
            sequences=options.fps is not None,
            into_folder=(parsed.output or "").endswith(("/", os.sep)),
        )
    )
    total = len(jobs)
    if options.skip_existing:
        jobs, all_jobs = missing_results(jobs), jobs
        _delete_joined_parts([job for job in all_jobs if job not in jobs], options)
    outcomes: list[Result | Failure] = []
    with (
        _tallied(jobs, outcomes, total, options),
        Progress(jobs, shown=not options.quiet) as progress,
    ):
        for outcome in run_batch(jobs, app, options, progress.watch, styles_app):
            outcomes.append(outcome)
            if isinstance(outcome, Failure):
                progress.clear()
                print_error(outcome.error, parsed.debug)
            elif not options.quiet:
                progress.say(describe(outcome))
    if options.json:
        print_line(json.dumps(batch_to_json(outcomes), indent=2))
    failed = any(isinstance(o, Failure) or (options.strict and o.damage) for o in outcomes)
    return FAILED if failed else DONE


def _delete_joined_parts(finished: Sequence[Any], options: ConvertFlags) -> None:
    """Delete parts of finished results, which a kill after their end has kept."""
    from vidstyle.apps.work import delete_joined_parts
    from vidstyle.errors import SinkError

    for job in finished:
        with suppress(SinkError):  # of another run, or not to be deleted
            delete_joined_parts(job.output, options)


@contextmanager
def _tallied(
    jobs: Sequence[Any], outcomes: Sequence[Any], total: int, options: ConvertFlags
) -> Iterator[None]:
    """Tell after a batch what is done and left: when it skipped, failed or was interrupted."""
    from vidstyle.apps.outputs import Failure

    def tally() -> str:
        left = len(jobs) - sum(not isinstance(outcome, Failure) for outcome in outcomes)
        return f"{total - left} done, {left} left"

    try:
        yield
    except (KeyboardInterrupt, SystemExit) as stop:  # the notes are printed by `main`
        if isinstance(stop, KeyboardInterrupt):
            stop.add_note(_files_left(jobs, options))
        if total > 1:
            stop.add_note(tally())
        raise
    failed = total > 1 and any(isinstance(outcome, Failure) for outcome in outcomes)
    if (failed or options.skip_existing) and not options.quiet:
        print_to_stderr(tally())


def _files_left(jobs: Sequence[Any], options: ConvertFlags) -> str:
    """Sentence on the files that an interrupted batch has left unfinished."""
    from vidstyle.apps.batch_jobs import Job
    from vidstyle.apps.work import work_folder
    from vidstyle.media.atomic import stale_partials

    outputs = [job.output for job in jobs if isinstance(job, Job)]
    if any(work_folder(output, options).exists() for output in outputs):
        skips = options.skip_existing or options.overwrite or len(outputs) == 1
        more = "" if skips else ", with --skip-existing,"
        return f"The same command{more} goes on from here."
    partial = [str(file) for output in outputs for file in stale_partials(output)]
    return f"Left unfinished: {', '.join(partial)}" if partial else NOTHING_LEFT


def live(parsed: argparse.Namespace) -> int:
    from vidstyle.apps.config import configured
    from vidstyle.apps.live import run_live
    from vidstyle.console.outcomes import describe, to_json

    options = configured(parsed.config, LiveFlags, vars(parsed))
    summary = logging.getLogger("vidstyle.apps.live")
    summary.setLevel(logging.ERROR if options.quiet else logging.INFO)
    if options.quiet:
        logging.getLogger().setLevel(logging.ERROR)
    report = run_live(options)
    if options.json:
        print_line(json.dumps(to_json(report), indent=2))
    elif not options.quiet:
        print(describe(report), file=sys.stderr)
    return FAILED if report.recordings_cut_short else DONE


def train(parsed: argparse.Namespace) -> int:
    from vidstyle.apps.train import train_style
    from vidstyle.console.outcomes import describe, to_json
    from vidstyle.console.progress import TrainingProgress

    options = _options(parsed, TrainFlags)
    first = os.environ.get("RANK", "0") == "0"  # torchrun numbers its processes
    with TrainingProgress(shown=first and not options.quiet) as progress:
        result = train_style(parsed.painting, parsed.output, options, progress.show)
    if result is None:  # a process of torchrun that writes no file
        return DONE
    if not options.quiet:
        with writing_stdout():
            print(describe(result), file=sys.stderr if options.json else sys.stdout)
    if options.json:
        print_line(json.dumps(to_json(result), indent=2))
    return DONE if result.finished else INTERRUPTED


def style(parsed: argparse.Namespace) -> int:
    from vidstyle.apps.painting import style_from_painting
    from vidstyle.console.outcomes import describe, to_json

    options = _options(parsed, StyleFlags)

    def say() -> None:
        minutes, seconds = divmod(round(options.polish or 0), 60)
        print_to_stderr(f"Learns {parsed.painting} for {minutes}:{seconds:02d}. Ctrl-C stops.")

    result = style_from_painting(
        parsed.painting,
        parsed.output,
        overwrite=options.overwrite,
        polish_s=options.polish,
        before_polish=say,
    )
    print_line(json.dumps(to_json(result), indent=2) if parsed.json else describe(result))
    return DONE


def export(parsed: argparse.Namespace) -> int:
    from vidstyle.apps.export import export_style
    from vidstyle.console.outcomes import describe, to_json

    result = export_style(parsed.exported, parsed.output, _options(parsed, ExportOptions))
    print_line(json.dumps(to_json(result), indent=2) if parsed.json else describe(result))
    return DONE


def styles(parsed: argparse.Namespace) -> int:
    from vidstyle.console.tables import print_styles
    from vidstyle.stylize.catalog import shipped_styles

    if parsed.picture or parsed.gallery:
        return _gallery(parsed)
    styles = shipped_styles()
    if parsed.json:
        print_line(json.dumps([asdict(style) for style in styles], indent=2))
    else:
        with writing_stdout():
            print_styles(styles)
    return DONE


def _gallery(parsed: argparse.Namespace) -> int:
    from vidstyle.apps.gallery import paint_gallery
    from vidstyle.console.outcomes import batch_to_json, describe

    if not (parsed.picture and parsed.gallery):
        raise OptionError(
            "A gallery takes a picture and a file to write, "
            "as in: vidstyle styles photo.jpg --gallery gallery.png"
        )
    result = paint_gallery(parsed.picture, parsed.gallery, _options(parsed, StylizeOptions))
    print_line(json.dumps(batch_to_json([result]), indent=2) if parsed.json else describe(result))
    return DONE


def serve(parsed: argparse.Namespace) -> int:
    from vidstyle.server.launch import serve

    serve(_options(parsed, ServeOptions), announce=print_line)
    return DONE


def clean(parsed: argparse.Namespace) -> int:
    from vidstyle.apps.clean import deleted, unfinished_work
    from vidstyle.console.outcomes import describe_work, works_to_json

    works = list(unfinished_work(parsed.places or [Path()], recursive=parsed.recursive))
    if parsed.places and not parsed.dry_run:
        works = [deleted(work) for work in works]
    if parsed.json:
        print_line(json.dumps(works_to_json(works), indent=2))
    else:
        print_line("\n".join(map(describe_work, works)) or "There is no unfinished work.")
    if works and not parsed.places:
        print_to_stderr("Nothing was deleted. To delete this work: vidstyle clean .")
    return DONE


def worker(parsed: argparse.Namespace) -> int:
    from vidstyle.cluster.worker import run_worker

    run_worker(parsed.scheduler, _options(parsed, WorkerFlags).processes, announce=print_to_stderr)
    return DONE


def cluster_keys(parsed: argparse.Namespace) -> int:
    from vidstyle.cluster.keys import keys_folder, make_keys

    for file in make_keys(parsed.folder or keys_folder()):
        print_line(str(file))
    return DONE


def doctor(parsed: argparse.Namespace) -> int:
    from vidstyle.apps.doctor import examine
    from vidstyle.console.tables import print_findings

    findings = examine()
    if parsed.json:
        print_line(json.dumps(findings, indent=2))
    else:
        with writing_stdout():
            print_findings(findings)
    return DONE


def _options(parsed: argparse.Namespace, kind: type[Options]) -> Options:
    given = vars(parsed)
    return kind(**{s.name: given[s.name] for s in settings(kind) if s.name in given})


RUN: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "convert": convert,
    "image": image,
    "live": live,
    "style": style,
    "train": train,
    "export": export,
    "styles": styles,
    "serve": serve,
    "clean": clean,
    "worker": worker,
    "cluster-keys": cluster_keys,
    "doctor": doctor,
}
