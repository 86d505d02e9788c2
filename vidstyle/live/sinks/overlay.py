"""Overlay text of the window: status lines and key help."""

from dataclasses import dataclass

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


def overlay_lines(status: Status, state: ControlState) -> list[str]:
    """Status lines, shown while `state.overlay` is on."""
    style = "off" if state.pass_through else f"{status.style} {state.strength:.0%}"
    pinned = " (pinned)" if state.every is not None else ""
    marks = [
        word
        for word, holds in (
            ("recording", status.recording),
            ("frozen", state.frozen),
            ("own colors", state.keep_colors),
        )
        if holds
    ]
    lines = [
        f"{style}   {status.fps:.0f} fps   {status.p50_ms:.0f} ms, p99 {status.p99_ms:.0f} ms",
        f"{status.quality}{pinned}   {status.dropped} dropped   {status.cores:.1f} cores",
    ]
    return [*lines, ", ".join(marks)] if marks else lines


def help_lines() -> list[str]:
    """Key help, shown while `state.help` is on: two key bindings per line."""
    words = [f"{key.name}: {key.meaning}" for key in KEYS] + ["a dropped painting: its style"]
    return [",   ".join(words[n : n + 2]) for n in range(0, len(words), 2)]
