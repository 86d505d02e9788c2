"""Guards of all tests: errors that nothing but a log or a finalizer reports, and lost time."""

import gc
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.logs_errors  # the inner tests log into this process

SETTINGS = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))
GUARDED = """
import logging, threading
import pytest

log = logging.getLogger("vidstyle.live.capture")

class Unraisable:
    def __del__(self):
        raise ValueError("from a finalizer")

def fail():
    raise ValueError("from a thread")

@pytest.fixture(scope="module")
def loud_module():
    log.error("from a fixture of the module")

def test_warnings_pass():
    log.warning("only a warning")

def test_an_error_fails():
    log.error("camera %d burnt", 3)

def test_an_error_of_another_library_fails():
    logging.getLogger("elsewhere").critical("worse")

def test_an_error_of_a_fixture_fails(loud_module):
    pass

@pytest.mark.logs_errors
def test_a_marked_test_passes():
    log.exception("expected")

def test_an_exception_in_a_thread_fails():
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()

def test_an_exception_in_a_finalizer_fails():
    Unraisable()

def test_the_next_test_passes():
    pass
"""


def test_hidden_errors_fail_the_test_that_they_belong_to(pytester: pytest.Pytester) -> None:
    options = SETTINGS["tool"]["pytest"]["ini_options"]
    lists = (f"{name} =\n  " + "\n  ".join(options[name]) for name in ("filterwarnings", "markers"))
    pytester.makeini("\n".join(["[pytest]", *lists]))
    pytester.makeconftest("from tests.conftest import error_log, no_logged_errors")
    pytester.makepyfile(GUARDED)
    result = pytester.runpytest_inprocess("-v", "-p", "no:xdist", "-p", "no:cacheprovider")
    output = result.stdout.str()
    bad = {
        line.split("::")[1].split()[0]
        for line in output.splitlines()
        if "::" in line and line.split()[1] in ("FAILED", "ERROR")
    }
    assert bad == {
        "test_an_error_fails",
        "test_an_error_of_another_library_fails",
        "test_an_error_of_a_fixture_fails",
        "test_an_exception_in_a_thread_fails",
        "test_an_exception_in_a_finalizer_fails",
    }
    assert "vidstyle.live.capture: camera 3 burnt" in output


def test_what_was_loaded_before_the_first_test_is_not_garbage_collected() -> None:
    assert gc.isenabled()
    assert gc.get_freeze_count() > 10_000
