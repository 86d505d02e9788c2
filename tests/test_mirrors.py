"""Every larger module has a test file of its own, in the same place below tests/."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LARGE = 60  # lines; smaller modules may be tested with their users
ELSEWHERE = {
    "vidstyle/perceptual/features.py": "tests/contracts/test_feature_networks.py",  # a base class
    "vidstyle/commands.py": "tests/test_cli.py",  # called through its entry point
    "vidstyle/apps/optimized_film.py": "tests/apps/test_optimized.py",  # with its photos
    "vidstyle/apps/rendition.py": "tests/apps/test_convert.py",  # its only user
    "vidstyle/live/sinks/growing_file.py": "tests/live/sinks/test_recorder.py",  # its only user
    # One document, checked as a whole.
    "vidstyle/server/openapi_parts.py": "tests/server/test_openapi.py",
    "vidstyle/server/openapi_schemas.py": "tests/server/test_openapi.py",
    # One file claims the same of all settings.
    "vidstyle/options/export.py": "tests/test_options.py",
    "vidstyle/options/live.py": "tests/test_options.py",
    "vidstyle/options/look.py": "tests/test_options.py",
    "vidstyle/options/output.py": "tests/test_options.py",
    "vidstyle/options/server.py": "tests/test_options.py",
    "vidstyle/options/setting.py": "tests/test_options.py",
    "vidstyle/options/training.py": "tests/test_options.py",
}
MODULES = [
    path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / "vidstyle").rglob("*.py"))
    if path.name not in ("__init__.py", "__main__.py")
    and len(path.read_text(encoding="utf-8").splitlines()) > LARGE
]


def mirror(module: str) -> str:
    path = Path(module).relative_to("vidstyle")
    return (Path("tests") / path.parent / f"test_{path.name}").as_posix()


@pytest.mark.parametrize("module", MODULES)
def test_a_large_module_has_tests_of_its_own(module: str) -> None:
    file = ROOT / ELSEWHERE.get(module, mirror(module))
    assert file.is_file(), f"{module} is tested nowhere: write {mirror(module)}"


def test_exceptions_are_needed() -> None:
    for module, file in ELSEWHERE.items():
        assert module in MODULES
        assert not (ROOT / mirror(module)).exists()
        assert (ROOT / file).is_file()
