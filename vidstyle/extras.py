"""Install commands of the optional extras, as they work for the running installation."""

import importlib.metadata
import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]  # the checkout, or the folder of the installed packages
WITH_TORCH = ("train", "offline", "dev")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def install_hint(extra: str) -> str:
    """Shell command that adds an extra to this installation.

    A checkout, or a package installed from a folder, a file or a repository, is installed from
    there again. On Linux, PyPI's build of PyTorch is that for CUDA, several gigabytes: unless one
    is installed already, the index of the CPU builds is named.
    """
    index = ""
    if extra in WITH_TORCH and sys.platform == "linux" and not importlib.util.find_spec("torch"):
        index = f"--extra-index-url {CPU_INDEX} "
    return f"{_pip()} install {index}{_requirement(extra)}"


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
    """Where the package was installed from (PEP 610); None for a registry such as PyPI."""
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
    from urllib.request import url2pathname  # slow to import, and seldom needed

    return Path(url2pathname(urlsplit(url).path))


def _folder(folder: Path) -> str:
    return "." if folder.resolve() == Path.cwd() else os.fspath(folder)


def _pip() -> str:
    """`pip` where the shell finds that of the running interpreter, else the interpreter's own."""
    found = shutil.which("pip")
    python = Path(sys.executable)
    if (found and Path(found).parent == python.parent) or not importlib.util.find_spec("pip"):
        return "pip"
    return f'"{python}" -m pip' if " " in str(python) else f"{python} -m pip"
