"""What the machine has."""

import json
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from unittest.mock import Mock

import pytest

from vidstyle.apps.doctor import EXTRAS, INT8, _installed, examine

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_findings_are_plain_and_name_what_the_issue_asks_for() -> None:
    findings = examine()
    json.dumps(findings)
    assert findings["cores"] >= 1
    assert findings["int8 (VNNI)"] in INT8.values()
    assert "libx264" in findings["encoders"]
    assert "CPUExecutionProvider" in findings["providers"]
    assert findings["styles"].endswith("checksums right")
    assert "painting" in findings["settings"]["threads"]


def test_only_extras_that_exist_are_offered() -> None:
    offered = {f"{name}@{extra}" for name, extra in EXTRAS.items()}
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    there = {
        f"{re.split('[<>=;]', needed)[0]}@{extra}"
        for extra, packages in project["optional-dependencies"].items()
        for needed in packages
    }
    assert offered <= there
    assert list(examine()["extras"]) == list(EXTRAS)


@pytest.mark.parametrize(("system", "said"), [("linux", "not needed"), ("win32", "missing (")])
def test_obs_is_for_other_systems_than_linux(
    monkeypatch: pytest.MonkeyPatch, system: str, said: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr("importlib.metadata.version", Mock(side_effect=PackageNotFoundError))
    assert _installed("pyvirtualcam").startswith(said)


def test_devices_are_named_or_how_to_get_them() -> None:
    findings = examine()
    for name in ("cameras", "virtual cameras", "microphones", "sound outputs"):
        assert all(isinstance(line, str) and line for line in findings[name])
    if sys.platform == "linux" and not list(Path("/dev").glob("video*")):
        assert "exclusive_caps=1" in findings["virtual cameras"][0]
