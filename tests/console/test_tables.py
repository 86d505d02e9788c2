"""Tables are whole in any terminal, and plain in pipes."""

from pathlib import Path

import pytest

from vidstyle.console.tables import print_findings, print_styles
from vidstyle.stylize.catalog import shipped_styles


def test_the_catalog_is_a_line_for_each_style_with_its_default_named(
    shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    styles = shipped_styles()
    print_styles(styles)
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["style", "painting", "artist", "year", "size", "bytes", "license"]
    assert [line.split()[0] for line in lines] == [style.name for style in styles]
    assert [("(default)" in line) for line in lines] == [True, False, False]
    for line, style in zip(lines, styles, strict=True):
        for word in (str(style.painting["title"]), "A. Toy", "1900", f"{style.bytes:,}", "MIT"):
            assert word in line


def test_findings_are_lines_with_unknown_and_none_in_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_findings(
        {
            "cores": 2,
            "memory": None,
            "cameras": [],
            "modes": ["640x480", "1280x720"],
            "packages": {"torch": "2.9", "pygame": None},
        }
    )
    lines = [line.strip().split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert lines[:4] == [
        ["cores", "2"],
        ["memory", "unknown"],
        ["cameras", "none"],
        ["modes", "640x480, 1280x720"],
    ]
    assert lines[4][1].split() == ["torch:", "2.9"]
    assert lines[5] == ["pygame:", "unknown"]


def test_commands_are_whole_in_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    command = "sudo modprobe v4l2loopback exclusive_caps=1 card_label=vidstyle"
    print_findings({"to do": [command], "cameras": ["Brio 100 at /dev/video0", "Cam Link 4K"]})
    assert capsys.readouterr().out.splitlines() == [
        f"to do    {command}",
        "cameras  Brio 100 at /dev/video0",
        "         Cam Link 4K",
    ]
