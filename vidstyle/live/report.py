"""What is said of a run of the live filter."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LiveReport:
    """What was measured while the filter ran; latency and rate are those of its last seconds."""

    seconds: float
    frames: int  # shown
    fps: float
    latency_p50_ms: float  # from capture to where the pictures went
    latency_p99_ms: float
    dropped: int  # captured, but never shown: a newer one was there
    keyframes: int
    quality: str
    cores: float  # CPU seconds per second, over all
    memory_mb: float | None  # at the end
    first_picture_s: float | None  # from the start
