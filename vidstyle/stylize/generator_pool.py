"""From a style's words to a generator that is ready to paint."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from vidstyle.style_spec import style_shares
from vidstyle.stylize.catalog import find_style
from vidstyle.stylize.generator import ImageGenerator, OnnxGenerator
from vidstyle.stylize.mixture import Mixture

WARM_NETWORKS = 16  # 0.4, 0.6 and 1.4 MB each in our size classes, 17 for a file of 6.7 MB


def load_generator(style: str | None, threads: int = 1) -> ImageGenerator:
    """Load what a style's words ask for: one network, or a mixture of several.

    Args:
        style: a name, the path of an .onnx file, a mix such as "wave:0.6,ink:0.4", or None for
            the default.
        threads: cores that one picture may use.

    Raises:
        OptionError: a mix that is none.
        StyleError: no such style, or a file that is missing, altered or no generator.
    """
    return _joined(style, lambda name: OnnxGenerator(find_style(name), threads))


class GeneratorPool:
    """Generators kept loaded, so that a running program can change the style without a stall.

    Networks are loaded on one thread of the pool's own. The longest unused make room for new
    ones, and are freed as soon as nobody paints with them. Mixtures share the networks of the
    styles in them, so other weights cost nothing.
    """

    def __init__(self, limit: int = WARM_NETWORKS, threads: int = 1) -> None:
        """Keep so many networks at most; `threads` is what one picture may use."""
        self._limit, self._threads = limit, threads
        self._networks: OrderedDict[str | None, ImageGenerator] = OrderedDict()
        self._lock = threading.Lock()
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="loader")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the loader's thread and let go of the networks; may be repeated."""
        self._loader.shutdown(cancel_futures=True)
        self._networks.clear()

    def warm(self, style: str | None) -> Future[ImageGenerator]:
        """Load in the background; what went wrong is raised by the future's `result`."""
        return self._loader.submit(_joined, style, self._loaded)

    def get(self, style: str | None) -> ImageGenerator:
        """Return at once what is warm; wait for what is not.

        Raises:
            OptionError: a mix that is none.
            StyleError: as for `load_generator`.
        """
        try:
            return _joined(style, self._known)
        except KeyError:
            return self.warm(style).result()

    def _known(self, name: str | None) -> ImageGenerator:
        with self._lock:
            self._networks.move_to_end(name)
            return self._networks[name]

    def _loaded(self, name: str | None) -> ImageGenerator:
        """Only the loader's thread comes here, so nothing is loaded twice."""
        try:
            return self._known(name)
        except KeyError:
            generator = OnnxGenerator(find_style(name), self._threads)
        with self._lock:
            self._networks[name] = generator
            while len(self._networks) > self._limit:
                self._networks.popitem(last=False)
        return generator


def _joined(style: str | None, load: Callable[[str | None], ImageGenerator]) -> ImageGenerator:
    parts = [(load(share.style), share.weight) for share in style_shares(style)]
    return parts[0][0] if len(parts) == 1 else Mixture(parts)
