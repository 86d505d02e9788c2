"""Manual page in roff, from the parser of the command line: python -m tools.man_page."""

import argparse
import re
from collections.abc import Iterator

from vidstyle import __version__
from vidstyle.commands import DONE, FAILED, INTERRUPTED, TERMINATED, USAGE
from vidstyle.flags import HelpFormatter
from vidstyle.parser import build_parser, subparsers

EXAMPLES = {
    "vidstyle holiday.mp4 --style kandinsky -o painted.mkv": "A video in the style of a painting.",
    "vidstyle films/ -o painted/ --skip-existing": "A folder; goes on where it was interrupted.",
    "vidstyle image portrait.jpg --style painting.jpg": "A photo in the colors of any painting.",
    "vidstyle live --virtual-camera": "A painted webcam for video calls.",
}
EXIT_CODES = {
    DONE: "Done.",
    FAILED: "Failed.",
    USAGE: "Wrong call.",
    INTERRUPTED: "Interrupted by Ctrl-C.",
    TERMINATED: "Terminated.",
}
FILES = {
    "~/.config/vidstyle/convert.toml": "Settings and presets of convert and image on Linux; on "
    "other systems in the user's folder for configuration.",
    "~/.config/vidstyle/live.toml": "Settings and presets of live.",
}


def man_page() -> str:
    """Return the manual page; the same for any terminal and version of Python."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    parser = build_parser()
    yield f'.TH VIDSTYLE 1 "" "vidstyle {_escaped(__version__)}" "User Commands"'
    yield from (".SH NAME", r"vidstyle \- paint videos, webcams and photos in a style")
    yield from (".SH SYNOPSIS", r".B vidstyle", r"[\fICOMMAND\fR] [\fIOPTIONS\fR] \fIINPUT\fR...")
    yield from (".SH DESCRIPTION", _escaped(str(parser.description)), ".PP")
    yield _escaped(str(parser.epilog))
    yield ".SH OPTIONS"
    yield from _arguments(parser)
    for name, command in subparsers(parser).items():
        yield f'.SH "VIDSTYLE {name.upper()}"'
        yield _escaped(str(command.description))
        yield from _arguments(command)
    yield ".SH EXAMPLES"
    yield from _entries(EXAMPLES)
    yield ".SH FILES"
    yield from _entries(FILES)
    yield from (".SH EXIT STATUS", *_entries({str(k): v for k, v in EXIT_CODES.items()}))


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    formatter = HelpFormatter(parser.prog)
    actions = [a for a in parser._actions if not isinstance(a, argparse._SubParsersAction)]
    yield from _entries(
        {
            formatter._format_action_invocation(action): str(action.help).replace("%%", "%")
            for action in actions
        }
    )


def _entries(entries: dict[str, str]) -> Iterator[str]:
    """Terms with their meanings, indented."""
    for term, meaning in entries.items():
        yield from (".TP", rf"\fB{_escaped(term)}\fR", _escaped(meaning))


def _escaped(text: str) -> str:
    """Text for roff: hyphens as typed, and no line that begins like a request."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^(?=[.'])", r"\\&", text, flags=re.MULTILINE)


if __name__ == "__main__":
    print(man_page(), end="")
