"""Command line flags: settings of commands, argparse arguments, and messages spelled with flags."""

import argparse
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass
from fractions import Fraction
from types import UnionType
from typing import Any

from vidstyle.errors import Cure, Note, OptionError, VidstyleError, with_remedies
from vidstyle.options import LiveOptions, StylizeOptions, TrainOptions, option, settings
from vidstyle.style_plan import SCHEDULE_EXAMPLE
from vidstyle.style_spec import EXAMPLE
from vidstyle.times import seconds_of


@dataclass(frozen=True, kw_only=True)
class ConvertFlags(StylizeOptions):
    """Settings of `vidstyle convert` and `vidstyle image`."""

    style: str | None = option(
        None,
        f"a style's name, an .onnx file, a painting's picture file, or a mix such as {EXAMPLE}; "
        "a list such as great-wave,udnie, or all, for a result in each; for videos also styles "
        f'over time such as "{SCHEDULE_EXAMPLE}", or a .txt file of such lines',
        "NAME|FILE.onnx|PICTURE|MIX|LIST|TIMES",
        unset="great-wave",
    )
    preset: str | None = option(
        None,
        "a table of settings in convert.toml, or the encoder's speed, ultrafast to veryslow",
        "NAME",
        unset="a speed by the number of cores",
    )
    recursive: bool = option(False, "folders with their subfolders; -o FOLDER keeps the structure")
    skip_existing: bool = option(
        False, "leave inputs out whose results exist, to go on with a batch"
    )
    preview: bool = option(False, "write one stylized still, then stop")
    strict: bool = option(False, "exit with 1 when a part of the input could not be read")
    quiet: bool = option(False, "print nothing but errors")
    json: bool = option(False, "print a summary as JSON")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.skip_existing and self.overwrite:
            names = ("skip_existing", "overwrite")
            raise OptionError("skip_existing must be without overwrite.", *names)


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


@dataclass(frozen=True, kw_only=True)
class StyleFlags:
    """Settings of `vidstyle style`."""

    polish: float | None = option(
        None, "train the painting's strokes for so long; needs the extra train", "60s|5m", time=True
    )
    overwrite: bool = option(False, "replace existing files")

    def __post_init__(self) -> None:
        if self.polish is not None and not self.polish > 0:
            raise OptionError(f"polish must be over 0, not {self.polish:g}.", "polish")


@dataclass(frozen=True, kw_only=True)
class CleanFlags:
    """Settings of `vidstyle clean`."""

    recursive: bool = option(False, "also in subfolders")
    dry_run: bool = option(False, "list the work, and delete nothing")


@dataclass(frozen=True, kw_only=True)
class WorkerFlags:
    """Settings of `vidstyle worker`."""

    processes: int | None = option(
        None, "tasks at once, which share the cores", "N|auto", automatic=True, most=256
    )

    def __post_init__(self) -> None:
        if self.processes is not None and not 1 <= self.processes <= 256:
            raise OptionError(
                f"processes must be between 1 and 256, not {self.processes}.", "processes"
            )


SHORT_FLAGS = {"style": "-s", "overwrite": "-y", "quiet": "-q"}  # by setting, in all commands
SWITCHED_ON = {
    setting.name
    for kind in (ConvertFlags, LiveFlags, TrainFlags)
    for setting in settings(kind)
    if setting.default is True
} - {"resume"}  # which is off in `vidstyle train`


def add_flags(
    command: argparse.ArgumentParser,
    kind: type[Any],
    names: Sequence[str] = (),
    configured: bool = False,
) -> None:
    """Add a flag to a parser for each setting of an options class.

    Args:
        command: parser to add to.
        kind: options class.
        names: settings to add, in this order; all if empty.
        configured: a configuration file may hold defaults: the parsed arguments contain only flags
            that were given, and every switch has a --no- form.
    """
    types = typing.get_type_hints(kind)
    fields = {setting.name: setting for setting in settings(kind)}
    for setting in [fields[name] for name in names] if names else settings(kind):
        flag = flag_of(setting.name)
        spellings = [SHORT_FLAGS[setting.name], flag] if setting.name in SHORT_FLAGS else [flag]
        more = setting.metadata
        default = argparse.SUPPRESS if configured else setting.default
        if types[setting.name] is bool:
            both_ways = configured or setting.default
            switch = argparse.BooleanOptionalAction if both_ways else "store_true"
            added = command.add_argument(*spellings, action=switch, default=default)
            added.help = _help(setting)  # Python before 3.13 would append the default once more
            continue
        alone = {"nargs": "?", "const": more["alone"]} if "alone" in more else {}
        command.add_argument(
            *spellings,
            type=_reader(types[setting.name], more),
            default=default,
            choices=more.get("choices"),
            metavar=more["metavar"] or "|".join(more["choices"]),
            help=_help(setting),
            **alone,
        )


def _help(setting: Field[Any]) -> str:
    """Help text of a setting with its default; switches that are off by default have none."""
    more, default = setting.metadata, setting.default
    if more.get("automatic"):
        default = "auto"
    elif isinstance(default, float):
        default = f"{default:g}"
    elif isinstance(default, bool) or default is None:
        default = "on" if default else more.get("unset")
    return str(more["help"]) + ("" if default is None else f" (default: {default})")


class HelpFormatter(argparse.HelpFormatter):
    """Help formatter that names a value once and both forms of a switch in one: --[no-]compare."""

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return super()._format_action_invocation(action)
        both_ways = isinstance(action, argparse.BooleanOptionalAction)
        flags = [flag for flag in action.option_strings if not flag.startswith("--no-")]
        shown = [re.sub("^--", "--[no-]", flag) if both_ways else flag for flag in flags]
        value = "" if action.nargs == 0 else self._format_args(action, action.dest.upper())
        return f"{', '.join(shown)} {value}".rstrip()


def _reader(kind: Any, more: Mapping[str, Any]) -> Callable[[str], Any]:
    """Parser of a setting's value, for argparse; "auto" gives None, a percent sign is ignored."""
    automatic, percent = bool(more.get("automatic")), bool(more.get("percent"))
    if isinstance(kind, UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))

    if more.get("time"):
        return _time
    if more.get("ratio"):
        return _ratio

    def read(text: str) -> Any:
        return None if automatic and text == "auto" else kind(text.removesuffix("%" * percent))

    read.__name__ = (
        f"{kind.__name__} or auto" if automatic else kind.__name__
    )  # for argparse's messages
    return read


def _time(text: str) -> float:
    """Seconds in the value of a flag such as --start."""
    try:
        return seconds_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f'a time is written as 62.5, 90s or 1:02.5, not "{text}"'
        ) from error


def _ratio(text: str) -> float:
    """Number in the value of a flag such as --fps."""
    try:
        return float(Fraction(text))
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise argparse.ArgumentTypeError(
            f'a rate is written as 30 or 30000/1001, not "{text}"'
        ) from error


def flag_of(name: str) -> str:
    """Flag of a setting: --max-height for "max_height"."""
    return "-o" if name == "output" else "--" + name.replace("_", "-")


def with_flags(message: Exception | str) -> str:
    """Text of an error or a note for the command line.

    The settings of an `OptionError` are spelled as flags. Cures are appended as flags, as in
    "film.mp4 exists. Allow overwriting, or choose another name (--overwrite or -o)."

    Args:
        message: error, `Note` or plain string.
    """
    text = message.message if isinstance(message, VidstyleError) else str(message)
    if isinstance(message, OptionError):
        text = spelled(text, message.settings).replace(", or None", ", or auto")
    cures = message.cures if isinstance(message, VidstyleError | Note) else ()
    return with_remedies(text, [_cure(cure) for cure in cures])


def spelled(text: str, names: Sequence[str]) -> str:
    """Replace the first mention of each setting in a text by its flag."""
    for name in names:
        text = re.sub(rf"\b{name}\b", flag_of(name), text, count=1)
    return text


def _cure(cure: Cure) -> str:
    return " ".join(_flag_with(name, value) for name, value in cure.items())


def _flag_with(name: str, value: object) -> str:
    if name == "command":
        return f"vidstyle {value}"
    flag = flag_of(name)
    if value is True or value is ...:
        return flag
    if value is False and name in SWITCHED_ON:
        return flag.replace("--", "--no-")
    return f"without {flag}" if value is False or value is None else f"{flag} {value}"
