"""Differences between the descriptions of two runs, in words for messages."""

import re
from collections.abc import Mapping
from typing import Any


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Values in which two descriptions differ, as "crf: was 20, is 23, another input".

    Args:
        found: JSON data; an object "settings" in it is compared value by value.
        wanted: likewise.
    """
    old, new = _flat(found), _flat(wanted)
    names = [name for name in {**new, **old} if old.get(name) != new.get(name)]
    return ", ".join(
        f"another {name}"
        if _is_digest(new.get(name))
        else f"{name}: was {_word(old.get(name))}, is {_word(new.get(name))}"
        for name in names
    )


def _flat(manifest: Mapping[str, Any]) -> dict[str, Any]:
    settings = manifest.get("settings")
    own = {name: value for name, value in manifest.items() if name != "settings"}
    return {**own, **(settings if isinstance(settings, dict) else {})}


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _word(value: Any) -> str:
    return "none" if value is None else str(value)
