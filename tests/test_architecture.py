"""The table of threads in docs/architecture.md names every thread that the package starts."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STARTERS = {"Thread": "name", "ThreadPoolExecutor": "thread_name_prefix"}


def started(file: Path) -> Iterator[str | None]:
    """Yield the name of each thread that a module starts; None for one without a name."""
    content = file.read_text(encoding="utf-8")
    if "Thread" not in content and '.start("' not in content:
        return
    for node in ast.walk(ast.parse(content)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if called in STARTERS:
            yield next((text(k.value) for k in node.keywords if k.arg == STARTERS[called]), None)
        elif called == "start" and node.args and isinstance(node.args[0], ast.Constant):
            yield text(node.args[0])  # of a thread group


def text(name: ast.expr) -> str:
    """Name of a thread, without a number or the like at its end."""
    first = name.values[0] if isinstance(name, ast.JoinedStr) else name
    assert isinstance(first, ast.Constant), ast.unparse(name)
    return str(first.value).rstrip("-")


def documented() -> set[str]:
    """Names in the first column of the table."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    section = page.partition("## Threads and what they own\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\|([^|]*)\|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([\w-]+)`", cell)}


MODULES = [file for file in ROOT.glob("vidstyle/**/*.py") if list(started(file))]


def test_modules_that_start_threads_are_found() -> None:
    assert {"polish.py", "session.py", "stylizer.py"} <= {file.name for file in MODULES}


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.stem)
def test_each_thread_has_a_name_and_a_row(file: Path) -> None:
    assert set(started(file)) <= documented()
