"""The manual page holds every command and option of the parser."""

import shutil
import subprocess

import pytest

from tests.test_flags import command_parsers, flags_of
from tools.man_page import man_page


def test_every_command_and_option_is_on_the_page() -> None:
    page = man_page().replace(r"\-", "-").replace("[no-]", "")
    for name, command in command_parsers().items():
        section = page.split(f'.SH "VIDSTYLE {name.upper()}"\n')[1].split("\n.SH ")[0]
        flags = [flag for flag in flags_of(command) if not flag.startswith("--no-")]
        assert [flag for flag in flags if flag not in section] == []


def test_no_line_begins_like_a_request_by_chance() -> None:
    requests = {line.split()[0] for line in man_page().splitlines() if line.startswith((".", "'"))}
    assert requests == {".TH", ".SH", ".TP", ".PP", ".B"}


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_has_nothing_to_complain_about() -> None:
    run = subprocess.run(
        ["groff", "-man", "-Tascii", "-ww", "-z"],
        input=man_page(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (run.returncode, run.stderr) == (0, "")
