"""Optional extras: install commands that fit the running installation."""

import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]  # the checkout, or site-packages
WITH_TORCH = ("train", "offline", "dev")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def install_hint(extra: str) -> str:
    """Shell command that adds an extra to this installation.

    A checkout, or a package installed from a folder, an archive or a repository, is installed from
    the same origin again. On Linux, PyPI's build of PyTorch is that for CUDA, of several gigabytes:
    if PyTorch is missing, the command names the index of the CPU builds.

    Args:
        extra: name from `[project.optional-dependencies]`, as "train".
    """
    index = ""
    if extra in WITH_TORCH and sys.platform == "linux" and not importlib.util.find_spec("torch"):
        index = f"--extra-index-url {CPU_INDEX} "
    return f"{_pip()} install {index}{_requirement(extra)}"


def replacement_hint(package: str, instead_of: str) -> str:
    """Shell commands that install a package in place of another one with the same files."""
    return f'{_pip()} uninstall {instead_of}, then {_pip()} install "{package}"'


def _requirement(extra: str) -> str:
    if _is_checkout(PROJECT):
        return f'-e "{_folder(PROJECT)}[{extra}]"'
    origin = _origin()
    if origin is None:
        return f'"vidstyle[{extra}]"'
    if "dir_info" in origin:
        return f'"{_folder(_path(origin["url"]))}[{extra}]"'
    scheme = f"{origin['vcs_info']['vcs']}+" if "vcs_info" in origin else ""
    return f'"vidstyle[{extra}] @ {scheme}{origin["url"]}"'


def _origin() -> dict[str, Any] | None:
    """Origin of the installed package (PEP 610); None for a package index such as PyPI."""
    import importlib.metadata  # 15 ms, and rarely needed

    try:
        text = importlib.metadata.distribution("vidstyle").read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return None
    origin: dict[str, Any] | None = json.loads(text) if text else None
    return origin


def _is_checkout(folder: Path) -> bool:
    file = folder / "pyproject.toml"
    return file.is_file() and 'name = "vidstyle"' in file.read_text(encoding="utf-8")


def _path(url: str) -> Path:
    from urllib.parse import urlsplit
    from urllib.request import url2pathname  # slow to import, and rarely needed

    return Path(url2pathname(urlsplit(url).path))


def _folder(folder: Path) -> str:
    """Folder as written in a command: "." for the current one."""
    return "." if folder.resolve() == Path.cwd() else os.fspath(folder)


def _pip() -> str:
    """Command of the running interpreter's pip: `pip` if the shell finds it, or there is none."""
    found = shutil.which("pip")
    python = Path(sys.executable)
    if (found and Path(found).parent == python.parent) or not importlib.util.find_spec("pip"):
        return "pip"
    return f'"{python}" -m pip' if " " in str(python) else f"{python} -m pip"
