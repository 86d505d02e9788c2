from pathlib import Path

import pytest

from vidstyle.apps import config
from vidstyle.apps.config import CONVERT, configured
from vidstyle.errors import OptionError
from vidstyle.flags import ConvertFlags, LiveFlags
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
    monkeypatch.setattr(config, "default_config", lambda name: path.with_name(name))
    assert configured(None, LiveOptions, {}) == LiveOptions()
    path.write_text("fps = 15")
    assert configured(None, LiveOptions, {}).fps == 15


def test_the_users_file_has_a_place_of_its_own() -> None:
    assert config.default_config("live.toml").parts[-2:] == ("vidstyle", "live.toml")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("camera = ", "is no TOML"),
        ("color = 1", 'no setting "color". There are camera, .*Did you mean keep_colors'),
        ("fps = 'fast'", "fps cannot be 'fast'"),
        ("loop = 1", "loop cannot be 1"),
        ("seconds = '1:99'", 'seconds cannot be "1:99". Write 62.5 or "1:02.5"'),
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


PRESETS = """
style = "udnie"
strength = 0.5
start = "1:02.5"
crf = 30

[film]
style-per-scene = "udnie,scream"
bitrate = "2M"

[fast]
max-height = 240
preset = "ultrafast"

[wrong]
stlye = "udnie"
"""


def presets(tmp_path: Path, **given: object) -> ConvertFlags:
    file = tmp_path / "convert.toml"
    file.write_text(PRESETS)
    return configured(file, ConvertFlags, given, CONVERT)


def test_a_preset_comes_before_the_settings_outside_of_it(tmp_path: Path) -> None:
    options = presets(tmp_path, preset="fast")
    assert (options.style, options.max_height, options.preset) == ("udnie", 240, "ultrafast")
    assert presets(tmp_path, preset="fast", max_height=720).max_height == 720
    assert presets(tmp_path).start == 62.5


def test_a_setting_sets_those_aside_that_it_excludes(tmp_path: Path) -> None:
    film = presets(tmp_path, preset="film")
    assert (film.style, film.style_per_scene, film.crf) == (None, "udnie,scream", None)
    film = presets(tmp_path, preset="film", style="kandinsky", crf=20.0)
    assert (film.style, film.style_per_scene) == ("kandinsky", None)
    assert (film.crf, film.bitrate) == (20.0, None)


def test_an_encoders_speed_is_a_preset_too(tmp_path: Path) -> None:
    options = presets(tmp_path, preset="veryslow")
    assert (options.preset, options.strength) == ("veryslow", 0.5)


def test_only_the_chosen_preset_is_checked(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r'no setting "stlye".*Did you mean style\?'):
        presets(tmp_path, preset="wrong")


def test_an_unknown_preset_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r'no preset "flim": .* has film, fast, wrong; the enc'):
        presets(tmp_path, preset="flim")
    with pytest.raises(OptionError, match=r'no preset "call": .*none\.$'):
        configured(None, LiveFlags, {"preset": "call"})


def test_the_file_that_is_read_is_told_on_request(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "vidstyle"):
        configured(file, LiveOptions, {})
    assert caplog.messages == [f"Settings from {file}."]
