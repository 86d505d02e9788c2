import pytest

from vidstyle.live.controls import Command, Controls, ControlState, StyleTimer


def pressed(*names: str, styles: int = 3, state: ControlState | None = None) -> ControlState:
    controls = Controls(styles, state or ControlState(), lambda: 3)
    for name in names:
        assert controls.press(name) is None
    return controls.state


def test_arrows_go_round_the_styles() -> None:
    assert [pressed(*["right"] * n).style_number for n in range(5)] == [0, 1, 2, 0, 1]
    assert pressed("left").style_number == 2


def test_numbers_choose_styles_that_there_are() -> None:
    assert pressed("3").style_number == 2
    assert pressed("2", "4").style_number == 1


def test_two_digits_typed_fast_are_one_number_if_there_is_such_a_style() -> None:
    now_s = [0.0]
    controls = Controls(15, ControlState(), lambda: 3, clock=lambda: now_s[0])
    chosen = []
    for key, passed_s in (("1", 0), ("2", 0.5), ("2", 0.5), ("1", 2), ("0", 0.5), ("0", 2)):
        now_s[0] += passed_s
        controls.press(key)
        chosen.append(controls.state.style_number + 1)
    assert chosen == [1, 12, 2, 1, 10, 10]
    assert controls.state.pass_through  # by the last key


def test_nought_shows_the_camera_until_a_style_is_chosen() -> None:
    assert pressed("0").pass_through
    assert not pressed("0", "1").pass_through
    assert not pressed("0", "right").pass_through


def test_strength_stays_between_none_and_all() -> None:
    assert pressed(*["-"] * 3).strength == 0.7
    assert pressed(*["-"] * 12).strength == 0.0
    assert pressed("-", "+", "+").strength == 1.0


def test_the_interval_is_pinned_and_let_go() -> None:
    assert pressed("]", "]").every == 5
    assert pressed("[").every == 2
    assert pressed(*["["] * 9).every == 1
    assert pressed(*["]"] * 30).every == 12
    assert pressed("]", "a").every is None


def test_pinning_begins_where_the_load_has_brought_it() -> None:
    controls = Controls(1, ControlState(), lambda: 8)
    controls.press("]")
    assert controls.state.every == 9


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("c", "keep_colors"),
        ("m", "mirrored"),
        ("f", "frozen"),
        ("v", "split"),
        ("h", "help"),
    ],
)
def test_switches_go_on_and_off(key: str, name: str) -> None:
    before = getattr(ControlState(), name)
    assert getattr(pressed(key), name) is not before
    assert getattr(pressed(key, key), name) is before


def test_persons_the_background_and_all_are_painted_in_turn() -> None:
    assert [pressed(*["p"] * n).only for n in range(4)] == ["all", "person", "background", "all"]


def test_the_overlay_is_plain_then_has_numbers_then_is_gone() -> None:
    seen = [pressed(*["o"] * n) for n in range(4)]
    assert [(s.overlay, s.numbers) for s in seen] == [
        (True, False),
        (True, True),
        (False, False),
        (True, False),
    ]


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("s", Command.SNAPSHOT),
        ("r", Command.RECORD),
        ("F11", Command.FULLSCREEN),
        ("q", Command.QUIT),
    ],
)
def test_some_keys_ask_something_of_others(key: str, command: Command) -> None:
    controls = Controls(1, ControlState(), lambda: 3)
    assert controls.press(key) is command
    assert controls.state == ControlState()


def test_a_new_style_is_selected_and_reached_by_the_arrows() -> None:
    controls = Controls(2, ControlState(pass_through=True), lambda: 3)
    controls.select_new()
    assert controls.state == ControlState(style_number=2)
    controls.press("right")
    controls.press("left")
    assert controls.state.style_number == 2
    controls.select(1)
    assert controls.state.style_number == 1


def test_the_timer_goes_round_the_styles() -> None:
    controls, timer = Controls(3, ControlState(style_number=1), lambda: 3), StyleTimer(10.0)
    seen = []
    for now_s in range(100, 135):
        timer.advance(controls, now_s)
        seen.append(controls.state.style_number)
    assert seen == [1] * 10 + [2] * 11 + [0] * 11 + [1] * 3


def test_keys_restart_the_timer_and_some_hold_it() -> None:
    controls, timer = Controls(3, ControlState(), lambda: 3), StyleTimer(10.0)
    presses = {5: "right", 12: "f", 40: "f"}
    for now_s in range(49):
        timer.advance(controls, now_s)
        if now_s in presses:
            controls.press(presses[now_s])
        assert controls.state.style_number == (now_s >= 5)
    controls.press("0")
    for now_s in range(49, 80):
        timer.advance(controls, now_s)
    assert controls.state.pass_through


def test_without_an_interval_no_style_follows() -> None:
    controls = Controls(3, ControlState(), lambda: 3)
    for now_s in (0, 1e9):
        StyleTimer(None).advance(controls, now_s)
    assert controls.state == ControlState()


def test_other_keys_do_nothing() -> None:
    assert pressed("x", "", "F1", "ü") == ControlState()
