"""Likely mistakes in a call: one line each, before any work."""

from typing import Any

import pytest

from vidstyle import (
    LiveOptions,
    StylizeOptions,
    preview_video,
    run_live,
    stylize_photo,
    stylize_video,
    train_style,
)

CALLS: dict[str, Any] = {
    "photo": stylize_photo,
    "video": stylize_video,
    "preview": preview_video,
    "train": train_style,
}
KINDS = {"train": "TrainOptions"}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"options": {"strength": 0.5}}, "options must be {kind}, not dict. Give {kind}(**...)."),
        ({"options": LiveOptions()}, "options must be {kind}, not LiveOptions."),
        ({"output": 3}, "output must be a path or None, not int."),
    ],
)
def test_an_argument_of_the_wrong_type_is_named(call: str, more: Any, said: str) -> None:
    with pytest.raises(TypeError) as refused:
        CALLS[call]("in.jpg", **more)
    assert str(refused.value) == said.format(kind=KINDS.get(call, "StylizeOptions"))


@pytest.mark.parametrize("call", ["photo", "video", "preview"])
def test_options_in_the_place_of_the_output_are_named(call: str) -> None:
    with pytest.raises(TypeError, match=r"^output is StylizeOptions. Give the options by name"):
        CALLS[call]("in.jpg", StylizeOptions())


@pytest.mark.parametrize(
    ("call", "more", "said"),
    [
        (stylize_video, {"cancel": False}, "cancel must be a threading.Event or None, not False."),
        (stylize_video, {"progress": True}, "progress must be a function or None, not True."),
        (train_style, {"report": True}, "report must be a function or None, not True."),
    ],
)
def test_a_flag_in_the_place_of_an_event_or_a_function_is_named(
    call: Any, more: Any, said: str
) -> None:
    with pytest.raises(TypeError) as refused:
        call("in.mp4", **more)
    assert str(refused.value) == said


def test_live_takes_an_event_to_stop() -> None:
    with pytest.raises(TypeError, match=r"^stop must be a threading.Event or None, not 3\.$"):
        run_live(LiveOptions(), 3)  # type: ignore[arg-type]
