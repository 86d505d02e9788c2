"""Overlay text of the window: status lines, style menu and key help."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vidstyle.live.controls import KEYS, ControlState


@dataclass(frozen=True, slots=True)
class Status:
    """Current measurements and settings of a session."""

    style: str
    fps: float  # displayed frames per second
    p50_ms: float  # median latency
    p99_ms: float  # 99th percentile of the latency
    dropped: int  # captured frames that were not rendered
    quality: str  # quality level, for people
    cores: float  # CPU seconds per second
    recording: bool
    styles: Sequence[str] = ()  # names in the style menu, in the order of their numbers


STYLES_IN_A_LINE = 5


def overlay_lines(status: Status, state: ControlState) -> list[str]:
    """Status lines, shown while `state.overlay` is on; with `state.numbers` for experts."""
    strength = f" {state.strength:.0%}" if state.numbers or state.strength < 1 else ""
    style = f"{state.style_number + 1} {status.style}{strength}"
    style = "off" if state.pass_through else style
    pinned = " (pinned)" if state.every is not None else ""
    marks = [
        word
        for word, holds in (
            ("recording", status.recording),
            ("frozen", state.frozen),
            ("own colors", state.keep_colors),
            (f"{state.only} only", state.only != "all"),
        )
        if holds
    ]
    if not state.numbers:
        keys = "" if state.help else "   h: keys"
        first = f"{style}   {status.fps:.0f} fps{keys}"
        return [first, ", ".join(marks)] if marks else [first]
    lines = [
        f"{style}   {status.fps:.0f} fps   {status.p50_ms:.0f} ms, p99 {status.p99_ms:.0f} ms",
        f"{status.quality}{pinned}   {status.dropped} dropped   {status.cores:.1f} cores",
    ]
    return [*lines, ", ".join(marks)] if marks else lines


def style_lines(status: Status, state: ControlState) -> list[str]:
    """Style menu: numbers and names, the current one in brackets."""
    entries = [
        f"[{n + 1} {Path(name).name}]" if n == state.style_number else f"{n + 1} {Path(name).name}"
        for n, name in enumerate(status.styles)
    ]
    return [
        "   ".join(entries[n : n + STYLES_IN_A_LINE])
        for n in range(0, len(entries), STYLES_IN_A_LINE)
    ]


def help_lines() -> list[str]:
    """Key help, shown while `state.help` is on: two key bindings per line."""
    words = [f"{key.name}: {key.meaning}" for key in KEYS] + ["a dropped painting: its style"]
    return [",   ".join(words[n : n + 2]) for n in range(0, len(words), 2)]
