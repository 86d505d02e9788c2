"""Errors become problem documents with a status that fits and the words of the command line."""

import errno

import pytest

from vidstyle.errors import MissingExtraError, OptionError, SinkError, SourceError, StyleError
from vidstyle.server.problems import Problem, from_document, problem_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SourceError("No video."), 415),
        (StyleError("No style."), 422),
        (OptionError("strength is wrong.", "strength"), 422),
        (MissingExtraError("Install it."), 422),
        (OSError(errno.ENOSPC, "No space left on device"), 507),
        (MemoryError(), 503),
        (OSError(errno.EMFILE, "Too many open files"), 503),
        (ValueError("a bug"), 500),
    ],
)
def test_each_error_has_its_status(error: Exception, status: int) -> None:
    assert problem_of(error).status == status


def test_a_full_disk_behind_an_error_is_told() -> None:
    error = SinkError("Cannot write a.mp4: No space left on device.")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert problem_of(error).status == 507


def test_paths_of_the_server_stay_secret() -> None:
    error = SourceError("/data/uploads/1/content is empty (0 bytes).")
    problem = problem_of(error, {"/data/uploads/1/content": "holiday.mp4"})
    assert problem.detail == "holiday.mp4 is empty (0 bytes)."


def test_a_document_tells_settings_and_cures() -> None:
    error = StyleError("The full quality works from one painting.", {"style": ...}, {"quality": 1})
    document = problem_of(error).document()
    assert document["cures"] == [{"style": None}, {"quality": 1}]
    assert from_document(document).document() == document


def test_a_problem_is_an_exception_like_others() -> None:
    with pytest.raises(Problem) as caught:
        raise Problem(404, "There is nothing.")
    assert caught.value.__traceback__ is not None
