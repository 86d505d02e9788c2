from pathlib import Path

import pytest

from vidstyle.apps import config
from vidstyle.apps.config import configured
from vidstyle.errors import OptionError
from vidstyle.options import LiveOptions


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my.toml"
    path.write_text(
        'camera = "Brio"\nmax-cpu = 60\nstrength = 0.5\nwindow = false\nloop = true\n'
        'every = "auto"\n'
    )
    return path


def test_settings_come_from_the_file(file: Path) -> None:
    options = configured(file, LiveOptions, {})
    assert (options.camera, options.max_cpu, options.strength) == ("Brio", 60, 0.5)
    assert (options.window, options.loop, options.every) == (False, True, None)
    assert options.fps == LiveOptions().fps


def test_the_command_line_wins(file: Path) -> None:
    said = {"camera": "2", "loop": False, "every": 3, "debug": True}
    options = configured(file, LiveOptions, said)
    assert (options.camera, options.loop, options.every) == ("2", False, 3)
    assert options.strength == 0.5


def test_the_users_file_is_read_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "live.toml"
    monkeypatch.setattr(config, "default_config", lambda: path)
    assert configured(None, LiveOptions, {}) == LiveOptions()
    path.write_text("fps = 15")
    assert configured(None, LiveOptions, {}).fps == 15


def test_the_users_file_has_a_place_of_its_own() -> None:
    assert config.default_config().parts[-2:] == ("vidstyle", "live.toml")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("camera = ", "is no TOML"),
        ("color = 1", 'no setting "color". There are camera, .*Did you mean keep_colors'),
        ("fps = 'fast'", "fps cannot be 'fast'"),
        ("loop = 1", "loop cannot be 1"),
        ("lines = true", "lines cannot be True"),
        ("strength = 2", "strength must be between 0 and 1"),
        ("fps = inf", "fps must be at most"),
        (f"lines = {10**30}", "lines must be at most"),
        (f"x = {'[' * 5000}{']' * 5000}", "its values are nested too deep"),
        (f"x = {'{a=' * 5000}1{'}' * 5000}", "its values are nested too deep"),
    ],
)
def test_mistakes_in_the_file_are_said(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "my.toml"
    path.write_text(text)
    with pytest.raises(OptionError, match=reason):
        configured(path, LiveOptions, {})


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text("strength = 0.5\r\n", encoding="utf-8-sig")
    assert configured(path, LiveOptions, {}).strength == 0.5


def test_an_endless_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "my.toml").open("wb") as file:
        file.truncate(2**40)  # sparse: takes no room
    with pytest.raises(OptionError, match="is no configuration: it has over 1000000 bytes"):
        configured(tmp_path / "my.toml", LiveOptions, {})


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be read: No such file"):
        configured(tmp_path / "none.toml", LiveOptions, {})
