"""The public names are complete, documented, and enough."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import vidstyle
from vidstyle import errors

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "docs/python.md", ROOT / "README.md"]


def python_blocks(page: Path) -> list[str]:
    """The Python code of a Markdown page, block by block."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_list_is_sorted_and_says_all_there_is() -> None:
    assert vidstyle.__all__ == sorted(vidstyle._MODULES)
    assert set(dir(vidstyle)) == {*vidstyle.__all__, "__version__"}


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(vidstyle.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == vidstyle._MODULES


@pytest.mark.parametrize("name", vidstyle.__all__)
def test_each_name_is_there_and_says_what_it_is(name: str) -> None:
    thing = getattr(vidstyle, name)
    assert thing.__module__ == vidstyle._MODULES[name]
    assert thing.__name__ == name
    doc = inspect.getdoc(thing) or ""
    assert doc.splitlines()[0].rstrip().endswith(".")
    assert not doc.startswith(f"{name}(")  # a dataclass without a docstring gets its signature


def test_every_error_is_public() -> None:
    family = {
        name
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, errors.VidstyleError)
    }
    assert family <= set(vidstyle.__all__)


def test_the_api_page_has_every_name_once() -> None:
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^::: vidstyle\.(\w+)$", page, re.MULTILINE)) == vidstyle.__all__


def test_the_examples_import_public_names_only() -> None:
    for page in PAGES:
        for block in python_blocks(page):
            for node in ast.walk(ast.parse(block)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vidstyle"):
                    assert node.module == "vidstyle"
                    assert {alias.name for alias in node.names} <= set(vidstyle.__all__)
                elif isinstance(node, ast.Import):
                    assert not any(alias.name.startswith("vidstyle.") for alias in node.names)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'paint'"):
        vidstyle.paint  # noqa: B018


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, vidstyle; assert not {'numpy', 'cv2', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
