"""Tables of styles and of the findings of `doctor`."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from vidstyle.flags import with_flags
from vidstyle.stylize.catalog import Style

PIPE_WIDTH = 1000  # columns, so that no row of a table is wrapped


def print_styles(styles: Sequence[Style]) -> None:
    """Print the catalog as a table; into a file or a pipe, each style in one line."""
    table = Table(box=None, pad_edge=False)
    table.add_column("style", no_wrap=True)
    table.add_column("painting")
    table.add_column("artist")
    table.add_column("year")
    table.add_column("size", no_wrap=True)
    table.add_column("bytes", no_wrap=True, justify="right")
    table.add_column("license", no_wrap=True)
    for number, style in enumerate(styles):
        name = f"{style.name} (default)" if number == 0 else style.name
        painting = (str(style.painting[key]) for key in ("title", "artist", "year"))
        table.add_row(name, *painting, style.size_class, f"{style.bytes:,}", style.licence)
    console = Console()
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    console.print(table, markup=False, highlight=False)


def print_findings(findings: dict[str, Any]) -> None:
    """Print the report of `doctor`, a line for each value, whole in any terminal.

    Lines are never broken: commands are to be copied. A list that is wider than the terminal has a
    line for each entry.
    """
    console, indent = Console(), max(map(len, findings)) + 2
    for name, value in findings.items():
        lines = _finding_lines(value, console.width - indent)
        for number, line in enumerate(lines):
            first = name if number == 0 else ""
            console.print(f"{first:<{indent}}{line}", markup=False, highlight=False, soft_wrap=True)


def _finding_lines(value: Any, width: int) -> list[str]:
    if isinstance(value, dict):
        return [f"{key}: {_plain(part)}" for key, part in value.items()]
    line = _plain(value)
    if isinstance(value, list) and len(line) > width:
        return [with_flags(entry) for entry in value]
    return [line]


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(with_flags, value)) or "none"
    return "unknown" if value is None else str(value)
