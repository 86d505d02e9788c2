"""Configuration file: settings from TOML, overridden by the command line."""

import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import platformdirs

from vidstyle.errors import OptionError, did_you_mean, reason
from vidstyle.options import fits, settings

Options = TypeVar("Options")

FILE = "live.toml"
MAX_BYTES = 1_000_000


def default_config() -> Path:
    """Path of the user's configuration file, read when no other one is given."""
    return Path(platformdirs.user_config_dir("vidstyle", appauthor=False)) / FILE


def configured(file: Path | None, kind: type[Options], given: Mapping[str, Any]) -> Options:
    """Build options from a configuration file and the command line, which takes precedence.

    Args:
        file: TOML file with names of settings as keys, "-" or "_" between words; None for
            `default_config()`, if it exists.
        kind: class of the options.
        given: values from the command line, by name; other names are ignored.

    Raises:
        OptionError: the file is missing or not TOML, a key is unknown, or a value has a wrong type
            or is out of range.
    """
    if file is None and not default_config().is_file():
        values = {}
    else:
        values = _read(file or default_config(), kind)
    names = {setting.name for setting in settings(kind)}
    return kind(**values | {name: value for name, value in given.items() if name in names})


def _read(file: Path, kind: type[Any]) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise OptionError(f"{file} is no configuration: it has over {MAX_BYTES} bytes.")
        # Windows' editors put a byte order mark first, and end lines with two characters.
        table = tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
    except OSError as error:
        raise OptionError(f"{file} cannot be read: {reason(error)}.") from error
    except RecursionError as error:
        raise OptionError(f"{file} is no configuration: its values are nested too deep.") from error
    except ValueError as error:
        raise OptionError(f"{file} is no TOML: {error}.") from error
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
        elif not fits(value, types[name]):
            raise OptionError(f"{file}: {key} cannot be {value!r}.")
        values[name] = value
    return values
