"""Install commands for people in a checkout, and for those who installed the package."""

import importlib.metadata
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from vidstyle import extras
from vidstyle.extras import CPU_INDEX, install_hint


@pytest.fixture(autouse=True)
def found_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell's pip is that of the running interpreter, and torch is installed."""
    beside = str(Path(sys.executable).with_name("pip"))
    monkeypatch.setattr("shutil.which", lambda name: beside)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "vidstyle"\n')
    monkeypatch.setattr(extras, "PROJECT", tmp_path)
    return tmp_path


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which pip writes down where the package came from (PEP 610)."""
    monkeypatch.setattr(extras, "PROJECT", tmp_path)
    found = importlib.metadata.PathDistribution(tmp_path)
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: found)
    return tmp_path / "direct_url.json"


def test_in_a_checkout_its_folder_is_named(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert install_hint("live") == f'pip install -e "{checkout}[live]"'
    monkeypatch.chdir(checkout)
    assert install_hint("live") == 'pip install -e ".[live]"'


@pytest.mark.usefixtures("installed")
def test_an_installed_package_is_named() -> None:
    assert install_hint("live") == 'pip install "vidstyle[live]"'


def test_beside_a_foreign_project_the_package_is_named(installed: Path) -> None:
    installed.with_name("pyproject.toml").write_text('[project]\nname = "other"\n')
    assert install_hint("live") == 'pip install "vidstyle[live]"'


@pytest.mark.parametrize(
    ("origin", "requirement"),
    [
        ({"url": "{folder}", "dir_info": {}}, "{path}[live]"),
        ({"url": "{folder}/v.whl", "archive_info": {}}, "vidstyle[live] @ {folder}/v.whl"),
        (
            {"url": "https://host/v.git", "vcs_info": {"vcs": "git"}},
            "vidstyle[live] @ git+https://host/v.git",
        ),
    ],
    ids=["folder", "wheel", "repository"],
)
def test_a_package_is_installed_again_from_where_it_came(
    installed: Path, tmp_path: Path, origin: dict[str, Any], requirement: str
) -> None:
    names = {"folder": (tmp_path / "a b").as_uri(), "path": str(tmp_path / "a b")}
    installed.write_text(json.dumps(origin | {"url": origin["url"].format(**names)}))
    *_, last = shlex.split(install_hint("live"))
    assert last == requirement.format(**names)


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize(
    ("extra", "platform", "named"),
    [
        ("train", "linux", True),
        ("offline", "linux", True),
        ("live", "linux", False),
        ("train", "win32", False),
        ("train", "darwin", False),
    ],
)
def test_the_cpu_index_is_named_where_the_cuda_build_would_come(
    monkeypatch: pytest.MonkeyPatch, extra: str, platform: str, named: bool
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert CPU_INDEX not in install_hint(extra)  # torch is there
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert (f"--extra-index-url {CPU_INDEX} " in install_hint(extra)) is named


@pytest.mark.usefixtures("checkout")
def test_another_pip_in_the_shell_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: "/elsewhere/pip")
    monkeypatch.setattr(sys, "executable", "/venv/bin/python")
    assert install_hint("live").startswith("/venv/bin/python -m pip install -e ")
    monkeypatch.setattr(sys, "executable", "/my venv/bin/python")
    assert install_hint("live").startswith('"/my venv/bin/python" -m pip install -e ')
