"""Standard streams of the command line."""

import io
import sys

import pytest

from vidstyle.standard_streams import escape_unprintable


def test_names_that_stdout_cannot_encode_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    escape_unprintable()
    print("い.png", flush=True)
    assert narrow.buffer.getvalue() == b"\\u3044.png\n"
