"""Exported forms take turns, and are rows of a table."""

import pytest

pytest.importorskip("ai_edge_litert", reason='needs the extra "export"')

from tools.benchmarks.exports import HEAD, Entry, built, row, runner
from vidstyle.export.comparison import Difference, real_pictures
from vidstyle.export.forms import Form


def test_a_row_has_a_cell_for_each_head() -> None:
    form = Form(b"12345", Difference(1.5, 40, 0.99), {})
    timed = Entry("LiteRT int8", form, times_ms=[[9.0, 10.0, 30.0], [40.0]])
    assert row("udnie", timed) == "| udnie | LiteRT int8 | 5 | 1.50 | 40 | 0.9900 | 10.0 | 40.0 |"
    assert row("udnie", Entry("Core ML", form)).endswith("| - | - |")
    assert row("udnie", timed).count("|") == HEAD.splitlines()[0].count("|")


def test_every_runtime_takes_its_turn() -> None:
    form = built("udnie-17k", {"to": "tflite", "size": "128x96"})
    run = runner("tflite", form, real_pictures(128, 96)[0])
    assert run is not None
    entry = Entry("LiteRT int8", form, [run], [[]])
    entry.take_turn()
    entry.take_turn()
    assert len(entry.times_ms[0]) == 2
