"""Style plan: parser of styles over time, and of styles that take turns scene by scene.

Parses the notation only; the painters are in `stylize/painter_schedule.py`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from vidstyle.errors import OptionError, reason
from vidstyle.style_spec import StyleShare, mix_text, style_shares
from vidstyle.times import seconds_of

SCHEDULE_EXAMPLE = "0:great-wave 12.5:starry-night/2s"
ALL = "all"  # in a list: every shipped style
FILE_SUFFIX = ".txt"  # of a file with a schedule
MAX_BYTES = 1_000_000  # of such a file
TIME = r"\d+(?::\d{1,2}){0,2}(?:\.\d+)?[smh]?"
NUMBER = r"\d*\.?\d+"
WEIGHT = rf"{NUMBER}\s*(?:,|$)"  # "1889:0.6,udnie:0.4" is a mix
ENTRY = re.compile(rf"(?<!\S)({TIME}):(?!{WEIGHT})(?=\S)")  # its beginning
STYLE_AND_FADE = re.compile(r"(.*?)(?:\s*/(\d+(?:\.\d+)?[smh]?))?", re.DOTALL)


class StyleChange(NamedTuple):
    """Style of a plan, and when it begins."""

    style: str | None  # one style or a mix, see `style_shares`; None for the default style
    start_s: float = 0.0  # time in the input
    fade_s: float = 0.0  # cross-fade from the style before, from `start_s` on


@dataclass(frozen=True, slots=True)
class StylePlan:
    """Styles of one result: one, several by time, or several in turn."""

    changes: tuple[StyleChange, ...]  # at least one, by time; the first begins at 0
    by_scene: bool = False  # the next style at each cut, then again from the first; no times

    @property
    def is_single(self) -> bool:
        """Whether the result has one style from beginning to end."""
        return len(self.changes) == 1

    @property
    def names(self) -> list[str | None]:
        """Names of all styles, those in mixes too, each once; None for the default style."""
        mixes = [style_shares(change.style) for change in self.changes]
        return list(dict.fromkeys(share.style for mix in mixes for share in mix))

    def style_at(self, time_s: float) -> str | None:
        """Return the style that has begun last at a time in the input; of styles in turn the first.

        Args:
            time_s: time in seconds, from 0.
        """
        begun = [change.style for change in self.changes if change.start_s <= time_s]
        return begun[0] if self.by_scene else begun[-1]


def style_plan(style: str | None, style_per_scene: str | None = None) -> StylePlan:
    """Parse the settings `style` and `style_per_scene`, of which one is given at most.

    Args:
        style: one style, a mix, or a schedule such as "0:great-wave 1:02.5:starry-night/2s": time,
            style, and length of the cross-fade. Entries are separated by spaces or lines.
        style_per_scene: styles in turn, such as "great-wave,udnie".

    Raises:
        OptionError: an invalid mix or schedule; the message names the mistake.
    """
    if style_per_scene is not None:
        return StylePlan(tuple(map(StyleChange, style_list(style_per_scene))), by_scene=True)
    if style is None or not ENTRY.match(style.strip()):
        style_shares(style)  # raises the errors of a mix
        return StylePlan((StyleChange(style),))
    changes = tuple(_changes(style.strip()))
    if changes[0].start_s > 0:
        raise _mistake(style, "the first style begins at 0")
    for before, after in pairwise(changes):
        if after.start_s <= before.start_s:
            raise _mistake(style, f"{after.style} begins no later than the style before it")
    return StylePlan(changes)


def renamed(style: str | None, rename: Callable[[str | None], str]) -> str:
    """Return a `style` setting with other names in it: one style, a mix, or styles over time.

    Args:
        style: as for `style_plan`, which also raises the same.
        rename: called with each name, or with None for the default style.
    """

    def mix(style: str | None) -> str:
        shares = style_shares(style)
        if len(shares) == 1:
            return rename(shares[0].style)
        return mix_text([StyleShare(rename(share.style), share.weight) for share in shares])

    plan = style_plan(style)
    if plan.is_single:
        return mix(plan.changes[0].style)
    return " ".join(
        f"{_seconds(change.start_s)}:{mix(change.style)}/{_seconds(change.fade_s)}"
        for change in plan.changes
    )


def style_list(text: str) -> list[str]:
    """Parse a list such as "great-wave,udnie"; a single style or a mix is a list of one.

    Raises:
        OptionError: an invalid mix, an empty entry, or a style named twice.
    """
    styles = [style.strip() for style in text.split(",")]
    weighted = any(re.search(rf":\s*{NUMBER}$", style) for style in styles)
    if len(styles) == 1 or weighted or ENTRY.match(text.strip()) or Path(text).is_file():
        style_plan(text)
        return [text]
    if not all(styles):
        raise OptionError(f'style "{text}": a style of the list is empty.', "style")
    twice = next((style for style in styles if styles.count(style) > 1), None)
    if twice is not None:
        raise OptionError(f'style "{text}": "{twice}" is named more than once.', "style")
    return styles


def read_schedule(style: str | None) -> str | None:
    """Return the schedule in a .txt file, without its comments (# to the end of the line).

    Args:
        style: a `style` setting; returned unchanged if it is not the name of a .txt file.

    Raises:
        OptionError: the file cannot be read, or holds no schedule.
    """
    if style is None or ENTRY.match(style) or not style.lower().endswith(FILE_SUFFIX):
        return style
    try:
        with Path(style).open("rb") as file:
            text = file.read(MAX_BYTES).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise OptionError(f"The schedule {style} cannot be read: {reason(error)}.") from error
    schedule = re.sub(r"(^|\s)#.*", "", text, flags=re.MULTILINE).strip()
    if not ENTRY.match(schedule):
        raise OptionError(
            f'{style} holds no schedule. A line looks like this: "12.5:starry-night/2s".'
        )
    return " ".join(schedule.split())


def _changes(schedule: str) -> Iterator[StyleChange]:
    """Yield the entries of a schedule."""
    entries = list(ENTRY.finditer(schedule))
    ends = [*(entry.start() for entry in entries[1:]), len(schedule)]
    for entry, end in zip(entries, ends, strict=True):
        parts = STYLE_AND_FADE.fullmatch(schedule[entry.end() : end].strip())
        assert parts is not None
        style, fade = parts.groups()
        try:
            start_s = seconds_of(entry[1])
        except ValueError:
            raise _mistake(schedule, f"{entry[1]} is no time") from None
        style_shares(style)  # raises the errors of a mix
        yield StyleChange(style, start_s, seconds_of(fade or "0"))


def _seconds(time_s: float) -> str:
    """Time in a schedule, exact and without an exponent, with three decimals at least."""
    whole, _, decimals = f"{Decimal(repr(time_s)):f}".partition(".")
    return f"{whole}.{decimals:0<3}"


def _mistake(schedule: str, problem: str) -> OptionError:
    return OptionError(
        f'style "{schedule}": {problem}. Styles over time look like this: "{SCHEDULE_EXAMPLE}".',
        "style",
    )
