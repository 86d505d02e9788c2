"""Choice of the execution provider for "auto": each one tried once, and the fastest remembered.

Another provider than the CPU's is taken only if it paints the CPU's picture, and in clearly less
time. Apple's compiles some networks to a sixtieth of the CPU's speed, so that nothing is assumed.
"""

import hashlib
import json
import logging
import platform
import statistics
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import onnxruntime
from platformdirs import user_cache_path

from vidstyle.errors import VidstyleError
from vidstyle.frame import RGBImage
from vidstyle.graph.session import FATAL_ONLY
from vidstyle.hardware import processor_name, usable_cores
from vidstyle.media.atomic import write_whole
from vidstyle.options import AUTO, CPU
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.providers import TABLE, accelerators, automatic_providers, resolved

log = logging.getLogger(__name__)

PROBE_WH = 640, 352  # px, of the picture that is painted; multiples of `BLOCK`
BLOCK = 16  # px, side of the squares that differences are averaged over
MAX_DIFFERENCE = 2.0  # levels of 255, mean of the worst square; bfloat16 stays below
RUNS = 5  # timed ones, after one that is not
MIN_GAIN = 1.2  # times faster than the CPU, for another provider to be chosen
MAX_REMEMBERED = 500  # networks
USUAL_LEVEL = 2  # ONNX Runtime's log level: warnings and errors

choosing = threading.Lock()  # two measurements at a time would disturb each other


class ModelForms(NamedTuple):
    """Files of one network."""

    int8: Path  # for the CPU; the same file as `plain` if there is no other form
    plain: Path  # computes in float32, for all other providers


@dataclass(frozen=True, slots=True)
class ProviderTrial:
    """What came of painting a picture with a provider."""

    provider: str
    ms: float = 0.0  # median time of a painting
    difference: float = 0.0  # from the CPU's picture: mean of the worst square, in levels of 255
    operators: tuple[int, int] | None = None  # run by the provider, and all; None for the CPU's
    failure: str = ""  # why there is no painting

    @property
    def agrees(self) -> bool:
        """Whether there is a painting, and it is that of the CPU."""
        return not self.failure and self.difference <= MAX_DIFFERENCE


def open_generator(
    forms: ModelForms, threads: int, provider: str, metadata: Mapping[str, str] | None = None
) -> OnnxGenerator:
    """Load a network on a provider.

    Args:
        forms: files of the network.
        threads: threads of one call of `paint`, on the CPU.
        provider: one of `PROVIDERS`; "auto" takes the fastest that paints the CPU's picture.
        metadata: entries that replace the file's.

    Raises:
        OptionError: the provider is missing, or does not run the network.
        StyleError: as `OnnxGenerator`.
    """
    provider = resolved(provider)
    if provider == AUTO:
        return _open_fastest(forms, threads, metadata)
    return OnnxGenerator(_file_for(provider, forms), threads, metadata, provider)


def try_providers(forms: ModelForms, others: Sequence[str]) -> list[ProviderTrial]:
    """Paint a picture with providers, the CPU's first.

    Args:
        forms: files of a network.
        others: names of the providers besides the CPU's.

    Raises:
        StyleError: the CPU does not run the network.
    """
    on_cpu = OnnxGenerator(forms.int8, usable_cores())
    trials = [ProviderTrial(CPU, _painting_ms(on_cpu))]
    if others:
        expected = OnnxGenerator(forms.plain, usable_cores()).paint(_probe())
        trials += [_trial(name, forms, expected) for name in others]
    return trials


def fastest(trials: Sequence[ProviderTrial]) -> str:
    """Provider to take after trials, of which the first is the CPU's."""
    (on_cpu, *others) = trials
    gains = [each for each in others if each.agrees and each.ms * MIN_GAIN <= on_cpu.ms]
    gains = [each for each in gains if TABLE[each.provider].automatic]
    return min(gains, key=lambda each: each.ms, default=on_cpu).provider


class ChoiceStore:
    """File of the chosen providers, by the content of the network.

    They hold for one machine and one build of ONNX Runtime. A missing, damaged or foreign file is
    an empty one, and several processes may use it.
    """

    def __init__(self, file: Path | None = None) -> None:
        """Open a store.

        Args:
            file: its file; None for the one in the user's cache folder.
        """
        self._file = file or user_cache_path("vidstyle", appauthor=False) / "providers.json"

    def get(self, forms: ModelForms) -> str | None:
        """Return the chosen provider of a network; None if there is none."""
        chosen = self._chosen().get(_digest(forms))
        return chosen if chosen in (CPU, *accelerators()) else None

    def put(self, forms: ModelForms, provider: str) -> None:
        """Remember a choice, where the folder can be written to."""
        chosen = self._chosen() | {_digest(forms): provider}
        chosen = dict(list(chosen.items())[-MAX_REMEMBERED:])
        content = json.dumps({"valid_for": _circumstances(), "chosen": chosen}, indent=1)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, content.encode())
        except OSError as error:
            log.debug("%s cannot be written: %s", self._file, error)

    def _chosen(self) -> dict[str, Any]:
        with suppress(OSError, ValueError, TypeError, KeyError):
            content = json.loads(self._file.read_bytes())
            if content["valid_for"] == _circumstances():
                return dict(content["chosen"])
        return {}


def choose(
    forms: ModelForms, store: ChoiceStore, others: Sequence[str] | None = None
) -> list[ProviderTrial]:
    """Try providers and remember the fastest; arguments and errors as of `try_providers`.

    Without `others`, those are tried that "auto" may choose.
    """
    trials = try_providers(forms, automatic_providers() if others is None else others)
    if len(trials) > 1:
        store.put(forms, fastest(trials))
    for each in trials:
        log.info("%s: %s", forms.int8.name, describe_trial(each))
    return trials


def describe_trial(trial: ProviderTrial) -> str:
    """One line on a trial, for people."""
    if trial.failure:
        return f"{trial.provider}: {trial.failure}"
    words = [f"{trial.provider}: {trial.ms:.1f} ms for {PROBE_WH[0]}x{PROBE_WH[1]}"]
    if trial.operators is not None:
        words.append("{} of {} operators".format(*trial.operators))
        words.append(f"differs by {trial.difference:.1f} of 255")
    if not trial.agrees:
        words.append("another picture, not for auto")
    return ", ".join(words)


def _open_fastest(
    forms: ModelForms, threads: int, metadata: Mapping[str, str] | None
) -> OnnxGenerator:
    store = ChoiceStore()
    with choosing:
        remembered = store.get(forms)
        chosen = remembered or fastest(choose(forms, store))
    try:
        return OnnxGenerator(_file_for(chosen, forms), threads, metadata, chosen)
    except VidstyleError as error:
        if chosen == CPU:
            raise
        log.warning("%s was the fastest and is tried anew: %s", chosen, error)
    with choosing:
        chosen = fastest(choose(forms, store))
    return OnnxGenerator(_file_for(chosen, forms), threads, metadata, chosen)


def _file_for(provider: str, forms: ModelForms) -> Path:
    return forms.int8 if provider == CPU else forms.plain


def _trial(provider: str, forms: ModelForms, expected: RGBImage) -> ProviderTrial:
    with _silent_runtime():
        try:
            generator = OnnxGenerator(forms.plain, usable_cores(), provider=provider)
            difference = _worst_difference(generator.paint(_probe()), expected)
            ms = _painting_ms(generator)
        except VidstyleError as error:
            why = error.message.removeprefix(f"provider {provider} ")
            return ProviderTrial(provider, failure=why)
    return ProviderTrial(provider, ms, difference, generator.operators)


@contextmanager
def _silent_runtime() -> Iterator[None]:
    """Keep ONNX Runtime from printing why a provider does not start, which is expected here."""
    onnxruntime.set_default_logger_severity(FATAL_ONLY)
    try:
        yield
    finally:
        onnxruntime.set_default_logger_severity(USUAL_LEVEL)


def _painting_ms(generator: OnnxGenerator) -> float:
    """Median time of a painting of the probe in milliseconds."""
    times_s = []
    for _ in range(1 + RUNS):
        started_s = time.perf_counter()
        generator.paint(_probe())
        times_s.append(time.perf_counter() - started_s)
    return 1000 * statistics.median(times_s[1:])


def _worst_difference(painted: RGBImage, expected: RGBImage) -> float:
    """Mean absolute difference of the square in which two pictures differ most."""
    width, height = PROBE_WH
    difference = cv2.absdiff(painted, expected).astype(np.float32).mean(axis=2)
    size_wh = width // BLOCK, height // BLOCK
    return float(cv2.resize(difference, size_wh, interpolation=cv2.INTER_AREA).max())


@cache
def _probe() -> RGBImage:
    """A picture with detail of all sizes, the same one on all machines."""
    random, (width, height) = np.random.default_rng(0), PROBE_WH
    total = np.zeros((height, width, 3), np.float32)
    for side in (4, 16, 64, 256):
        noise = random.random((max(1, side * height // width), side, 3), np.float32)
        total += cv2.resize(noise, PROBE_WH, interpolation=cv2.INTER_CUBIC)
    return np.asarray((total / 4 * 255).clip(0, 255), np.uint8)


def _digest(forms: ModelForms) -> str:
    digest = hashlib.sha256()
    for file in dict.fromkeys(forms):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _circumstances() -> dict[str, Any]:
    """Machine and runtime that choices hold for."""
    return {
        "machine": [platform.node(), platform.system(), platform.machine(), processor_name()],
        "runtime": [onnxruntime.__version__, *onnxruntime.get_available_providers()],
    }
