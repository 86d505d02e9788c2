"""Generator pool: loads the networks of a style or mix, and caches them for style changes."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from vidstyle.assets import shipped_file
from vidstyle.closable import Closable
from vidstyle.media.style_image import read_painting
from vidstyle.options import CPU
from vidstyle.style_plan import StylePlan
from vidstyle.style_spec import style_shares
from vidstyle.stylize.catalog import expanded, find_style, find_weights
from vidstyle.stylize.generator import ImageGenerator, OnnxGenerator
from vidstyle.stylize.mixture import Mixture
from vidstyle.stylize.painting_cache import painting_cache
from vidstyle.stylize.painting_style import (
    is_painting,
    is_picture,
    load_painting,
    networks_of,
    read_paintings,
)
from vidstyle.stylize.provider_choice import ModelForms, open_generator
from vidstyle.stylize.providers import resolved

MAX_LOADED = 16  # networks: 0.4, 0.6 and 1.4 MB each by size class, 17 MB for a file of 6.7 MB


def load_generator(style: str | None, threads: int = 1, provider: str = CPU) -> ImageGenerator:
    """Load the generator of a style: one network, or a mixture of several.

    Args:
        style: name, path of an .onnx file or of a painting's picture, mix such as
            "great-wave:0.6,udnie:0.4", or None for the default style.
        threads: threads of one call of `paint`.
        provider: execution provider, one of `PROVIDERS`.

    Raises:
        OptionError: an invalid mix, or the provider is missing or does not run the network.
        SourceError: a painting's picture is missing or cannot be read.
        StyleError: no such style, a file that is missing, altered or not a generator, or a picture
            that cannot be a style.
    """
    return _assemble(style, lambda name: load_network(name, threads, provider))


def load_network(name: str | None, threads: int = 1, provider: str = CPU) -> ImageGenerator:
    """Load one network: that of a single style, or of a mix of paintings.

    Args:
        name: name, path of an .onnx file or of a painting's picture, mix of such pictures, or None
            for the default.
        threads: threads of one call of `paint`.
        provider: execution provider, one of `PROVIDERS`.

    Raises:
        OptionError: the provider is missing or does not run the network.
        SourceError, StyleError: as for `load_generator`.
    """
    provider = resolved(provider)
    if name is not None and is_painting(name):
        return load_painting(name, threads, provider)
    if provider == CPU:
        return OnnxGenerator(find_style(name), threads)
    return open_generator(ModelForms(find_style(name), find_weights(name)), threads, provider)


def check_plan(plan: StylePlan) -> None:
    """Check that each style of a plan exists; raises as `check_style`."""
    for style in expanded([change.style for change in plan.changes]):
        check_style(style)


def check_style(style: str | None) -> None:
    """Check that a style, or each style of a mix, exists; called before any work starts.

    Raises:
        OptionError: an invalid mix.
        SourceError, StyleError: as for `load_generator`.
    """
    for share in style_shares(style):
        if share.style is not None and is_picture(share.style):
            read_painting(Path(share.style))
        else:
            find_style(share.style)


def plan_digest(plan: StylePlan) -> str:
    """SHA-256 of the files that the networks of a plan come from.

    Raises:
        OptionError, SourceError, StyleError: as for `load_generator`.
    """
    digest = hashlib.sha256()
    for style in expanded([change.style for change in plan.changes]):
        for part in networks_of(style):
            for file in _files_of(part.style):
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _files_of(name: str | None) -> list[Path]:
    """Files of one network; of paintings their pictures, and what was learned of them or of all."""
    if name is None or not is_painting(name):
        return [find_style(name)]
    kept = painting_cache().get(read_paintings(name))
    learned = kept.int8 if kept and kept.seconds else shipped_file("textures", "predictor")
    return [*(Path(str(share.style)) for share in style_shares(name)), learned]


class GeneratorPool(Closable):
    """LRU cache of loaded networks, so that the style can change during a run without a stall.

    Networks are loaded on one background thread; `warm` and `get` may be called from any thread.
    Evicted networks are freed when the last generator that uses them is. Mixtures share networks,
    so a change of weights loads nothing; only a mix of paintings has one network for its weights.
    """

    def __init__(self, limit: int = MAX_LOADED, threads: int = 1, provider: str = CPU) -> None:
        """Make an empty pool.

        Args:
            limit: largest number of networks to keep loaded.
            threads: threads of one call of `paint`.
            provider: execution provider, one of `PROVIDERS`.
        """
        self._limit, self._threads, self._provider = limit, threads, provider
        self._networks: OrderedDict[str | None, ImageGenerator] = OrderedDict()
        self._lock = threading.Lock()
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="loader")

    def close(self) -> None:
        """End the loader thread and release the networks; idempotent."""
        self._loader.shutdown(cancel_futures=True)
        self._networks.clear()

    def warm(self, style: str | None) -> Future[ImageGenerator]:
        """Load a style in the background; errors of `get` are raised by the future's `result`."""
        return self._loader.submit(_assemble, style, self._load)

    def forget(self, name: str | None) -> None:
        """Load a network anew at its next use, as after a change of its file."""
        with self._lock:
            self._networks.pop(name, None)

    def get(self, style: str | None) -> ImageGenerator:
        """Return the generator of a style, at once if its networks are loaded, else block.

        Raises:
            OptionError, SourceError, StyleError: as for `load_generator`.
        """
        try:
            return _assemble(style, self._cached)
        except KeyError:
            return self.warm(style).result()

    def _cached(self, name: str | None) -> ImageGenerator:
        with self._lock:
            self._networks.move_to_end(name)
            return self._networks[name]

    def _load(self, name: str | None) -> ImageGenerator:
        """Return a network, loaded if needed; only on the loader thread, so never loaded twice."""
        try:
            return self._cached(name)
        except KeyError:
            generator = load_network(name, self._threads, self._provider)
        with self._lock:
            self._networks[name] = generator
            while len(self._networks) > self._limit:
                self._networks.popitem(last=False)
        return generator


def _assemble(style: str | None, load: Callable[[str | None], ImageGenerator]) -> ImageGenerator:
    parts = [(load(part.style), part.weight) for part in networks_of(style)]
    return parts[0][0] if len(parts) == 1 else Mixture(parts)
