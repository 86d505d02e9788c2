"""Style menu: the numbered styles of a live run, with their generators preloaded."""

import logging
from collections.abc import Sequence
from concurrent.futures import Future

from vidstyle.errors import VidstyleError
from vidstyle.style_plan import style_list
from vidstyle.style_spec import style_shares
from vidstyle.stylize.catalog import Style, expanded, known_name, shipped_styles
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.generator_pool import GeneratorPool, check_style

log = logging.getLogger(__name__)


class StyleMenu:
    """Styles by number, loaded in the background so that a switch causes no stall.

    `generator` belongs to one thread, the render thread.
    """

    def __init__(self, first: str | None, pool: GeneratorPool) -> None:
        """Load the first style now, and all others in the background after the first frame.

        Args:
            first: name, file or mix of the initial style, before those of the catalog; None for the
                first of these. A list such as "udnie,scream" is the whole menu.
            pool: loads and keeps the generators; the caller closes it.

        Raises:
            OptionError: `first` is an invalid mix or list.
            SourceError, StyleError: the first style is missing or broken.
        """
        catalog = shipped_styles()
        shipped = [style.name for style in catalog if not _is_small_twin(style, catalog)]
        wanted = [known_name(str(style)) for style in expanded(style_list(first or shipped[0]))]
        first, several = wanted[0], len(wanted) > 1
        self.names = wanted if several else shipped if first in shipped else [first, *shipped]
        self.first = self.names.index(first)
        self._small_networks = {s.name: twin for s in catalog if (twin := _small_twin(s, catalog))}
        self._pool = pool
        self._loading: dict[str, Future[ImageGenerator]] = {}
        self._last = (first, pool.get(first))
        self._broken = set[str]()
        self._is_first_frame = True

    def add(self, style: str) -> int:
        """Add a style at the end, loaded in the background; return its index.

        Called by the display's thread. A style that is in the menu keeps its place.

        Args:
            style: name, path of an .onnx file or of a painting's picture, or a mix.

        Raises:
            VidstyleError: as for `check_style`.
        """
        style = known_name(style)
        if style in self.names:
            return self.names.index(style)
        check_style(style)
        self._warm(style)
        self.names.append(style)
        return len(self.names) - 1

    def reload(self, file: str) -> None:
        """Load a style's network anew, after its file changed; the one before serves until then.

        Called by any thread.

        Args:
            file: path of an .onnx file or of a painting's picture, as in the names and mixes of
                the menu.
        """
        self._pool.forget(file)
        for name in self.names:
            if any(share.style == file for share in style_shares(name)):
                self._broken.discard(name)
                self._loading[name] = self._pool.warm(name)

    def has_small_network(self, number: int) -> bool:
        """Whether the style with this number has a smaller network of the same painting."""
        return self.names[number] in self._small_networks

    def generator(self, number: int, small_network: bool) -> tuple[str, ImageGenerator]:
        """Name and generator of a style; those of the previous style until it is loaded.

        Called once per stylized frame, on the render thread. A style that cannot be loaded is
        logged once, and the previous one stays.

        Args:
            number: index in `names`, from 0.
            small_network: prefer the style's smaller network.
        """
        if not self._is_first_frame:  # their loading would take a core from it
            for each in self.names:
                self._warm(each)
        self._is_first_frame = False
        name = self.names[number]
        file = self._small_networks.get(name, name) if small_network else name
        loading = self._warm(file)
        if loading.done() and file not in self._broken:
            try:
                self._last = (name, loading.result())
            except VidstyleError as error:
                self._broken.add(file)
                log.warning("%s", error.message)
        return self._last

    def _warm(self, name: str) -> Future[ImageGenerator]:
        if name not in self._loading:
            self._loading[name] = self._pool.warm(name)
        return self._loading[name]


def _small_twin(style: Style, catalog: Sequence[Style]) -> str | None:
    """Name of the smallest network trained on the same painting, if it is smaller than this."""
    twins = [s for s in catalog if s.painting == style.painting and s.bytes < style.bytes]
    return min(twins, key=lambda s: s.bytes).name if twins else None


def _is_small_twin(style: Style, catalog: Sequence[Style]) -> bool:
    return any(_small_twin(other, catalog) == style.name for other in catalog)
