"""Shell completion, by argcomplete: scripts for shells, and answers to their requests."""

import argparse
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TextIO

SHELLS = ("bash", "zsh", "fish", "powershell")
REQUEST = "_ARGCOMPLETE"  # set in the environment by a shell that asks for completions
LINE, CURSOR = "COMP_LINE", "COMP_POINT"  # the typed line, and the cursor's position in it
STYLE_SETTINGS = ("style", "style_per_scene", "start_from", "exported")
STYLE_SUFFIXES = ("onnx", "jpg", "jpeg", "png", "webp", "txt")
DEFAULT_COMMAND = "convert"


def completion_script(shell: str) -> str:
    """Return the script that makes a shell complete the command line.

    Args:
        shell: one of `SHELLS`.
    """
    from argcomplete.shell_integration import shellcode

    return shellcode(["vidstyle"], shell=shell)


def answer_shell(
    parser: argparse.ArgumentParser,
    commands: Mapping[str, argparse.ArgumentParser],
    output: TextIO | None = None,
    exit: Callable[[int], object] = os._exit,
) -> None:
    """Answer the request of a shell in the environment, and end the process.

    Args:
        parser: of the command line.
        commands: parser of each command.
        output: takes the answer; None for the shell's own channel.
        exit: ends the process.
    """
    import argcomplete

    for command in commands.values():
        for action in command._actions:
            if action.dest in STYLE_SETTINGS:
                action.completer = _styles  # type: ignore[attr-defined]  # of argcomplete
    flags = [flag for action in parser._actions for flag in action.option_strings]
    line, cursor = with_command(os.environ[LINE], int(os.environ[CURSOR]), [*commands, *flags])
    os.environ.update({LINE: line, CURSOR: str(cursor)})
    argcomplete.autocomplete(parser, exit_method=exit, output_stream=output)


def with_command(line: str, cursor: int, words: Iterable[str]) -> tuple[str, int]:
    """Insert the default command into a line that names none; return line and cursor.

    Args:
        line: typed line with the program's name.
        cursor: position of the cursor in it.
        words: commands and flags that may stand first.
    """
    match = re.match(r"\s*\S+\s+(?=(\S+)(\s?))", line)
    if match is None or any(
        word == match[1] or (not match[2] and word.startswith(match[1])) for word in words
    ):
        return line, cursor
    added = f"{DEFAULT_COMMAND} "
    return line[: match.end()] + added + line[match.end() :], cursor + len(added)


def _styles(prefix: str, **context: object) -> list[str]:
    """Completions of a style or a list of styles: shipped ones, and files."""
    from argcomplete.completers import FilesCompleter

    from vidstyle.stylize.catalog import shipped_styles

    before, comma, _ = prefix.rpartition(",")
    names = ["all", *(style.name for style in shipped_styles())]
    files = [] if comma else FilesCompleter(STYLE_SUFFIXES)(prefix)
    return [f"{before}{comma}{name}" for name in names] + list(files)
