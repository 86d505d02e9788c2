"""Flags of each command, in the order of its help: scripts rely on them."""

import argparse
from dataclasses import fields

import pytest

from vidstyle.cli import build_parser
from vidstyle.flags import ConvertFlags, LiveFlags, TrainFlags
from vidstyle.options import LiveOptions, Look, Output, StylizeOptions, TrainOptions

FLAGS = {
    "convert": """
        -h --help --debug -o --output --style --quality --time-budget --features --feature-weights
        --every --strength --keep-colors --scale --max-height --resize --compare --preview --start
        --end --codec --crf --preset --threads --strict --overwrite --quiet --json
        """,
    "image": """
        -h --help --debug -o --output --style --quality --time-budget --features --feature-weights
        --strength --keep-colors --scale --max-height --resize --compare --threads --overwrite
        --quiet --json
        """,
    "live": """
        -h --help --debug --config --camera --style --size --fps --loop --no-loop --letterbox
        --no-letterbox --virtual-camera --hold --no-hold --pixels --window --no-window --record
        --overwrite --no-overwrite --strength --keep-colors --no-keep-colors --every --lines
        --max-cpu --audio --no-audio --microphone --audio-output --play-audio --no-play-audio
        --react --no-react --seconds --quiet --no-quiet --json --no-json
        """,
    "train": """
        -h --help --debug -o --output --name --size --content --minutes --steps --features
        --feature-weights --start-from --style-weight --content-weight --tv-weight
        --temporal-weight --own-colors --style-scale --batch --seed --precision --low-memory
        --pixels --int8 --no-int8 --torch --threads --resume --overwrite --quiet --json
        """,
    "styles": """
        -h --help --debug -o --gallery --strength --keep-colors --scale --max-height --overwrite
        --json
        """,
    "doctor": "-h --help --debug --json",
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


def command_parsers() -> dict[str, argparse.ArgumentParser]:
    (commands,) = (action for action in build_parser()._actions if isinstance(action.choices, dict))
    return dict(commands.choices or {})


def flags_of(parser: argparse.ArgumentParser) -> list[str]:
    return [flag for action in parser._actions for flag in action.option_strings]


def names(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}
