"""Pictures painted in memory: decode, paint and encode on all cores, with a cache of results."""

import asyncio
import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from starlette.datastructures import QueryParams

from vidstyle import __version__
from vidstyle.apps.arrays import unpack
from vidstyle.apps.inputs import read_image
from vidstyle.hardware import usable_cores
from vidstyle.media.image_file import encode_result, stores_alpha
from vidstyle.media.image_header import image_size_wh
from vidstyle.options import DEFAULTS, StylizeOptions
from vidstyle.server import limits
from vidstyle.server.bodies import BodyMemory
from vidstyle.server.cache import ByteCache
from vidstyle.server.parameters import picture_options
from vidstyle.server.problems import Problem, problem_of
from vidstyle.server.shelf import StyleShelf, too_many_pixels
from vidstyle.stats import Stats
from vidstyle.stylize.generator_pool import GeneratorPool
from vidstyle.stylize.stylizer import stylize_picture

NAME = "The picture"
MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}  # by format


@dataclass(frozen=True, slots=True, eq=False)
class PictureOrder:
    """How a picture is to be painted; may be kept and used for many pictures."""

    options: StylizeOptions  # those of a picture; the style is an id or a mix of ids
    format: str  # key of `MEDIA_TYPES`
    salt: bytes  # of the keys of results

    @classmethod
    def of(cls, options: StylizeOptions, format: str) -> "PictureOrder":
        """Order of options and a format."""
        return cls(options, format, f"{options!r} {format} {__version__}".encode())

    def key(self, content: bytes) -> str:
        """Key of the result for the content of a picture file."""
        digest = hashlib.sha256(content)
        digest.update(self.salt)
        return digest.hexdigest()[:32]


@dataclass(frozen=True, slots=True, eq=False)
class PaintedPicture:
    """Encoded result."""

    content: bytes
    etag: str  # with its quotes
    cached: bool = False


class PicturePainter:
    """Paints pictures from bytes to bytes; the methods belong to the event loop.

    Equal requests at the same time are painted once.
    """

    def __init__(
        self, shelf: StyleShelf, cores: int | None = None, provider: str = DEFAULTS.provider
    ) -> None:
        """Create the threads.

        Args:
            shelf: knows the styles.
            cores: pictures to paint at the same time; None for one a core.
            provider: execution provider of the networks.
        """
        self._shelf = shelf
        self._pool = GeneratorPool(threads=1, provider=provider)
        self._threads = ThreadPoolExecutor(cores or usable_cores(), thread_name_prefix="picture")
        self._cache = ByteCache(limits.PICTURE_CACHE_BYTES)
        self.memory = BodyMemory()
        self._running: dict[str, asyncio.Task[PaintedPicture]] = {}

        self.order = lru_cache(maxsize=1024)(self._order)  # of a query string

    def close(self) -> None:
        """Cancel waiting pictures and end the threads."""
        self._threads.shutdown(cancel_futures=True)
        self._pool.close()

    def forget(self) -> None:
        """Empty the cache, after a style was deleted."""
        self._cache.clear()
        self.order.cache_clear()

    async def paint(self, content: bytes, order: PictureOrder) -> PaintedPicture:
        """Paint the content of a picture file.

        Raises:
            Problem: it is no picture, too large, the style is unknown, or too many wait (503).
        """
        key = order.key(content)
        found = self._cache.get(key)
        if found is not None:
            return PaintedPicture(found, f'"{key}"', cached=True)
        task = self._running.get(key)
        if task is None:
            if len(self._running) >= limits.WAITING_PICTURES:
                raise Problem(503, "Too many pictures wait. Try again soon.", retry_after_s=1)
            task = asyncio.create_task(self._paint_once(key, content, order))
            self._running[key] = task
        return await asyncio.shield(task)

    def _order(self, query: bytes) -> PictureOrder:
        """Order in a query string.

        Raises:
            Problem: a parameter is unknown, twice there or malformed.
            OptionError: an option is out of range.
            StyleError: there is no such style.
        """
        parameters = QueryParams(query)
        if len(parameters) != len(parameters.multi_items()):
            raise Problem(422, "A parameter is given twice.")
        format = parameters.get("format", "jpg")
        if format not in MEDIA_TYPES:
            known = ", ".join(MEDIA_TYPES)
            raise Problem(422, f'format must be one of {known}, not "{format[:80]}".', ["format"])
        return PictureOrder.of(picture_options(parameters, self._shelf, ["format"]), format)

    async def _paint_once(self, key: str, content: bytes, order: PictureOrder) -> PaintedPicture:
        loop = asyncio.get_running_loop()
        try:
            painted = await loop.run_in_executor(self._threads, self._painted, content, order)
        finally:
            del self._running[key]
        self._cache.put(key, painted)
        return PaintedPicture(painted, f'"{key}"')

    def _painted(self, content: bytes, order: PictureOrder) -> bytes:
        width, height = image_size_wh(content) or (0, 0)
        if width * height > limits.PICTURE_PIXELS:
            raise too_many_pixels(NAME, width, height)
        options, name = order.options, Path(f"picture.{order.format}")
        try:
            generator = self._pool.get(self._shelf.resolved(options.style))
            image = read_image(_PictureFile(content))
            keep_alpha = stores_alpha(name) and not options.compare
            unpacked = unpack(image.array, keep_alpha=keep_alpha)
            painted = stylize_picture(unpacked.picture, generator, options, Stats())
            return encode_result(name, unpacked.packed(painted), image.metadata)
        except Exception as error:
            raise problem_of(error) from error


class _PictureFile(io.BytesIO):
    name = NAME  # for messages
