"""Wrong calls: exit code, usage of the right command, and guesses at misspelled words."""

from pathlib import Path

import pytest

from tests.clips import Clip
from vidstyle.cli import FAILED, USAGE, main
from vidstyle.stylize.catalog import shipped_styles

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return Clip().write(tmp_path / "in.mp4")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["a.mp4", "--nope"],
        ["a.mp4", "--every", "few"],
        ["train"],
        ["train", "a.png", "--size", "56k"],
        ["train", "a.png", "--steps", "1.5"],
        ["train", "a.png", "b.png"],
    ],
)
def test_wrong_calls_exit_with_two(capsys: Captured, words: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == USAGE
    assert "usage: vidstyle" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "guess"),
    [
        (["lvie"], "There is no command or file lvie. Did you mean live?"),
        (["a.mp4", "--stlye", "udnie"], "convert: error: unrecognized arguments: --stlye udnie. "),
        (["--stlye", "udnie", "a.mp4"], "arguments: --stlye. Did you mean --style?"),
        (["live", "--camra=0"], "live: error: unrecognized arguments: --camra=0. Did you mean --c"),
        (["image", "a.png", "--zzz"], "image: error: unrecognized arguments: --zzz\n"),
    ],
)
def test_a_misspelled_word_is_answered_with_a_guess(
    capsys: Captured, words: list[str], guess: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == USAGE
    assert guess in capsys.readouterr().err


def test_a_file_named_like_a_misspelled_command_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lvie").write_text("no video")
    assert main(["lvie"]) == FAILED
    assert capsys.readouterr().err.startswith("vidstyle: lvie is not a video")


@pytest.mark.parametrize(
    "words",
    [
        [""],
        ["in.mp4", ""],
        ["in.mp4", "-o", ""],
        ["image", ""],
        ["train", ""],
        ["train", "me.png", "-o", ""],
        ["styles", ""],
        ["styles", "me.png", "--gallery", ""],
        ["live", "--config", ""],
    ],
)
def test_an_empty_name_is_not_the_current_folder(
    clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, words: list[str]
) -> None:
    monkeypatch.chdir(clip.parent)
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == USAGE
    assert "the name is empty" in capsys.readouterr().err
    assert [file.name for file in clip.parent.iterdir()] == ["in.mp4"]


@pytest.mark.parametrize(
    ("words", "guess"),
    [
        (["a.mp4", "--camera", "0"], "--camera 0. --camera is an option of vidstyle live.\n"),
        (["live", "--crf=20"], "--crf=20. --crf is an option of vidstyle convert.\n"),
        (["doctor", "--strict"], "--strict. --strict is an option of vidstyle convert.\n"),
    ],
)
def test_an_option_of_another_command_is_told_where_it_belongs(
    capsys: Captured, words: list[str], guess: str
) -> None:
    with pytest.raises(SystemExit):
        main(words)
    assert capsys.readouterr().err.endswith(guess)


def test_help_shows_defaults(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for command, lines in {
        "convert": (
            f"a .txt file of such lines (default: {shipped_styles()[0].name})",
            "--max-height LINES working size at most",
            "(default: 480 in videos, the style's own in pictures, with its own strokes)",
            "--codec NAME h264, hevc, av1, vp9, prores, lossless, an encoder's name, "
            "or auto for fast hardware (default: chosen by the container)",
            "-y, --[no-]overwrite replace the output if it exists",
            "where to start, in seconds (default: 0)",
        ),
        "live": ("--[no-]window show a window (default: on)", "(default: auto)"),
        "train": ("--[no-]int8 write NAME.int8.onnx too", "(default: generated pictures)"),
    }.items():
        with pytest.raises(SystemExit):
            main([command, "--help"])
        text = " ".join(capsys.readouterr().out.split())
        assert [line for line in lines if line not in text] == []
