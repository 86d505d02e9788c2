"""Dependencies without a wheel, by Python version and platform: a dry run of uv's resolver.

Nothing is downloaded but metadata. Needs uv (`pip install uv`):

    python -m tools.wheels
"""

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = {  # uv's, by the names in the report
    "Linux x86-64": "x86_64-manylinux_2_28",
    "Linux arm64": "aarch64-manylinux_2_28",
    "macOS arm64": "aarch64-apple-darwin",
    "macOS x86-64": "x86_64-apple-darwin",
    "Windows x86-64": "x86_64-pc-windows-msvc",
    "Windows arm64": "aarch64-pc-windows-msvc",
}
OLDEST_MACOS = {"MACOSX_DEPLOYMENT_TARGET": "14.0"}  # PyAV and ONNX Runtime need it
OLDEST_MACOS = {"MACOSX_DEPLOYMENT_TARGET": "14.0"}  # PyAV and ONNX Runtime need it
FOR_DEVELOPERS = ("browser", "dev", "docs")  # extras

Lacking = dict[str, list[tuple[str, str]]]  # Python version and platform, by requirement


def main() -> int:
    """Print requirements without a wheel; the exit code is 1 if a plain install has one."""
    needed = requirements(PROJECT)
    lacking: Lacking = {}
    for platform in PLATFORMS:
        for python in PYTHONS:
            for requirement in without_wheel(list(needed), python, platform):
                lacking.setdefault(requirement, []).append((python, platform))
            print(f"Python {python} on {platform}: done", file=sys.stderr)
    print("\n".join(report(lacking, needed)) or "Everything has wheels.")
    return int(any(needed[requirement] is None for requirement in lacking))


def requirements(project: Path) -> dict[str, str | None]:
    """Requirements of a project, each with the extra that needs it; None for a plain install."""
    table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    found: dict[str, str | None] = dict.fromkeys(table["dependencies"])
    for extra, needed in table["optional-dependencies"].items():
        if extra not in FOR_DEVELOPERS:
            for requirement in needed:
                found.setdefault(requirement, extra)
    return found


def without_wheel(needed: Sequence[str], python: str, platform: str) -> list[str]:
    """Requirements that cannot be installed from wheels alone, with all that they need."""
    if not needed or resolves(needed, python, platform):
        return []
    if len(needed) == 1:
        return list(needed)
    middle = len(needed) // 2
    halves = needed[:middle], needed[middle:]
    return [each for half in halves for each in without_wheel(half, python, platform)]


def resolves(needed: Sequence[str], python: str, platform: str) -> bool:
    """Whether requirements can be installed together from wheels alone."""
    words = ["uv", "pip", "compile", "--quiet", "--only-binary", ":all:", "--no-header", "-"]
    words += ["--python-version", python, "--python-platform", PLATFORMS[platform]]
    try:
        run = subprocess.run(
            words,
            input="\n".join(needed),
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | OLDEST_MACOS,
        )
    except FileNotFoundError:
        sys.exit("uv is missing: pip install uv")
    if run.returncode and "No solution found" not in run.stderr:
        raise RuntimeError(run.stderr)
    return run.returncode == 0


def report(lacking: Lacking, needed: Mapping[str, str | None]) -> list[str]:
    """A line for each requirement that lacks wheels."""
    lines = []
    for requirement, places in lacking.items():
        versions: dict[str, list[str]] = {}
        for python, platform in places:
            versions.setdefault(platform, []).append(python)
        where = "; ".join(
            platform if len(pythons) == len(PYTHONS) else f"{platform} ({', '.join(pythons)})"
            for platform, pythons in versions.items()
        )
        extra = needed[requirement]
        lines.append(f"{requirement} ({'base' if extra is None else extra}): {where}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
