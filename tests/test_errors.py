"""The family of errors, their cures, and the reason of any error in one line."""

import pickle
from errno import ENOSPC
from pathlib import Path

import av
import cv2
import pytest

from vidstyle import errors
from vidstyle.errors import (
    Note,
    OptionError,
    SinkError,
    VidstyleError,
    did_you_mean,
    machine_limit,
    reason,
)

FAMILY = sorted(
    (
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, VidstyleError)
    ),
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", FAMILY)
def test_all_are_caught_as_one_and_say_what_they_were_given(kind: type[VidstyleError]) -> None:
    with pytest.raises(VidstyleError, match=r"^The disk is full\.$"):
        raise kind("The disk is full.")
    assert (kind.__doc__ or "").splitlines()[0].endswith(".")


def test_none_is_an_error_of_the_calling_code_or_of_the_system() -> None:
    assert not any(issubclass(kind, ValueError | TypeError | OSError) for kind in FAMILY)


def test_cures_go_along() -> None:
    error = SinkError("There is out.mp4.", {"overwrite": True}, errors.ELSEWHERE)
    assert error.cures == ({"overwrite": True}, {"output": ...})
    assert error.message == "There is out.mp4."
    assert str(error) == "There is out.mp4 (overwrite=True)."
    assert SinkError("No cure.").cures == ()


def test_settings_of_an_option_error_go_along() -> None:
    error = OptionError("strength must be between 0 and 1.", "strength")
    assert error.settings == ("strength",)
    assert error.cures == ()


def test_a_note_is_a_string_with_cures() -> None:
    note = Note("odd size", {"resize": True})
    assert note == "odd size"
    assert f"{note}!" == "odd size!"
    assert note.cures == ({"resize": True},)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(ENOSPC, "No space left on device"), "No space left on device"),
        (OSError(ENOSPC, "No space left on device", "a.mp4"), "No space left on device"),
        (ValueError("too small"), "too small"),
        (ValueError("  first line\nsecond line\n"), "first line"),
        (ValueError(), "ValueError"),
        (ValueError("\n \n"), "ValueError"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (av.InvalidDataError(1, "Invalid data found"), "Invalid data found"),
    ],
)
def test_the_reason_is_one_line(error: BaseException, expected: str) -> None:
    assert reason(error) == expected


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(ENOSPC, "No space left on device"), "No space left on device."),
        (OSError(ENOSPC, "No space left on device", "a.mp4"), "a.mp4: No space left on device."),
        (MemoryError(), "Memory ran out (MemoryError). "),
        (MemoryError("Unable to allocate 8 GiB"), "Memory ran out (Unable to allocate 8 GiB). "),
        (RuntimeError("can't start new thread"), "Memory ran out (can't start new thread). "),
        (
            cv2.error("OpenCV: error: (-4:Insufficient memory) Failed to allocate 9 bytes"),
            "Memory ran out (OpenCV: error: (-4:Insufficient memory) Failed to allocate 9 bytes). ",
        ),
        (ImportError("a.so: failed to map segment from shared object"), "Memory ran out (a.so: "),
        (ValueError("too small"), None),
        (OSError("no number"), None),
    ],
)
def test_limits_of_the_machine_are_no_bugs(error: Exception, message: str | None) -> None:
    found = machine_limit(error)
    assert (found or "").startswith(message or "")
    assert (found is None) == (message is None)


def test_the_reason_of_the_system_names_no_file() -> None:
    with pytest.raises(OSError) as raised:
        Path("/no/such/file").read_bytes()
    assert reason(raised.value) == "No such file or directory"


@pytest.mark.parametrize("kind", FAMILY)
def test_errors_pass_between_processes(kind: type[VidstyleError]) -> None:
    again = pickle.loads(pickle.dumps(kind("The disk is full.")))
    assert type(again) is kind
    assert str(again) == "The disk is full."


def test_the_closest_word_is_suggested_if_any_is_close() -> None:
    assert did_you_mean("udni", ["scream", "udnie", "undine"]) == " Did you mean udnie?"
    assert did_you_mean("udni", ["scream"]) == did_you_mean("", ["scream"]) == ""
