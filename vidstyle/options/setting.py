"""Setting: a dataclass field with a help text, and checks of types, choices and ranges."""

import os
import typing
from dataclasses import Field, field, fields
from numbers import Integral, Real
from types import UnionType
from typing import Any

from vidstyle.errors import OptionError
from vidstyle.style_spec import style_text

KINDS = {bool: "True or False", int: "a whole number", float: "a number", str: "text or a path"}
MAX_NUMBER = 2**31 - 1  # of a setting without a `most` of its own: the largest C int
TIMES = "SECONDS|90s|1:02.5"  # metavar of times on the command line
PAINTED = ("all", "person", "background")
FACES = ("fine", "plain")
AUTO, CPU = "auto", "cpu"
PROVIDERS = (AUTO, CPU, "cuda", "tensorrt", "openvino", "directml", "coreml", "webgpu")
PROVIDER_HELP = "processor of the networks; auto is the fastest that paints what the CPU paints"
DEVICES = (AUTO, CPU, "cuda", "mps")  # of PyTorch
FEATURES = ("slim", "squeezenet", "vgg16", "vgg19", "mobilenet_v3_large", "resnet50")


def option(default: Any, help: str, metavar: str | None = None, **more: Any) -> Any:
    """Dataclass field of a setting, with its help text in `metadata`.

    Args:
        default: of the setting.
        help: one line, without a full stop.
        metavar: placeholder of the value in the command line's help.
        more: `choices`, allowed values; `most`, the largest number; `automatic`, "auto" stands for
            None; `time`, the command line takes a text of `seconds_of`; `ratio`, it takes
            30000/1001; `percent`, a percent sign is accepted; `alone`, value of a flag without one;
            `unset`, what None stands for.
    """
    return field(default=default, metadata={"help": help, "metavar": metavar, **more})


def settings(kind: type[Any]) -> tuple[Field[Any], ...]:
    """Dataclass fields of an options class, with help texts in `metadata`; see `option`."""
    return fields(kind)


def fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a setting's type, as `float | None`; whole numbers are numbers too."""
    kinds = typing.get_args(kind) if isinstance(kind, UnionType) else (kind,)
    if isinstance(value, bool):
        return bool in kinds
    return (
        isinstance(value, kinds)
        or (int in kinds and isinstance(value, Integral))  # of NumPy, for one
        or (float in kinds and isinstance(value, Real))
    )


def check_types(options: Any) -> None:
    """Check the types of all settings; paths, and catalog entries of styles, become text."""
    for setting in settings(type(options)):
        name, value = setting.name, getattr(options, setting.name)
        if name == "style":
            value = style_text(value)
        elif isinstance(value, os.PathLike):
            value = os.fspath(value)
        if not fits(value, setting.type):
            kinds = typing.get_args(setting.type) or (setting.type,)
            wanted = " or ".join(
                [KINDS[k] for k in kinds if k in KINDS] + ["None"] * (len(kinds) > 1)
            )
            raise TypeError(f"{name} must be {wanted}, not {value!r} ({type(value).__name__}).")
        if value == "":  # as from an unset variable of a shell
            raise OptionError(f"{name} must be left out or filled in, not empty.", name)
        object.__setattr__(options, name, value)
        if isinstance(value, Real):
            most = setting.metadata.get("most", MAX_NUMBER)
            check(options, name, not value > most, f"at most {most}")


def check_choices(options: Any) -> None:
    """Check all settings that have `choices`; raises an OptionError that names one."""
    for setting in settings(type(options)):
        choices = setting.metadata.get("choices")
        if choices:
            holds = getattr(options, setting.name) in choices
            check(options, setting.name, holds, f"one of {', '.join(choices)}")


def check(options: Any, name: str, holds: bool, wanted: str) -> None:
    """Raise an OptionError with a setting's value and what is wanted, unless a condition holds."""
    if not holds:
        value = getattr(options, name)
        shown = f'"{value}"' if isinstance(value, str) else value
        raise OptionError(f"{name} must be {wanted}, not {shown}.", name)


def check_pair(holds: bool, message: str, *names: str) -> None:
    """Raise an OptionError about several settings, unless a condition holds."""
    if not holds:
        raise OptionError(message, *names)
