"""Look of paintings that are styles: how what their predicted networks paint is delivered."""

from dataclasses import asdict

from vidstyle.stylize.finish import Finish

# Chosen blind, docs/experiments.md.
OWN_CHROMA = 0.5
ABSTRACTION = 0.0
SMOOTHING = 1.0
FINISH = Finish(contrast=1.06, brightness=0.05, clarity=0.4, saturation=1.25)
LOOK: dict[str, float] = {
    "own_chroma": OWN_CHROMA,
    "abstraction": ABSTRACTION,
    "smoothing": SMOOTHING,
    **asdict(FINISH),
}  # by the names that metadata and the options of a training have for them
