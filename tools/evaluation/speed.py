"""Inference time of networks in ONNX Runtime, interleaved in one run."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vidstyle.errors import StyleError, reason
from vidstyle.hardware import usable_cores

SIZES_WH = {"720p": (1280, 720), "256": (256, 256)}
THREADS = min(2, usable_cores())  # two that share a core only wait for each other
TURN_S = 0.15  # a fast network runs several times in its turn
FATAL_ONLY = 4  # ONNX Runtime's log level


def bare_ms(files: Sequence[Path], size_wh: tuple[int, int], rounds: int) -> dict[Path, float]:
    """Median milliseconds of each network for one picture of this size, on `THREADS` threads.

    The networks take turns, so that other load on the machine affects all of them. The first run
    of a turn, with cold caches, counts only if it is the only one.

    Raises:
        StyleError: a network fails at this size.
    """
    networks = [_Network(file, size_wh) for file in files]
    for network in networks:
        network.run()
    for _ in range(rounds):
        for network in networks:
            network.take_turn()
    return {network.file: float(np.median(network.times_ms)) for network in networks}


class _Network:
    def __init__(self, file: Path, size_wh: tuple[int, int]) -> None:
        self.file, self.times_ms = file, list[float]()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
        options.log_severity_level = FATAL_ONLY
        # Threads must not spin while another network is timed.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self._session = onnxruntime.InferenceSession(
            file, options, providers=["CPUExecutionProvider"]
        )
        (taken,) = self._session.get_inputs()
        self._feed = {taken.name: _picture(size_wh, taken.type == "tensor(uint8)")}

    def take_turn(self) -> None:
        times_ms: list[float] = []
        while sum(times_ms) < 1000 * TURN_S:
            started = time.perf_counter()
            self.run()
            times_ms.append(1000 * (time.perf_counter() - started))
        self.times_ms += times_ms[1:] or times_ms

    def run(self) -> None:
        try:
            self._session.run(None, self._feed)
        except Exception as error:  # ONNX Runtime's errors have no common base class
            shape = "x".join(map(str, next(iter(self._feed.values())).shape))
            raise StyleError(f"{self.file} fails on {shape}: {reason(error)}") from error


def _picture(size_wh: tuple[int, int], as_bytes: bool) -> NDArray[np.generic]:
    width, height = size_wh
    shape = (1, height, width, 4 if as_bytes else 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    if as_bytes:
        return pixels
    channels_first = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
    return channels_first.astype(np.float32) / np.float32(255)
