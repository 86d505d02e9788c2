"""Arguments of the public functions: types checked, with one message for each mistake."""

import os
import threading
from typing import Any


def check_arguments(
    options: Any, kind: type[Any], output: Any = None, **others: threading.Event | Any
) -> None:
    """Check the types of a call's arguments before any work.

    Args:
        options: the settings.
        kind: the class that they must have.
        output: a path or None.
        others: by name, a `threading.Event` or None for "cancel" and "stop", else a function or
            None.

    Raises:
        TypeError: an argument is of another type; the message names it.
    """
    if isinstance(output, kind):
        raise TypeError(f"output is {kind.__name__}. Give the options by name: options=...")
    if not isinstance(output, str | os.PathLike | None):
        raise TypeError(f"output must be a path or None, not {type(output).__name__}.")
    if isinstance(options, dict):
        raise TypeError(f"options must be {kind.__name__}, not dict. Give {kind.__name__}(**...).")
    if not isinstance(options, kind):
        raise TypeError(f"options must be {kind.__name__}, not {type(options).__name__}.")
    for name, value in others.items():
        event = name in ("cancel", "stop")
        right = isinstance(value, threading.Event) if event else callable(value)
        if value is not None and not right:
            wanted = "a threading.Event" if event else "a function"
            raise TypeError(f"{name} must be {wanted} or None, not {value!r}.")
