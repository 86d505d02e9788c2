"""Command line parser: commands, their arguments, and guesses at misspelled ones."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vidstyle import __version__
from vidstyle.completion import SHELLS, completion_script
from vidstyle.errors import did_you_mean
from vidstyle.flags import (
    CleanFlags,
    ConvertFlags,
    HelpFormatter,
    LiveFlags,
    StyleFlags,
    TrainFlags,
    WorkerFlags,
    add_flags,
    flag_of,
)
from vidstyle.options import ExportOptions, ServeOptions, StylizeOptions
from vidstyle.standard_streams import print_line

GENERAL_FLAGS = ("-h", "--help", "-V", "--version", "--print-completion")
CONVERT_SETTINGS = (
    "style", "style_per_scene", "quality", "time_budget", "features", "feature_weights", "every",
    "strength", "keep_colors", "only", "faces", "scale", "max_height", "resize", "size", "fps",
    "compare", "preview", "start", "end", "codec", "crf", "bitrate", "pix_fmt", "hdr", "preset",
    "audio", "format", "threads", "provider", "device", "resume", "work_folder", "cluster",
    "strict", "overwrite", "skip_existing", "recursive", "quiet", "json",
)  # fmt: skip
IMAGE_SETTINGS = (
    "style", "quality", "time_budget", "features", "feature_weights", "strength", "keep_colors",
    "only", "faces", "scale", "max_height", "resize", "compare", "threads", "provider", "device",
    "overwrite", "skip_existing", "recursive", "quiet", "json",
)  # fmt: skip
GALLERY_SETTINGS = (
    "strength", "keep_colors", "only", "faces", "scale", "max_height", "provider", "overwrite",
)  # fmt: skip


def parse(words: list[str]) -> argparse.Namespace:
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
        guess = _other_command(unknown, parser) or next(
            filter(None, (did_you_mean(_flag(word), flags) for word in unknown)), ""
        )
        guess = guess and f".{guess}"
        command.error(f"unrecognized arguments: {' '.join(unknown)}{guess}")
    for name, value in vars(parsed).items():
        if value == []:  # what argparse makes of "--strength=--"
            parsed.parser.error(f"argument {flag_of(name)}: -- is no value")
    return parsed


def _other_command(unknown: Sequence[str], parser: argparse.ArgumentParser) -> str:
    """Sentence on the command that has an unknown flag; empty if none has."""
    for word in map(_flag, unknown):
        names = [name for name, flags in command_flags(parser).items() if word in flags]
        if names:
            return f" {word} is an option of vidstyle {' and '.join(names)}."
    return ""


def command_flags(parser: argparse.ArgumentParser) -> dict[str, list[str]]:
    """Flags of each command."""
    return {
        name: [flag for action in command._actions for flag in action.option_strings]
        for name, command in subparsers(parser).items()
    }


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Parser of each command."""
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return dict(commands.choices)


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


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line, with a subparser for each command."""
    parser = argparse.ArgumentParser(
        prog="vidstyle",
        formatter_class=HelpFormatter,
        description="Paint videos in a style, on an ordinary CPU.",
        epilog='"vidstyle INPUT" is short for "vidstyle convert INPUT". '
        'Options: "vidstyle convert --help".',
    )
    parser.add_argument("-V", "--version", action="version", version=f"vidstyle {__version__}")
    parser.add_argument(
        "--print-completion",
        action=_PrintCompletion,
        choices=SHELLS,
        metavar="|".join(SHELLS),
        help="print a script that completes commands, options and styles in a shell",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (help, add_arguments) in COMMANDS.items():
        add_arguments(_command(commands, name, help))
    return parser


def _add_convert(command: argparse.ArgumentParser) -> None:
    _add_files(
        command,
        "video files, or folders of them; or pictures, as frame_%%04d.png or a folder with --fps",
        "INPUT.STYLE.mp4 beside the input",
        "file (.mp4 .mkv .mov .webm .gif .webp .apng, f_%%04d.png for pictures, - for standard "
        "output)",
    )
    _add_config(command, "convert.toml")
    add_flags(command, ConvertFlags, CONVERT_SETTINGS, configured=True)


def _add_image(command: argparse.ArgumentParser) -> None:
    _add_files(command, "picture files, or folders of them", "INPUT.STYLE.* beside the input")
    _add_config(command, "convert.toml")
    _add_preset(command, "convert.toml")
    add_flags(command, ConvertFlags, IMAGE_SETTINGS, configured=True)


def _add_live(command: argparse.ArgumentParser) -> None:
    _add_config(command, "live.toml")
    _add_preset(command, "live.toml")
    add_flags(command, LiveFlags, configured=True)


def _add_style(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "painting",
        type=_not_empty,
        metavar="PAINTING",
        help="a picture file, or a mix: a.jpg:0.6,b.jpg:0.4",
    )
    _add_style_output(command)
    add_flags(command, StyleFlags)
    _add_json(command)


def _add_train(command: argparse.ArgumentParser) -> None:
    command.add_argument("painting", type=_path, metavar="PAINTING", help="a picture file")
    _add_style_output(command)
    add_flags(command, TrainFlags)


def _add_export(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "exported", metavar="STYLE", help="a style's name, or an .onnx file of a style"
    )
    command.add_argument(
        "-o", "--output", type=_path, help="file or folder (default: NAME.* in the current folder)"
    )
    add_flags(command, ExportOptions)
    _add_json(command)


def _add_styles(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "picture", nargs="?", type=_path, metavar="PICTURE", help="what --gallery paints"
    )
    command.add_argument(
        "-o",
        "--gallery",
        type=_path,
        metavar="FILE",
        help="write PICTURE in every style, side by side",
    )
    add_flags(command, StylizeOptions, GALLERY_SETTINGS)
    _add_json(command)


def _add_serve(command: argparse.ArgumentParser) -> None:
    add_flags(command, ServeOptions)


def _add_clean(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "places",
        nargs="*",
        type=_path,
        default=(),
        metavar="FOLDER",
        help="where OUTPUT.work folders lie; without it, those of the current folder are listed",
    )
    add_flags(command, CleanFlags)
    _add_json(command)


def _add_worker(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "scheduler", metavar="HOST:PORT|FILE.json", help="where dask scheduler runs"
    )
    add_flags(command, WorkerFlags)


def _add_cluster_keys(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "folder",
        nargs="?",
        type=_path,
        metavar="FOLDER",
        help="where they go (default: the user's settings, where all commands look)",
    )


class _PrintCompletion(argparse.Action):
    """Action that prints a completion script and ends the process."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        print_line(completion_script(values))
        parser.exit()


def _command(commands: Any, name: str, help: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help,
        description=help[0].upper() + help[1:] + ".",
        formatter_class=HelpFormatter,
    )
    command.add_argument(
        "-v", "--verbose", action="store_true", help="say more, such as which settings file is read"
    )
    command.add_argument("--debug", action="store_true", help="show the traceback of an error")
    command.set_defaults(command=name, parser=command)
    return command


def _add_files(
    command: argparse.ArgumentParser, inputs: str, default: str, kinds: str = "file"
) -> None:
    command.add_argument("inputs", nargs="+", type=_path, metavar="INPUT", help=inputs)
    command.add_argument(
        "-o",
        "--output",
        type=_not_empty,
        help=f"{kinds}, or folder for several inputs: NAME/ makes it (default: {default})",
    )


def _add_style_output(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-o", "--output", type=_path, help="file (default: NAME.onnx in the current folder)"
    )


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON")


def _add_config(command: argparse.ArgumentParser, name: str) -> None:
    command.add_argument(
        "--config",
        type=_path,
        metavar="FILE",
        help=f"TOML file with settings (default: {name} in the user's folder, if it exists)",
    )


def _add_preset(command: argparse.ArgumentParser, name: str) -> None:
    command.add_argument(
        "--preset",
        default=argparse.SUPPRESS,
        metavar="NAME",
        help=f"a table of settings in {name}",
    )


def _path(text: str) -> Path:
    """Path of an argument; an empty one is refused, since `Path("")` is the current folder."""
    return Path(_not_empty(text))


def _not_empty(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("the name is empty, perhaps from a variable without value")
    return text


COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "convert": ("stylize videos (the default command)", _add_convert),
    "image": ("stylize pictures", _add_image),
    "live": ("stylize a camera: window, virtual camera, recording", _add_live),
    "style": ("make a style file from a painting, at once", _add_style),
    "train": ("teach vidstyle a painting of your own", _add_train),
    "export": ("export a style to phones, browsers, GPUs and servers", _add_export),
    "styles": ("list the styles, or paint a picture in all", _add_styles),
    "serve": ("serve a web page and a REST API", _add_serve),
    "clean": ("delete the work that interrupted conversions left", _add_clean),
    "worker": ("make parts of videos for a cluster", _add_worker),
    "cluster-keys": ("make the keys of a cluster's machines", _add_cluster_keys),
    "doctor": ("say what this machine has and what follows", _add_json),
}  # help and arguments of each, in the order of the list
