"""Completion of the command line, as argcomplete answers shells."""

import json
import os
import subprocess
import sys

import pytest

from vidstyle.cli import DONE, main
from vidstyle.completion import SHELLS, with_command
from vidstyle.parser import COMMANDS

# In a process of its own: argcomplete closes descriptors 8 and 9.
ANSWERS = """
import io, json, os, sys
from vidstyle.cli import build_parser
from vidstyle.completion import answer_shell
from vidstyle.parser import subparsers
answers = {}
for line in sys.argv[1:]:
    os.environ |= {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    os.environ["_ARGCOMPLETE_IFS"] = "|"
    parser, output = build_parser(), io.StringIO()
    answer_shell(parser, subparsers(parser), output, exit=lambda code: None)
    answers[line] = [word.strip() for word in output.getvalue().split("|")]
print(json.dumps(answers))
"""
WANTED = {
    "vidstyle l": {"live"},
    "vidstyle convert --quality f": {"fast", "full"},
    "vidstyle a.mp4 --quality f": {"fast", "full"},
    "vidstyle --quality fu": {"full"},
    "vidstyle live --style-i": {"--style-interval"},
    "vidstyle a.mp4 --skip": {"--skip-existing"},
    "vidstyle --print-completion z": {"zsh"},
    "vidstyle a.mp4 --style ud": {"udnie", "udnie-17k", "udnie-220k"},
    "vidstyle live --style udnie,scr": {"udnie,scream"},
    "vidstyle a.mp4 -s al": {"all"},
}


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX systems")
def test_commands_options_choices_and_styles_are_completed() -> None:
    words = ["/bin/sh", "-c", 'exec "$@" 8>/dev/null 9>/dev/null', "sh"]
    words += [sys.executable, "-c", ANSWERS, *WANTED]
    run = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert {line: set(words) for line, words in json.loads(run.stdout).items()} == WANTED


@pytest.mark.parametrize(
    ("line", "inserted"),
    [
        ("vidstyle", False),
        ("vidstyle ", False),
        ("vidstyle con", False),
        ("vidstyle live --st", False),
        ("vidstyle --vers", False),
        ("vidstyle fil", True),
        ("vidstyle con --st", True),
        ("vidstyle --st", True),
    ],
)
def test_a_line_without_a_command_gets_the_default_one(line: str, inserted: bool) -> None:
    words = [*COMMANDS, "--help", "--version"]
    full, cursor = with_command(line, len(line), words)
    assert full == (line.replace("vidstyle ", "vidstyle convert ") if inserted else line)
    assert cursor == len(full)


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--print-completion", shell])
    assert stop.value.code == DONE
    assert "vidstyle" in capsys.readouterr().out


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX systems")
def test_the_program_answers_on_the_channel_of_the_shell() -> None:
    line = "vidstyle doctor --js"
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    words = [sys.executable, "-m", "vidstyle", "doctor", "--js"]
    run = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" 8>&1 9>/dev/null', "sh", *words],
        capture_output=True,
        text=True,
        env=os.environ | asked,
        timeout=60,
    )
    assert run.stdout.strip() == "--json"
