"""Color tables of natural materials, and random palettes from them."""

import numpy as np

from vidstyle.training.data.procedural.canvas import Color

KINDS = {
    "sky": ((92, 138, 192), (150, 185, 218), (204, 216, 228), (236, 222, 200), (120, 135, 160)),
    "dusk": ((238, 170, 110), (214, 130, 110), (120, 95, 130), (248, 210, 150)),
    "foliage": ((64, 92, 40), (112, 132, 62), (42, 62, 38), (150, 152, 84), (88, 104, 78)),
    "earth": ((122, 92, 66), (164, 134, 98), (78, 58, 44), (194, 174, 144), (140, 84, 52)),
    "stone": ((58, 58, 62), (128, 126, 122), (196, 194, 190), (94, 98, 104), (228, 226, 222)),
    "skin": ((232, 188, 160), (206, 154, 124), (160, 110, 82), (104, 68, 50), (240, 206, 184)),
    "hair": ((38, 30, 26), (78, 54, 38), (22, 20, 22), (150, 112, 70), (120, 112, 108)),
    "cloth": ((150, 52, 48), (44, 58, 98), (70, 120, 124), (206, 152, 64), (226, 218, 204),
              (32, 32, 38), (108, 62, 96), (60, 96, 70)),
    "water": ((58, 92, 108), (98, 132, 138), (38, 58, 72), (140, 164, 166)),
    "lamp": ((255, 214, 150), (255, 176, 96), (226, 236, 255), (255, 120, 90), (150, 220, 190)),
}  # fmt: skip


def color_of(kind: str, random: np.random.Generator, spread: float = 0.2) -> Color:
    """Random color of a material in `KINDS`, varied by `spread`; RGB 0..1."""
    table = KINDS[kind]
    return varied(np.array(table[int(random.integers(len(table)))]) / 255, random, spread)


def varied(color: Color, random: np.random.Generator, spread: float = 0.2) -> Color:
    """Random variation of a color: mostly of its brightness, less of its hue."""
    return np.asarray(color * np.exp(random.normal(0, spread) + random.normal(0, spread / 6, 3)))


class Palette:
    """Palette of three to six colors from up to three materials, with variations."""

    def __init__(self, random: np.random.Generator, spread: float = 0.3) -> None:
        kinds = random.choice(list(KINDS)[:-1], size=3)
        self._random, self._spread = random, spread
        count = int(random.integers(3, 7))
        self._colors = [color_of(str(random.choice(kinds)), random, 0.3) for _ in range(count)]
        # Unequal shares: few colors cover most of a picture.
        self._shares = np.cumsum(random.dirichlet(np.full(count, 1.2)))

    def color(self) -> Color:
        """Random variation of one of the palette's colors."""
        chosen = int(np.searchsorted(self._shares[:-1], self._random.random()))
        return varied(self._colors[chosen], self._random, self._spread)
