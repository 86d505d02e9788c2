"""Parameters: bodies and queries of requests, read within limits and checked."""

import json
import re
import typing
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any

from starlette.requests import Request

from vidstyle.errors import did_you_mean
from vidstyle.options import StylizeOptions, fits, settings
from vidstyle.server import limits
from vidstyle.server.bodies import read_body
from vidstyle.server.problems import Problem
from vidstyle.server.shelf import StyleShelf
from vidstyle.style_plan import ALL

JOB_OPTIONS = (
    "style", "style_per_scene", "quality", "time_budget", "every", "strength", "keep_colors",
    "only", "faces", "scale", "max_height", "resize", "size", "fps", "compare", "start", "end",
    "codec", "crf", "bitrate", "preset", "audio",
)  # fmt: skip
PICTURE_OPTIONS = (
    "style", "strength", "keep_colors", "only", "faces", "scale", "max_height", "resize", "compare",
)  # fmt: skip
TYPES = typing.get_type_hints(StylizeOptions)
KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
JSON_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string"}
LIVE_OPTIONS = ("style", "strength", "keep_colors", "only")
CLIENT = re.compile(r"[A-Za-z0-9_-]{1,64}")


async def read_object(request: Request, members: Mapping[str, Any]) -> dict[str, Any]:
    """Read a JSON object with known members, all optional, of given types.

    Args:
        request: its body has not been read.
        members: types of the values by name, as `str | None`.

    Raises:
        Problem: as `read_body`; the body is no JSON object (400), or a member is unknown or of a
            wrong type (422).
    """
    try:
        value = json.loads(await read_body(request, limits.JSON_BYTES), parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False).encode()  # fails for halves of surrogate pairs
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"The body is no JSON: {error}.") from error
    if not isinstance(value, dict):
        raise Problem(400, "The body is JSON, but not an object in braces.")
    return _checked(value, members)


def job_options(values: Mapping[str, Any], shelf: StyleShelf) -> StylizeOptions:
    """Options of a job from JSON values, with ids of the shelf as styles.

    Raises:
        Problem: an option is unknown or of a wrong type (422).
        OptionError: a value is out of range.
        StyleError: there is no such style.
    """
    return _options(_checked(values, {name: TYPES[name] for name in JOB_OPTIONS}), shelf)


def query_values(
    query: Mapping[str, str], kinds: Mapping[str, Any], more: Sequence[str] = ()
) -> dict[str, Any]:
    """Values of a query, converted from text; parameters that are not given are left out.

    Args:
        query: names and texts.
        kinds: types of the values by name.
        more: names of other parameters, which are left out.

    Raises:
        Problem: a parameter is unknown or cannot be converted (422).
    """
    values = {}
    for name, text in query.items():
        if name in more:
            continue
        if name not in kinds:
            raise unknown(name, [*kinds, *more])
        values[name] = _converted(name, text, _plain(kinds[name]))
    return values


def picture_options(
    query: Mapping[str, str], shelf: StyleShelf, more: Sequence[str] = ()
) -> StylizeOptions:
    """Options of a single picture from a query; raises as `query_values` and `job_options`."""
    kinds = {name: TYPES[name] for name in PICTURE_OPTIONS}
    return _of_one_style(_options(query_values(query, kinds, more), shelf))


def live_options(values: Mapping[str, Any], shelf: StyleShelf) -> StylizeOptions:
    """Options of a live viewer from JSON values; raises as `job_options`."""
    checked = _checked(values, {name: TYPES[name] for name in LIVE_OPTIONS})
    return _of_one_style(_options(checked, shelf))


def differing(options: StylizeOptions) -> dict[str, Any]:
    """The options of a job that differ from their defaults, by name."""
    return {
        setting.name: getattr(options, setting.name)
        for setting in settings(StylizeOptions)
        if setting.name in JOB_OPTIONS and getattr(options, setting.name) != setting.default
    }


def described_options() -> list[dict[str, Any]]:
    """Names, types, defaults and help texts of the options of a job, for building forms."""
    described = []
    for setting in settings(StylizeOptions):
        if setting.name not in JOB_OPTIONS:
            continue
        kind = TYPES[setting.name]
        facts = {
            "name": setting.name,
            "type": JSON_NAMES[_plain(kind)],
            "nullable": isinstance(kind, UnionType),
            "default": setting.default,
            "help": setting.metadata["help"].replace("--", ""),
        }
        if "choices" in setting.metadata:
            facts["choices"] = list(setting.metadata["choices"])
        described.append(facts)
    return described


def label(name: Any) -> str:
    """Name that a client gives, fit to be shown: the last part of a path, without control codes."""
    plain = re.split(r"[/\\]", str(name))[-1]
    shown = "".join(letter for letter in plain if letter.isprintable()).strip()
    return shown[-limits.NAME_LENGTH :].lstrip(".") or "unnamed"


def client_of(request: Request) -> str:
    """Name of the client for the fairness of the queue."""
    name = request.headers.get("x-vidstyle-client")
    if name is not None:
        if not CLIENT.fullmatch(name):
            raise Problem(400, "X-Vidstyle-Client takes letters, digits, - and _, 64 at most.")
        return name
    return request.client.host if request.client else "unknown"


def unknown(name: str, known: Sequence[str]) -> Problem:
    """Problem of a parameter or member that does not exist."""
    guess = did_you_mean(name, known) or f" There are: {', '.join(known)}."
    return Problem(422, f'There is no setting "{name[:80]}".{guess}', [name[:80]])


def _of_one_style(options: StylizeOptions) -> StylizeOptions:
    if not options.style_plan.is_single:
        raise Problem(422, "Here goes one style or a mix, not styles over time.", ["style"])
    return options


def _options(values: Mapping[str, Any], shelf: StyleShelf) -> StylizeOptions:
    """Build the options; only ids of styles reach them, since they read files that are named."""
    values = dict(values)
    if values.get("style") is not None:
        values["style"] = shelf.canonical(values["style"])
    if values.get("style_per_scene") not in (None, ALL):
        styles = values["style_per_scene"].split(",")
        values["style_per_scene"] = ",".join(shelf.known(style.strip()) for style in styles)
    if values.get("style") is None and values.get("style_per_scene") is None:
        values["style"] = shelf.known(None)
    return StylizeOptions(**values)


def _checked(values: Mapping[str, Any], members: Mapping[str, Any]) -> dict[str, Any]:
    """Values with known names, of the right types; 4.0 is a whole number in JSON."""
    checked = dict(values)
    for name, value in values.items():
        if name not in members:
            raise unknown(name, list(members))
        kind = members[name]
        if _plain(kind) is int and isinstance(value, float) and value.is_integer():
            checked[name] = value = int(value)
        if not fits(value, kind):
            wanted = KINDS.get(_plain(kind), "an object in braces")
            raise Problem(422, f"{name} must be {wanted}, not {json.dumps(value)[:80]}.", [name])
    return checked


def _converted(name: str, text: str, kind: type[Any]) -> Any:
    if kind is bool:
        if text not in ("true", "false"):
            raise Problem(422, f'{name} must be true or false, not "{text[:80]}".', [name])
        return text == "true"
    try:
        return kind(text)
    except ValueError:
        raise Problem(422, f'{name} must be {KINDS[kind]}, not "{text[:80]}".', [name]) from None


def _plain(kind: Any) -> type[Any]:
    """The type of values that are not None."""
    if isinstance(kind, UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    plain: type[Any] = kind
    return plain


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")
