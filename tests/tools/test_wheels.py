"""Requirements without a wheel are found by halving, and named with extra and platform."""

import tomllib
from collections.abc import Sequence

import pytest

from tools import wheels
from tools.wheels import PROJECT, PYTHONS, main, report, requirements, without_wheel


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands in for uv; requirements in the list have no wheels for Windows on arm64."""
    lacking = list[str]()

    def resolves(needed: Sequence[str], python: str, platform: str) -> bool:
        return platform != "Windows arm64" or not set(needed) & set(lacking)

    monkeypatch.setattr(wheels, "resolves", resolves)
    return lacking


def test_all_packages_of_users_are_looked_at_with_their_extra() -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    needed = requirements(PROJECT)
    assert [each for each, extra in needed.items() if extra is None] == project["dependencies"]
    assert set(needed.values()) == {None, *project["optional-dependencies"]} - {
        "browser",
        "dev",
        "docs",
    }


def test_the_lacking_ones_are_found_among_many(resolver: list[str]) -> None:
    names = [f"package{number}" for number in range(21)]
    resolver += [names[3], names[4], names[20]]
    assert without_wheel(names, "3.13", "Windows arm64") == resolver
    assert without_wheel(names, "3.13", "Linux arm64") == []
    assert without_wheel([], "3.13", "Linux arm64") == []


def test_a_line_names_package_extra_and_places() -> None:
    everywhere = [(python, "macOS x86-64") for python in PYTHONS]
    lines = report(
        {"b>=1": [*everywhere, ("3.14", "Linux arm64")], "c": everywhere},
        {"b>=1": None, "c": "live"},
    )
    assert lines == ["b>=1 (base): macOS x86-64; Linux arm64 (3.14)", "c (live): macOS x86-64"]


def test_a_lacking_package_of_a_plain_install_is_a_failure(
    resolver: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main() == 0
    assert capsys.readouterr().out == "Everything has wheels.\n"
    resolver += [each for each, extra in requirements(PROJECT).items() if extra == "heif"]
    assert main() == 0
    assert "(heif): Windows arm64\n" in capsys.readouterr().out
    resolver.append(next(iter(requirements(PROJECT))))
    assert main() == 1
