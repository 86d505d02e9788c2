"""Command line flags: settings that only the commands have, and parser entries for all settings."""

import argparse
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any

from vidstyle.options import LiveOptions, StylizeOptions, TrainOptions, option, settings


@dataclass(frozen=True, kw_only=True)
class ConvertFlags(StylizeOptions):
    """Settings of `vidstyle convert` and `vidstyle image`."""

    recursive: bool = option(False, "folders with their subfolders; -o FOLDER keeps the structure")
    preview: bool = option(False, "write one stylized still, then stop")
    strict: bool = option(False, "exit with 1 when a part of the input could not be read")
    quiet: bool = option(False, "print nothing but errors")
    json: bool = option(False, "print a summary as JSON")


@dataclass(frozen=True, kw_only=True)
class LiveFlags(LiveOptions):
    """Settings of `vidstyle live`, and keys of its configuration file."""

    quiet: bool = option(False, "print nothing but errors")
    json: bool = option(False, "print what was measured as JSON in the end")


@dataclass(frozen=True, kw_only=True)
class TrainFlags(TrainOptions):
    """Settings of `vidstyle train`."""

    quiet: bool = option(False, "print nothing but errors")
    json: bool = option(False, "print a summary as JSON")


def add_flags(
    command: argparse.ArgumentParser,
    kind: type[Any],
    names: Sequence[str] = (),
    configured: bool = False,
) -> None:
    """Add a flag for each field of an options class, or for the named ones in that order.

    With `configured`, a file may give the defaults: only what was said is passed on, and a switch
    can be turned off, too.
    """
    types = typing.get_type_hints(kind)
    fields = {setting.name: setting for setting in settings(kind)}
    for setting in [fields[name] for name in names] if names else settings(kind):
        flag = "--" + setting.name.replace("_", "-")
        more = setting.metadata
        default = argparse.SUPPRESS if configured else setting.default
        if types[setting.name] is bool:
            both_ways = configured or setting.default
            switch = argparse.BooleanOptionalAction if both_ways else "store_true"
            command.add_argument(flag, action=switch, default=default, help=more["help"])
            continue
        shown = "auto" if more.get("automatic") else setting.default
        alone = {"nargs": "?", "const": more["alone"]} if "alone" in more else {}
        command.add_argument(
            flag,
            type=_reader(types[setting.name], more),
            default=default,
            choices=more.get("choices"),
            metavar=more["metavar"] or "|".join(more["choices"]),
            help=more["help"] if shown is None else f"{more['help']} ({shown})",
            **alone,
        )


def _reader(kind: Any, more: Mapping[str, Any]) -> Callable[[str], Any]:
    """A function from a word to a setting's value; "auto" is None, and a percent sign nothing."""
    automatic, percent = bool(more.get("automatic")), bool(more.get("percent"))
    if isinstance(kind, UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))

    def read(word: str) -> Any:
        return None if automatic and word == "auto" else kind(word.removesuffix("%" * percent))

    read.__name__ = f"{kind.__name__} or auto" if automatic else kind.__name__  # for messages
    return read
