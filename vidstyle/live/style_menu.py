"""The styles to choose from, kept ready to paint."""

import logging
from collections.abc import Sequence
from concurrent.futures import Future

from vidstyle.errors import VidstyleError
from vidstyle.stylize.catalog import Style, shipped_styles
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.generator_pool import GeneratorPool

log = logging.getLogger(__name__)


class Styles:
    """Loads styles ahead, so that a change costs nothing; belongs to one thread."""

    def __init__(self, first: str | None, pool: GeneratorPool) -> None:
        """Load the first style now and all others in the background.

        Args:
            first: as for `load_generator`.
            pool: keeps them; closed by whoever opened it.

        Raises:
            OptionError: a mix that is none.
            StyleError: the first style is missing or broken.
        """
        shelf = shipped_styles()
        shipped = [style.name for style in shelf if not _is_small_twin(style, shelf)]
        first = first or shipped[0]
        self.names = shipped if first in shipped else [first, *shipped]
        self.first = self.names.index(first)
        self._small_networks = {s.name: twin for s in shelf if (twin := _small_twin(s, shelf))}
        self._pool = pool
        self._loading: dict[str, Future[ImageGenerator]] = {}
        self._last = (first, pool.get(first))
        self._broken = set[str]()
        for name in self.names:
            self._warm(name)

    def has_small_network(self, number: int) -> bool:
        """Whether a style has a smaller network."""
        return self.names[number] in self._small_networks

    def generator(self, number: int, small_network: bool) -> tuple[str, ImageGenerator]:
        """A style's name and generator; as long as it is not loaded, those of the one before."""
        name = self.names[number]
        file = self._small_networks.get(name, name) if small_network else name
        loading = self._warm(file)
        if loading.done() and file not in self._broken:
            try:
                self._last = (name, loading.result())
            except VidstyleError as error:
                self._broken.add(file)
                log.warning("%s", error)
        return self._last

    def _warm(self, name: str) -> Future[ImageGenerator]:
        if name not in self._loading:
            self._loading[name] = self._pool.warm(name)
        return self._loading[name]


def _small_twin(style: Style, shelf: Sequence[Style]) -> str | None:
    """The name of the smallest style after the same painting, if it is smaller."""
    twins = [s for s in shelf if s.painting == style.painting and s.bytes < style.bytes]
    return min(twins, key=lambda s: s.bytes).name if twins else None


def _is_small_twin(style: Style, shelf: Sequence[Style]) -> bool:
    return any(_small_twin(other, shelf) == style.name for other in shelf)
