"""Flags of each command, in the order of its help: scripts rely on them."""

import argparse
import ast
import pickle
import re
from dataclasses import fields
from pathlib import Path

import pytest

from vidstyle.cli import build_parser
from vidstyle.errors import Note, OptionError, SinkError, SourceError, StyleError
from vidstyle.flags import ConvertFlags, LiveFlags, TrainFlags, with_flags
from vidstyle.options import LiveOptions, Look, Output, StylizeOptions, TrainOptions

PACKAGE = Path(__file__).parents[1] / "vidstyle"
SPEAK_OF_FLAGS = (
    "commands",
    "console",
    "flags",
    "options",
    "parser",
    "standard_streams",
    "stream_sink",  # FFmpeg's flags, for reading the stream
    "submission",  # commands that reproduce the jobs of a server
)
FLAGS = {
    "convert": """
        -h --help -v --verbose --debug -o --output --config -s --style --style-per-scene --quality
        --time-budget --features --feature-weights --every --strength --keep-colors --no-keep-colors
        --only --faces --scale --max-height --resize --no-resize --size --fps --compare --no-compare
        --preview --no-preview --start --end --codec --crf --bitrate --pix-fmt --hdr --preset
        --audio --format --threads --provider --device --resume --no-resume --work-folder --cluster
        --strict --no-strict -y --overwrite --no-overwrite --skip-existing --no-skip-existing
        --recursive --no-recursive -q --quiet --no-quiet --json --no-json
        """,
    "image": """
        -h --help -v --verbose --debug -o --output --config --preset -s --style --quality
        --time-budget --features --feature-weights --strength --keep-colors --no-keep-colors --only
        --faces --scale --max-height --resize --no-resize --compare --no-compare --threads
        --provider --device -y --overwrite --no-overwrite --skip-existing --no-skip-existing
        --recursive --no-recursive -q --quiet --no-quiet --json --no-json
        """,
    "live": """
        -h --help -v --verbose --debug --config --preset --camera -s --style --style-interval --size
        --fps --loop --no-loop --letterbox --no-letterbox --virtual-camera --hold --no-hold --pixels
        --window --no-window --stream --osc --record -y --overwrite --no-overwrite --strength
        --keep-colors --no-keep-colors --only --faces --every --lines --max-cpu --provider --audio
        --no-audio --microphone --audio-output --play-audio --no-play-audio --react --no-react
        --polish --seconds -q --quiet --no-quiet --json --no-json
        """,
    "style": "-h --help -v --verbose --debug -o --output --polish -y --overwrite --json",
    "train": """
        -h --help -v --verbose --debug -o --output --name --size --content --examples --minutes
        --steps --features --feature-weights --start-from --style-weight --content-weight
        --tv-weight --temporal-weight --own-colors --own-chroma --abstraction --smoothing
        --sharpness --contrast --brightness --clarity --saturation --stroke-lines --style-scale
        --batch --seed --precision --low-memory --pixels --int8 --no-int8 --torch --threads --device
        --resume -y --overwrite -q --quiet --json
        """,
    "export": """
        -h --help -v --verbose --debug -o --output --to --form --precision --size -y --overwrite
        --json
        """,
    "styles": """
        -h --help -v --verbose --debug -o --gallery --strength --keep-colors --only --faces --scale
        --max-height --provider -y --overwrite --json
        """,
    "serve": """
        -h --help -v --verbose --debug --host --port --open --data --site --workers --provider
        --max-upload --keep --token --allow-host
        """,
    "clean": "-h --help -v --verbose --debug --recursive --dry-run --json",
    "worker": "-h --help -v --verbose --debug --processes",
    "cluster-keys": "-h --help -v --verbose --debug",
    "doctor": "-h --help -v --verbose --debug --json",
}


@pytest.mark.parametrize("command", FLAGS)
def test_the_flags_of_a_command_stay(command: str) -> None:
    assert flags_of(command_parsers()[command]) == FLAGS[command].split()


def test_every_command_is_listed() -> None:
    assert list(command_parsers()) == list(FLAGS)


def test_look_and_output_make_up_the_public_options_and_share_nothing() -> None:
    look, output = names(Look), names(Output)
    assert names(StylizeOptions) == look | output
    assert not look & output


@pytest.mark.parametrize(
    ("flags", "options"),
    [(ConvertFlags, StylizeOptions), (LiveFlags, LiveOptions), (TrainFlags, TrainOptions)],
)
def test_printing_is_a_matter_of_the_commands(flags: type, options: type) -> None:
    assert names(flags) - names(options) >= {"quiet", "json"}


@pytest.mark.parametrize(
    "words", ["convert a.mp4 --start", "convert a.mp4 --end", "live --seconds"]
)
def test_times_may_be_clock_times(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    (name,) = re.findall(r"--(\w+)", words)
    for time, seconds in (("62.5", 62.5), ("90s", 90.0), ("1:02.5", 62.5)):
        parsed = build_parser().parse_args([*words.split(), time])
        assert getattr(parsed, name) == seconds
    with pytest.raises(SystemExit):
        build_parser().parse_args([*words.split(), "1:99"])
    expected = f'argument --{name}: a time is written as 62.5, 90s or 1:02.5, not "1:99"'
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(("text", "fps"), [("30", 30.0), ("12.5", 12.5), ("30000/1001", 29.97)])
def test_rates_may_be_ratios(text: str, fps: float) -> None:
    parsed = build_parser().parse_args(["convert", "a.mp4", "--fps", text])
    assert parsed.fps == pytest.approx(fps, abs=0.001)


@pytest.mark.parametrize("text", ["ntsc", "30/0"])
def test_other_words_are_no_rate(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["convert", "a.mp4", "--fps", text])
    assert f'a rate is written as 30 or 30000/1001, not "{text}"' in capsys.readouterr().err


def command_parsers() -> dict[str, argparse.ArgumentParser]:
    (commands,) = (action for action in build_parser()._actions if isinstance(action.choices, dict))
    return dict(commands.choices or {})


def flags_of(parser: argparse.ArgumentParser) -> list[str]:
    return [flag for action in parser._actions for flag in action.option_strings]


def names(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (SinkError("No.", {"overwrite": True}, {"output": ...}), "No (--overwrite or -o)."),
        (SinkError("No.", {"window": False}), "No (--no-window)."),
        (StyleError("No.", {"resume": False}), "No (without --resume)."),
        (SinkError("No.", {"crf": None}), "No (without --crf)."),
        (
            StyleError("No.", {"resume": True, "precision": "float32"}, {"seed": ...}),
            "No (--resume --precision float32 or --seed).",
        ),
        (SourceError("No.", {"command": "image"}), "No (vidstyle image)."),
        (Note("too small", {"max_height": 96}), "too small (--max-height 96)"),
        (OptionError("max_cpu must be over 0 %.", "max_cpu"), "--max-cpu must be over 0 %."),
        (OptionError("name must be a name.", "name"), "--name must be a name."),
        (OptionError("every must be 1, or None.", "every"), "--every must be 1, or auto."),
        (SinkError("The disk is full."), "The disk is full."),
        ("a plain remark", "a plain remark"),
    ],
)
def test_the_command_line_adds_its_flags(said: Exception | str, words: str) -> None:
    assert with_flags(said) == words


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (SinkError("No.", {"overwrite": True}, {"output": ...}), "No (overwrite=True)."),
        (StyleError("No.", {"style": ...}, {"quality": "fast"}), "No (quality='fast')."),
        (StyleError("No.", {"resume": True, "seed": 1}), "No (resume=True, seed=1)."),
        (SinkError("No.", {"crf": None}), "No."),
        (SourceError("No.", {"command": "image"}), "No (stylize_photo)."),
    ],
)
def test_in_python_an_error_adds_arguments(said: Exception, words: str) -> None:
    assert str(said) == words


def test_an_error_keeps_its_cures_between_processes() -> None:
    error = pickle.loads(pickle.dumps(SinkError("No.", {"overwrite": True})))
    assert (error.message, error.cures) == ("No.", ({"overwrite": True},))


def test_the_library_names_no_flags() -> None:
    flags = {flag for parser in command_parsers().values() for flag in flags_of(parser)}
    longer = "|".join(sorted(flags - {"-h", "--help"}, key=len, reverse=True))
    flag = re.compile(rf"(?<![\w-])({longer})(?![\w-])")
    wrong = [
        f"{file.name}: {text}"
        for file in PACKAGE.rglob("*.py")
        if not {file.stem, file.parent.name} & set(SPEAK_OF_FLAGS)
        for text in texts(file)
        if flag.search(text)
    ]
    assert not wrong


def texts(file: Path) -> list[str]:
    """The strings of a module but its docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]
