"""Memory limits of the picture optimizer, in pixels; no PyTorch."""

from dataclasses import dataclass

DEFAULT_MEMORY_GB = 4.0  # if the system does not report its memory
# Bytes per pixel: one evaluation of a tile with the slim features (measured, plus a computed
# share for the jitter windows), the L-BFGS history, and the simultaneous copies of a picture (both
# computed).
EVALUATION_BYTES, HISTORY_BYTES, COPIES_BYTES = 1300, 300, 85
EVALUATION_SHARE, HISTORY_SHARE, COPIES_SHARE = 0.15, 0.1, 0.6  # of the memory


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """Largest pictures and tiles that fit into memory, in pixels."""

    tile: int  # largest tile, evaluated in one piece
    history: int  # largest picture for L-BFGS with its history; larger ones are left to Adam
    picture: int  # largest picture that can be optimized

    @classmethod
    def within(cls, memory_gb: float | None) -> "MemoryLimits":
        """Return the limits for a memory size in GB (1e9 bytes); None if it is unknown."""
        total = 1e9 * (memory_gb or DEFAULT_MEMORY_GB)
        return cls(
            tile=int(EVALUATION_SHARE * total / EVALUATION_BYTES),
            history=int(HISTORY_SHARE * total / HISTORY_BYTES),
            picture=int(COPIES_SHARE * total / COPIES_BYTES),
        )
