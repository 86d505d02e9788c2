"""The words over the picture in the window."""

from dataclasses import dataclass

from vidstyle.live.controls import KEYS, ControlState


@dataclass(frozen=True, slots=True)
class Status:
    """What there is to say about the run at this moment."""

    style: str
    fps: float
    p50_ms: float
    p99_ms: float
    dropped: int
    quality: str
    cores: float
    recording: bool


def overlay_lines(status: Status, look: ControlState) -> list[str]:
    """What is shown with `look.overlay`."""
    style = "off" if look.pass_through else f"{status.style} {look.strength:.0%}"
    pinned = " (pinned)" if look.every is not None else ""
    marks = [
        word
        for word, holds in (
            ("recording", status.recording),
            ("frozen", look.frozen),
            ("own colors", look.keep_colors),
        )
        if holds
    ]
    lines = [
        f"{style}   {status.fps:.0f} fps   {status.p50_ms:.0f} ms, p99 {status.p99_ms:.0f} ms",
        f"{status.quality}{pinned}   {status.dropped} dropped   {status.cores:.1f} cores",
    ]
    return [*lines, ", ".join(marks)] if marks else lines


def help_lines() -> list[str]:
    """What is shown with `look.help`: two keys and their meanings a line."""
    words = [f"{key.name}: {key.meaning}" for key in KEYS]
    return [",   ".join(words[n : n + 2]) for n in range(0, len(words), 2)]
