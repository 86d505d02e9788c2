"""How large a picture this machine's memory can optimize. Imports no PyTorch."""

from dataclasses import dataclass

USUAL_MEMORY_GB = 4.0  # where the system does not say
# Per pixel: what one evaluation with the slim features takes of those that it looks at (measured,
# and counted for the windows), what L-BFGS remembers, and the copies of a picture that are there
# at once (both counted).
LOOK_BYTES, HISTORY_BYTES, COPIES_BYTES = 1300, 300, 85
LOOK_SHARE, HISTORY_SHARE, COPIES_SHARE = 0.15, 0.1, 0.6  # of the memory


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """What a memory allows, in pixels."""

    tile: int  # looked at in one piece
    history: int  # up to here L-BFGS has room for what it remembers; beyond, Adam works
    picture: int  # there is room for in all

    @classmethod
    def within(cls, memory_gb: float | None) -> "MemoryLimits":
        """Share out a memory; None where nobody knows how much there is."""
        total = 1e9 * (memory_gb or USUAL_MEMORY_GB)
        return cls(
            tile=int(LOOK_SHARE * total / LOOK_BYTES),
            history=int(HISTORY_SHARE * total / HISTORY_BYTES),
            picture=int(COPIES_SHARE * total / COPIES_BYTES),
        )
