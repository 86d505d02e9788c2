"""Drawn values: options and settings by Hypothesis, repeatable from one source of chance."""

import argparse
import random
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from vidstyle.options import LiveOptions
from vidstyle.options import settings as settings_of
from vidstyle.parser import build_parser

Drawn = TypeVar("Drawn")

DRAWS = 8  # the first ones are the simplest
LEFT_OUT = {
    "help",
    "polish",
    "debug",
    "output",
    "gallery",
    "config",
    "camera",
    "quality",
    "loop",
    "window",
}
SPECIAL = (
    "", "0", "-1", "1", "1e999", "-inf", "nan", "1e-9", "99999999999999999999", "0x10", "1:02.5",
    "::", "90s", "10%", "auto", "none", "-", "--", "a.png", "in.mkv", "missing.png", "/dev/null",
    "/dev/zero", ".", "..", "/", "~", "great-wave", "great-wave:0.5,udnie:0.5", "udnie:1e400",
    ":,:", "%s%n", "64x48", "0x0", "8192x8192", "x", "720p", "-1x24", "2M", "30000/1001", "all",
    "great-wave,udnie", "0:great-wave 0.1:udnie/1s", "\\ud800", "é" * 300, "🎨", "a\nb",
    "\x1b[31m",
)  # fmt: skip


def drawn(chance: random.Random, strategy: st.SearchStrategy[Drawn]) -> Drawn:
    """Draw a value of a strategy.

    Args:
        chance: source of chance; the same one gives the same value.
        strategy: of Hypothesis.
    """
    found: list[Drawn] = []

    @seed(chance.getrandbits(64))
    @settings(
        max_examples=DRAWS,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Drawn) -> None:
        found.append(value)

    collect()
    return chance.choice(found)


def words_of(command: str) -> st.SearchStrategy[list[str]]:
    """Words of up to six options of a command, with values of all sorts."""
    (subparsers,) = (a for a in build_parser()._actions if isinstance(a.choices, dict))
    parser = dict(subparsers.choices or {})[command]
    actions = [a for a in parser._actions if a.option_strings and a.dest not in LEFT_OUT]
    return st.lists(st.sampled_from(actions), max_size=6, unique_by=lambda a: a.dest).flatmap(
        lambda chosen: st.tuples(*map(_words, chosen)).map(
            lambda parts: [word for part in parts for word in part]
        )
    )


def _words(action: argparse.Action) -> st.SearchStrategy[list[str]]:
    flags = st.sampled_from(action.option_strings)
    if action.nargs == 0:
        return flags.map(lambda flag: [flag])
    values: st.SearchStrategy[str] = st.one_of(
        st.sampled_from(SPECIAL),
        st.integers(-3, 300).map(str),
        st.floats(-2, 100).map(str),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    )
    if action.choices:
        values = st.one_of(st.sampled_from(sorted(map(str, action.choices))), values)
    return st.tuples(flags, values).map(
        lambda pair: ["=".join(pair) if pair[0].startswith("--") else pair[0] + pair[1]]
    )


def setting_values() -> st.SearchStrategy[list[tuple[str, Any]]]:
    """Names and values of settings of `vidstyle live`, as in JSON."""
    names = [setting.name for setting in settings_of(LiveOptions)]
    numbers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False,
                        allow_infinity=False), st.integers(0, 100))  # fmt: skip
    text = st.one_of(
        st.sampled_from([word for word in SPECIAL if word.isascii()]), st.text(max_size=20)
    )
    values = st.one_of(numbers, text, st.booleans(), st.lists(numbers, max_size=3))
    pairs = st.tuples(st.sampled_from(names), values)
    return st.lists(pairs, max_size=6, unique_by=lambda pair: pair[0])
