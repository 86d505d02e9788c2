"""The text over the window's picture."""

from dataclasses import replace

from vidstyle.live.controls import KEYS, ControlState
from vidstyle.live.sinks.overlay import Status, help_lines, overlay_lines, style_lines

STATUS = Status("ink", 29.97, 18.4, 33.6, 2, "360 lines, every 3", 1.24, recording=False)


def test_help_names_every_key_once() -> None:
    words = "\n".join(help_lines())
    for key in KEYS:
        assert words.count(f"{key.name}: {key.meaning}") == 1


def test_the_overlay_tells_style_speed_and_state() -> None:
    status = Status("ink", 29.97, 18.4, 33.6, 2, "360 lines, every 3", 1.24, recording=True)
    state = ControlState(strength=0.7, every=3, frozen=True, numbers=True)
    text = "\n".join(overlay_lines(status, state))
    for part in ("ink 70%", "30 fps", "18 ms, p99 34 ms", "every 3 (pinned)", "2 dropped",
                 "1.2 cores", "recording, frozen"):  # fmt: skip
        assert part in text


def test_what_does_not_hold_is_not_said() -> None:
    assert overlay_lines(STATUS, ControlState(numbers=True)) == [
        "1 ink 100%   30 fps   18 ms, p99 34 ms",
        "360 lines, every 3   2 dropped   1.2 cores",
    ]


def test_at_first_there_are_style_speed_and_how_to_get_help() -> None:
    assert overlay_lines(STATUS, ControlState(style_number=4)) == ["5 ink   30 fps   h: keys"]
    helped = ControlState(strength=0.5, help=True, frozen=True)
    assert overlay_lines(STATUS, helped) == ["1 ink 50%   30 fps", "frozen"]


def test_the_menu_names_every_style_with_its_number_and_marks_the_current() -> None:
    names = ("ink", "oil", "chalk", "paintings/mine.jpg", "wax", "lead", "tar")
    lines = style_lines(replace(STATUS, styles=names), ControlState(style_number=1))
    assert lines == ["1 ink   [2 oil]   3 chalk   4 mine.jpg   5 wax", "6 lead   7 tar"]


def test_the_cameras_own_picture_has_no_style_and_no_strength() -> None:
    first, *_ = overlay_lines(STATUS, ControlState(pass_through=True, strength=0.5))
    assert first.startswith("off   30 fps")


def test_marks_stand_in_one_line() -> None:
    state = ControlState(frozen=True, keep_colors=True, numbers=True)
    assert overlay_lines(replace(STATUS, recording=True), state)[2:] == [
        "recording, frozen, own colors"
    ]
    assert overlay_lines(STATUS, ControlState(only="person"))[1:] == ["person only"]


def test_the_help_has_two_keys_in_a_line() -> None:
    lines = help_lines()
    assert len(lines) == (len(KEYS) + 2) // 2  # and the dropped painting
    assert all(line.count(": ") >= 2 for line in lines[:-1])
