"""Configuration files: settings and presets from TOML, overridden by the command line."""

import logging
import tomllib
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import platformdirs

from vidstyle.errors import OptionError, did_you_mean, reason
from vidstyle.media.encoders import PRESETS
from vidstyle.options import fits, settings
from vidstyle.times import seconds_of

Options = TypeVar("Options")
Table = Mapping[str, Any]

LIVE, CONVERT = "live.toml", "convert.toml"  # files in the user's folder
MAX_BYTES = 1_000_000
# Settings that exclude each other: one that is given sets the others of a file aside.
RIVALS = (
    {"style", "style_per_scene"},
    {"overwrite", "skip_existing"},
    {"crf", "bitrate"},
    {"audio", "play_audio"},
)

log = logging.getLogger(__name__)


def default_config(name: str) -> Path:
    """Path of one of the user's configuration files, read when no other one is given."""
    return Path(platformdirs.user_config_dir("vidstyle", appauthor=False)) / name


def configured(
    file: Path | None, kind: type[Options], given: Mapping[str, Any], name: str = LIVE
) -> Options:
    """Build options from a configuration file and the command line, which takes precedence.

    Args:
        file: TOML file with names of settings as keys, "-" or "_" between words, and presets as
            tables; None for `default_config(name)`, if it exists.
        kind: class of the options.
        given: values from the command line, by name; other names are ignored. "preset" chooses a
            table, whose settings take precedence over those outside of tables.
        name: of the user's file.

    Raises:
        OptionError: the file is missing or not TOML, a key is unknown, a value has a wrong type or
            is out of range, or there is no such preset.
    """
    return kind(**configured_values(file, kind, given, name))


def configured_values(
    file: Path | None, kind: type[Any], given: Mapping[str, Any], name: str = LIVE
) -> dict[str, Any]:
    """Return the settings that `configured` builds options from; those not given are missing."""
    default, preset = default_config(name), given.get("preset")
    content: Table = {}
    if file is not None or default.is_file():
        log.info("Settings from %s.", file or default)
        content = _read(file or default)
    file = file or default
    presets = {key: table for key, table in content.items() if isinstance(table, dict)}
    outside = {key: value for key, value in content.items() if key not in presets}
    values = _settings(file, outside, kind)
    known = {setting.name for setting in settings(kind)}
    given = {key: value for key, value in given.items() if key in known}
    if preset in presets:
        given.pop("preset", None)
        values = _with_priority(values, _settings(file, presets[preset], kind))
    elif preset is not None and not ("preset" in known and preset in PRESETS):
        raise _no_preset(file, preset, list(presets), "preset" in known)
    return _with_priority(values, given)


def _with_priority(values: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings overridden by others, without those that these exclude."""
    chosen = {name for name, value in given.items() if value}
    excluded = {name for rivals in RIVALS if rivals & chosen for name in rivals}
    return {name: value for name, value in values.items() if name not in excluded} | dict(given)


def _no_preset(file: Path, preset: str, presets: Sequence[str], speeds: bool) -> OptionError:
    known = [*presets, *(PRESETS if speeds else ())]
    there = f"{file} has {', '.join(presets)}" if presets else f"{file} has none"
    encoder = f"; the encoder's are {', '.join(PRESETS)}" if speeds else ""
    return OptionError(
        f'There is no preset "{preset}": {there}{encoder}.{did_you_mean(preset, known)}', "preset"
    )


def _read(file: Path) -> Table:
    """Read a TOML file."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise OptionError(f"{file} is no configuration: it has over {MAX_BYTES} bytes.")
        # Windows' editors put a byte order mark first, and end lines with two characters.
        return tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
    except OSError as error:
        raise OptionError(f"{file} cannot be read: {reason(error)}.") from error
    except RecursionError as error:
        raise OptionError(f"{file} is no configuration: its values are nested too deep.") from error
    except ValueError as error:
        raise OptionError(f"{file} is no TOML: {error}.") from error


def _settings(file: Path, table: Table, kind: type[Any]) -> dict[str, Any]:
    """Check the keys and types of a table, and return it with names of settings as keys."""
    known = {setting.name: setting for setting in settings(kind)}
    types = typing.get_type_hints(kind)
    values = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in known:
            guess = did_you_mean(name, known)
            raise OptionError(
                f'{file}: there is no setting "{key}". There are {", ".join(known)}.{guess}'
            )
        more = known[name].metadata
        if more.get("automatic") and value == "auto":
            value = None
        elif more.get("time") and isinstance(value, str):
            value = _time(file, key, value)
        elif not fits(value, types[name]):
            raise OptionError(f"{file}: {key} cannot be {value!r}.")
        values[name] = value
    return values


def _time(file: Path, key: str, text: str) -> float:
    try:
        return seconds_of(text)
    except ValueError as error:
        raise OptionError(f'{file}: {key} cannot be "{text}". Write 62.5 or "1:02.5".') from error
