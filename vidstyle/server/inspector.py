"""Inspector: looks at uploads and takes stills, in a process that hostile files may crash."""

import asyncio
import base64
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from vidstyle.server import limits
from vidstyle.server.cache import ByteCache
from vidstyle.server.problems import Problem
from vidstyle.server.process import ConversionProcess, ProcessDied
from vidstyle.server.uploads import Upload


class Inspector:
    """Asks its process one question at a time; the methods belong to the event loop."""

    def __init__(self) -> None:
        self.process = ConversionProcess()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inspector")
        self._stills = ByteCache(limits.STILL_CACHE_BYTES)
        self._used_s = time.monotonic()

    def close(self) -> None:
        """End the process."""
        self.process.stop()
        self._thread.shutdown(cancel_futures=True)
        self.process.close()

    def warm(self) -> None:
        """Start the process, since it will be needed soon."""
        self._used_s = time.monotonic()
        self._thread.submit(self.process.start)

    async def probe(self, upload: Upload) -> dict[str, Any]:
        """Look at the content of an upload.

        Raises:
            Problem: it is neither photo nor video (415), or over a limit (413).
        """
        return await self._ask(upload, {"operation": "probe"})

    async def still(self, upload: Upload, height: int, time_s: float | None) -> bytes:
        """Take a still, JPEG.

        Args:
            upload: a complete one.
            height: shorter side at most, in pixels.
            time_s: time in the video; None for a typical frame.

        Raises:
            Problem: the file cannot be read, or ends before the time (415).
        """
        key = f"{upload.id} {height} {time_s}"
        found = self._stills.get(key)
        if found is None:
            request = {"operation": "still", "height": height, "time": time_s}
            answer = await self._ask(upload, request)
            found = base64.b64decode(answer["jpeg"])
            self._stills.put(key, found)
        return found

    def rest(self) -> None:
        """End the process if it was not needed for some time; callable from any thread."""
        if time.monotonic() - self._used_s > limits.IDLE_PROCESS_S:
            self._thread.submit(self.process.close)

    async def _ask(self, upload: Upload, request: dict[str, Any]) -> dict[str, Any]:
        path, name = str(upload.path), upload.name
        self._used_s = time.monotonic()
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._thread,
                self.process.ask,
                request | {"input": path, "names": {path: name}},
                limits.PROBE_SECONDS,
            )
        except ProcessDied as error:
            raise Problem(
                415, f"{name} cannot be read: the process that opened it died ({error})."
            ) from error
