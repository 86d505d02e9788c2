"""Standard streams of the command line."""

import io
import sys

import pytest

from vidstyle.standard_streams import escape_unprintable, print_to_stderr


def test_names_that_stdout_cannot_encode_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    escape_unprintable()
    print("い.png", flush=True)
    assert narrow.buffer.getvalue() == b"\\u3044.png\n"


def test_control_characters_of_names_do_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_to_stderr("a\x1b[31mb\x9b\r.mp4\nsecond line: é, い")
    assert capsys.readouterr().err == "a\\x1b[31mb\\x9b\\x0d.mp4\nsecond line: é, い\n"
