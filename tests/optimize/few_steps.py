"""Optimizations of few steps, for tests of what is painted when and not of how well."""

from collections.abc import Callable
from typing import Any

from vidstyle.optimize import generator, scene_optimizer, scene_painter
from vidstyle.optimize.picture_optimizer import Stage

SHORT = (Stage(1.0, 2),)


def use_few_steps(set_attribute: Callable[[Any, str, Any], None] = setattr) -> None:
    """Shorten all paintings of films and photos, with `setattr` or a fixture's."""
    set_attribute(scene_optimizer, "PASSES", dict.fromkeys(scene_optimizer.PASSES, SHORT))
    set_attribute(scene_optimizer, "COARSE_TO_FINE", SHORT)
    set_attribute(scene_painter, "POLISHING", SHORT)
    set_attribute(scene_painter, "FILLING", SHORT)
    set_attribute(generator, "COARSE_TO_FINE", (Stage(0.5, 1), Stage(1.0, 2)))
