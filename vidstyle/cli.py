"""Command line: parser, one function per command, exit codes, error messages and signals.

Slow imports are inside the commands' functions, so that `--help` answers at once.
"""

import argparse
import errno
import io
import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from vidstyle import __version__
from vidstyle.errors import (
    OptionError,
    SinkError,
    VidstyleError,
    did_you_mean,
    machine_limit,
    reason,
)
from vidstyle.flags import (
    ConvertFlags,
    LiveFlags,
    StyleFlags,
    TrainFlags,
    add_flags,
    flag_of,
    spelled,
    with_flags,
)
from vidstyle.options import STANDARD_STREAM, ServeOptions, StylizeOptions, settings
from vidstyle.style_plan import style_list

Options = TypeVar("Options")

SIGNALED = 128  # plus the signal's number, as in shells
DONE, FAILED, USAGE, INTERRUPTED, TERMINATED, HUNG_UP = 0, 1, 2, 130, 143, 129
GENERAL_FLAGS = ("-h", "--help", "-V", "--version")
COMMANDS = ("convert", "image", "live", "style", "train", "styles", "serve", "doctor")
CONVERT_SETTINGS = (
    "style", "style_per_scene", "quality", "time_budget", "features", "feature_weights", "every",
    "strength", "keep_colors", "scale", "max_height", "resize", "size", "fps", "compare",
    "preview", "start", "end", "codec", "crf", "bitrate", "preset", "audio", "format", "threads",
    "strict", "overwrite", "skip_existing", "recursive", "quiet", "json",
)  # fmt: skip
IMAGE_SETTINGS = (
    "style", "quality", "time_budget", "features", "feature_weights", "strength", "keep_colors",
    "scale", "max_height", "resize", "compare", "threads", "overwrite", "skip_existing",
    "recursive", "quiet", "json",
)  # fmt: skip
GALLERY_SETTINGS = ("strength", "keep_colors", "scale", "max_height", "overwrite")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; None for those of the process, which also installs
            signal handlers, in the main thread only.

    Returns:
        Exit code: 0 for success, 1 for a failure, 2 for a wrong call, 130 after Ctrl-C.

    Raises:
        SystemExit: the call asks for help or the version, cannot be parsed, or a signal ended it.
    """
    if arguments is None:
        _catch_signals()
        _reopen_closed_streams()
        escape_unprintable()
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")  # read by its import; our errors say the same
    handler = logging.StreamHandler()
    handler.setFormatter(_FlagFormatter("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    parsed = argparse.Namespace(run=None, debug=False)
    try:
        parsed = _parsed(list(sys.argv[1:] if arguments is None else arguments))
        code: int = parsed.run(parsed)
        return code
    except KeyboardInterrupt as stop:
        notes = getattr(stop, "__notes__", [])
        print(f"vidstyle: Stopped. {_interruption_note(parsed)}", *notes, sep="\n", file=sys.stderr)
        return INTERRUPTED
    except SystemExit as stop:
        for note in getattr(stop, "__notes__", []):
            _print_to_stderr(note)
        raise
    except BrokenPipeError:
        sys.stderr.close()  # the reader of the pipe has ended
        return FAILED
    except Exception as error:
        _print_error(error, parsed.debug)
        return USAGE if isinstance(error, OptionError) else FAILED


def _parsed(words: list[str]) -> argparse.Namespace:
    """Parse the command line; a wrong call ends with the usage of its command, and a guess."""
    parser = build_parser()
    if words and words[0] not in (*COMMANDS, *GENERAL_FLAGS):
        guess = did_you_mean(words[0], COMMANDS)
        if guess and _is_no_file(words[0]):
            parser.error(f"There is no command or file {words[0]}.{guess}")
        words = ["convert", *words]  # the command may be left out: `vidstyle film.mp4`
    parsed, unknown = parser.parse_known_args(_with_negative_sides(words))
    if unknown:
        command: argparse.ArgumentParser = parsed.parser
        flags = [flag for action in command._actions for flag in action.option_strings]
        guess = next(filter(None, (did_you_mean(_flag(word), flags) for word in unknown)), "")
        command.error(f"unrecognized arguments: {' '.join(unknown)}.{guess}".removesuffix("."))
    for name, value in vars(parsed).items():
        if value == []:  # what argparse makes of "--strength=--"
            parsed.parser.error(f"argument {flag_of(name)}: -- is no value")
    return parsed


def _with_negative_sides(words: Sequence[str]) -> list[str]:
    """Join "--size" and "-1x720" to one word, as argparse takes the second for a flag."""
    joined = list[str]()
    for word in words:
        if joined and joined[-1] == "--size" and word[:1] == "-" and word[1:2].isdecimal():
            word = f"{joined.pop()}={word}"
        joined.append(word)
    return joined


def _is_no_file(word: str) -> bool:
    """Whether a word can only be a misspelled command, if it resembles one."""
    return not word.startswith("-") and not Path(word).suffix and not Path(word).exists()


def _flag(word: str) -> str:
    """Flag in a word, --style in "--style=udnie"; empty for other words."""
    return word.partition("=")[0] if word.startswith("--") else ""


class _FlagFormatter(logging.Formatter):
    """Log formatter that spells the settings of a record, its `settings`, as flags."""

    def format(self, record: logging.LogRecord) -> str:
        return spelled(super().format(record), getattr(record, "settings", ()))


def _convert(parsed: argparse.Namespace) -> int:
    from vidstyle.apps.convert import stylize_video, stylize_video_in_styles
    from vidstyle.apps.image import preview_video
    from vidstyle.media.codecs import default_suffix
    from vidstyle.media.source import VIDEO_SUFFIXES

    styles = _taken_styles(parsed)
    options = _options(parsed, ConvertFlags)
    if options.preview:
        return _batch(parsed, options, preview_video, VIDEO_SUFFIXES, ".png", styles)
    suffix = default_suffix(options.codec)
    at_once = stylize_video_in_styles if options.quality == "fast" else None
    return _batch(parsed, options, stylize_video, VIDEO_SUFFIXES, suffix, styles, at_once)


def _image(parsed: argparse.Namespace) -> int:
    from vidstyle.apps.image import stylize_photo
    from vidstyle.media.image_file import READABLE_SUFFIXES

    styles = _taken_styles(parsed)
    options = _options(parsed, ConvertFlags)
    return _batch(parsed, options, stylize_photo, READABLE_SUFFIXES, ".png", styles)


def _taken_styles(parsed: argparse.Namespace) -> list[str | None]:
    """Take a list of styles out of the arguments, "all" replaced by the shipped ones."""
    from vidstyle.stylize.catalog import expanded

    listed = expanded(style_list(parsed.style)) if parsed.style else []
    if len(listed) < 2:
        return []
    parsed.style = None
    return listed


def _batch(
    parsed: argparse.Namespace,
    options: ConvertFlags,
    app: Any,
    suffixes: Sequence[str],
    suffix: str,
    styles: Sequence[str | None],
    styles_app: Any = None,
) -> int:
    from vidstyle.apps.batch import Failure, list_jobs, missing_results, run_batch
    from vidstyle.apps.outputs import Result
    from vidstyle.console import Progress, batch_to_json, describe

    output = None if parsed.output is None else Path(parsed.output)
    if options.json and output == STANDARD_STREAM:
        raise OptionError("json must be without output -.", "json", "output")
    jobs = list_jobs(
        parsed.inputs,
        output,
        options,
        suffixes,
        suffix,
        styles=styles,
        recursive=options.recursive,
        into_folder=(parsed.output or "").endswith(("/", os.sep)),
    )
    total = len(jobs)
    if options.skip_existing:
        jobs = missing_results(jobs)
    outcomes: list[Result | Failure] = []
    with (
        _tallied(jobs, outcomes, total, options),
        Progress(len(jobs), shown=not options.quiet) as progress,
    ):
        for outcome in run_batch(jobs, app, options, progress.watch, styles_app):
            outcomes.append(outcome)
            if isinstance(outcome, Failure):
                progress.clear()
                _print_error(outcome.error, parsed.debug)
            elif not options.quiet:
                progress.say(describe(outcome))
    if options.json:
        _print(json.dumps(batch_to_json(outcomes), indent=2))
    failed = any(isinstance(o, Failure) or (options.strict and o.damage) for o in outcomes)
    return FAILED if failed else DONE


@contextmanager
def _tallied(
    jobs: Sequence[Any], outcomes: Sequence[Any], total: int, options: ConvertFlags
) -> Iterator[None]:
    """Tell after a batch what is done and left: when it skipped, failed or was interrupted."""
    from vidstyle.apps.batch import Failure

    def tally() -> str:
        left = len(jobs) - sum(not isinstance(outcome, Failure) for outcome in outcomes)
        return f"{total - left} done, {left} left"

    try:
        yield
    except (KeyboardInterrupt, SystemExit) as stop:
        if total > 1:
            stop.add_note(tally())  # printed by `main`, as the last line
        raise
    failed = total > 1 and any(isinstance(outcome, Failure) for outcome in outcomes)
    if (failed or options.skip_existing) and not options.quiet:
        _print_to_stderr(tally())


def _live(parsed: argparse.Namespace) -> int:
    from vidstyle.apps.config import configured
    from vidstyle.apps.live import run_live
    from vidstyle.console import describe, to_json

    options = configured(parsed.config, LiveFlags, vars(parsed))
    summary = logging.getLogger("vidstyle.apps.live")
    summary.setLevel(logging.ERROR if options.quiet else logging.INFO)
    if options.quiet:
        logging.getLogger().setLevel(logging.ERROR)
    report = run_live(options)
    if options.json:
        _print(json.dumps(to_json(report), indent=2))
    elif not options.quiet:
        print(describe(report), file=sys.stderr)
    return FAILED if report.recordings_cut_short else DONE


def _train(parsed: argparse.Namespace) -> int:
    from vidstyle.apps.train import train_style
    from vidstyle.console import TrainingProgress, describe, to_json

    options = _options(parsed, TrainFlags)
    first = os.environ.get("RANK", "0") == "0"  # torchrun numbers its processes
    with TrainingProgress(shown=first and not options.quiet) as progress:
        result = train_style(parsed.painting, parsed.output, options, progress.show)
    if result is None:  # a process of torchrun that writes no file
        return DONE
    if not options.quiet:
        with _writing_stdout():
            print(describe(result), file=sys.stderr if options.json else sys.stdout)
    if options.json:
        _print(json.dumps(to_json(result), indent=2))
    return DONE if result.finished else INTERRUPTED


def _style(parsed: argparse.Namespace) -> int:
    from vidstyle.apps.painting import style_from_painting
    from vidstyle.console import describe, to_json

    options = _options(parsed, StyleFlags)
    if options.polish is not None:
        minutes, seconds = divmod(round(options.polish), 60)
        _print_to_stderr(f"Learns {parsed.painting} for {minutes}:{seconds:02d}. Ctrl-C stops.")
    result = style_from_painting(
        parsed.painting, parsed.output, overwrite=options.overwrite, polish_s=options.polish
    )
    _print(json.dumps(to_json(result), indent=2) if parsed.json else describe(result))
    return DONE


def _styles(parsed: argparse.Namespace) -> int:
    from vidstyle.console import print_styles
    from vidstyle.stylize.catalog import shipped_styles

    if parsed.picture or parsed.gallery:
        return _gallery(parsed)
    styles = shipped_styles()
    if parsed.json:
        _print(json.dumps([asdict(style) for style in styles], indent=2))
    else:
        with _writing_stdout():
            print_styles(styles)
    return DONE


def _gallery(parsed: argparse.Namespace) -> int:
    from vidstyle.apps.gallery import paint_gallery
    from vidstyle.console import batch_to_json, describe

    if not (parsed.picture and parsed.gallery):
        raise OptionError(
            "A gallery takes a picture and a file to write, "
            "as in: vidstyle styles photo.jpg --gallery gallery.png"
        )
    result = paint_gallery(parsed.picture, parsed.gallery, _options(parsed, StylizeOptions))
    _print(json.dumps(batch_to_json([result]), indent=2) if parsed.json else describe(result))
    return DONE


def _serve(parsed: argparse.Namespace) -> int:
    from vidstyle.server.launch import serve

    serve(_options(parsed, ServeOptions), announce=_print)
    return DONE


def _doctor(parsed: argparse.Namespace) -> int:
    from vidstyle.apps.doctor import examine
    from vidstyle.console import print_findings

    findings = examine()
    if parsed.json:
        _print(json.dumps(findings, indent=2))
    else:
        with _writing_stdout():
            print_findings(findings)
    return DONE


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line, with a subparser for each command."""
    parser = argparse.ArgumentParser(
        prog="vidstyle",
        description="Paint videos in a style, on an ordinary CPU.",
        epilog='"vidstyle INPUT" is short for "vidstyle convert INPUT". '
        'Options: "vidstyle convert --help".',
    )
    parser.add_argument("-V", "--version", action="version", version=f"vidstyle {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    convert = _command(commands, "convert", _convert, "stylize videos (the default command)")
    _add_files(
        convert,
        "video files, or folders of them",
        ".mp4 .mkv .mov .webm .gif .webp .apng, f_%%04d.png for pictures, - for standard output; "
        "INPUT.STYLE.mp4 beside the input",
    )
    add_flags(convert, ConvertFlags, CONVERT_SETTINGS)
    image = _command(commands, "image", _image, "stylize pictures")
    _add_files(image, "picture files, or folders of them", "INPUT.STYLE.* beside the input")
    add_flags(image, ConvertFlags, IMAGE_SETTINGS)
    live = _command(commands, "live", _live, "stylize a camera: window, virtual camera, recording")
    live.add_argument(
        "--config", type=_path, metavar="FILE", help="settings (live.toml in the user's folder)"
    )
    add_flags(live, LiveFlags, configured=True)
    style = _command(commands, "style", _style, "make a style file from a painting, at once")
    style.add_argument("painting", type=_path, metavar="PAINTING", help="a picture file")
    style.add_argument("-o", "--output", type=_path, help="file (NAME.onnx in the current folder)")
    add_flags(style, StyleFlags)
    train = _command(commands, "train", _train, "teach vidstyle a painting of your own")
    train.add_argument("painting", type=_path, metavar="PAINTING", help="a picture file")
    train.add_argument("-o", "--output", type=_path, help="file (NAME.onnx in the current folder)")
    add_flags(train, TrainFlags)
    styles = _command(commands, "styles", _styles, "list the styles, or paint a picture in all")
    styles.add_argument(
        "picture", nargs="?", type=_path, metavar="PICTURE", help="what --gallery paints"
    )
    styles.add_argument(
        "-o",
        "--gallery",
        type=_path,
        metavar="FILE",
        help="write PICTURE in every style, side by side",
    )
    add_flags(styles, StylizeOptions, GALLERY_SETTINGS)
    serve = _command(commands, "serve", _serve, "serve a web page and a REST API")
    add_flags(serve, ServeOptions)
    doctor = _command(commands, "doctor", _doctor, "say what this machine has and what follows")
    for command in (style, styles, doctor):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], help: str
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=help, description=help[0].upper() + help[1:] + "."
    )
    command.add_argument("--debug", action="store_true", help="show the traceback of an error")
    command.set_defaults(run=run, parser=command)
    return command


def _add_files(command: argparse.ArgumentParser, inputs: str, default: str) -> None:
    command.add_argument("inputs", nargs="+", type=_path, metavar="INPUT", help=inputs)
    command.add_argument(
        "-o",
        "--output",
        type=_not_empty,
        help=f"file, or folder for several inputs: NAME/ makes it ({default})",
    )


def _path(text: str) -> Path:
    """Path of an argument; an empty one is refused, since `Path("")` is the current folder."""
    return Path(_not_empty(text))


def _not_empty(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("the name is empty, perhaps from a variable without value")
    return text


def _options(parsed: argparse.Namespace, kind: type[Options]) -> Options:
    given = vars(parsed)
    return kind(**{s.name: given[s.name] for s in settings(kind) if s.name in given})


def _print_error(error: Exception, debug: bool) -> None:
    if debug:
        traceback.print_exception(error)
    message = with_flags(error) if isinstance(error, VidstyleError) else machine_limit(error)
    if message is None:
        message = f"Unexpected {type(error).__name__}: {str(error).strip() or 'no message'}. " + (
            "This is a bug; please report the lines above."
            if debug
            else "This is a bug; --debug shows where."
        )
    _print_to_stderr(f"vidstyle: {message}")


def _print_to_stderr(line: str) -> None:
    with suppress(OSError):  # of a full disk that stderr is redirected to
        print(line, file=sys.stderr)


def _reopen_closed_streams() -> None:
    """Open the null device for standard streams that the caller closed.

    A film would get their descriptors otherwise, and the messages of libraries in it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest free descriptor, hence that of the stream.
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115


def escape_unprintable() -> None:
    """Make characters of file names that stdout's encoding lacks come out as escapes."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _print(text: str) -> None:
    with _writing_stdout():
        print(text)


@contextmanager
def _writing_stdout() -> Iterator[None]:
    """Flush stdout after the block, so that its errors are found.

    Raises:
        SinkError: stdout takes no more, as on a full disk.
        BrokenPipeError: the reader of the pipe has ended.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it at exit
        raise SinkError(f"Cannot write to standard output: {reason(error)}.") from error


def _interruption_note(parsed: argparse.Namespace) -> str:
    """Sentence on the files of an interrupted run."""
    if parsed.run is _convert and parsed.quality == "full" and not parsed.preview:
        return "The same command goes on from here."
    if parsed.run is _serve:
        return "The queue goes on at the next start."
    return "Nothing half-made was left behind."


def _catch_signals() -> None:
    """Make signals that end the process raise SystemExit, so that every `with` block cleans up.

    SIGHUP: the terminal was closed or the connection lost; SIGBREAK: the same on Windows. Ignored
    signals stay ignored, as nohup needs.
    """
    for number in _ending_signals():
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop_cleanly)


def _ending_signals() -> list[signal.Signals]:
    return [s for s in signal.Signals if s.name in ("SIGTERM", "SIGHUP", "SIGBREAK")]


def _stop_cleanly(number: int, frame: object) -> None:
    for each in (
        _ending_signals()
    ):  # a closed terminal sends several, which must not interrupt the clean-up
        signal.signal(each, _do_nothing)
    _redirect_closed_terminal()
    sys.exit(SIGNALED + number)


def _do_nothing(number: int, frame: object) -> None:
    """Signal handler that ignores; unlike SIG_IGN, also signals received but not handled yet."""


def _redirect_closed_terminal() -> None:
    """Redirect output to a closed terminal to the null device, since writing to it fails."""
    for descriptor in (1, 2):
        try:
            os.get_terminal_size(descriptor)
        except OSError as error:
            if error.errno == errno.EIO:
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
