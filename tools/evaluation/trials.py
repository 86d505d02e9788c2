"""Measurement of networks: figures by the column keys of `table`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from tools.evaluation.candidates import Candidate
from tools.evaluation.grid import grid_ratios
from tools.evaluation.lpips import Lpips
from tools.evaluation.speed import SIZES_WH, bare_ms
from tools.evaluation.steadiness import Reel, noise_gain, painted, unsteadiness, unstyled
from tools.evaluation.style import Judge
from tools.evaluation.table import Figure
from vidstyle.frame import RGBImage
from vidstyle.metrics import luminance_similarity, picture_similarity
from vidstyle.stylize.exposure import with_normal_exposure
from vidstyle.stylize.generator import OnnxGenerator

Figures = dict[str, Figure]


class PhotoTrial:
    """Measurements of stylized photos, by two judges and, on request, by LPIPS."""

    def __init__(
        self, photos: Sequence[RGBImage], judge: Judge, second: Judge, lpips: Lpips | None
    ) -> None:
        self.photos, self._judge, self._second, self._lpips = photos, judge, second, lpips

    def painted_by(self, file: Path, threads: int) -> list[RGBImage]:
        """The photos stylized by a generator."""
        paint = painter(file, threads)
        return [paint(photo) for photo in self.photos]

    def figures(self, pictures: Sequence[RGBImage], painting: Path) -> Figures:
        """All figures of single pictures, means over the photos."""
        pairs = list(zip(pictures, self.photos, strict=True))
        opinions = [self._judge.opinion(*pair, painting) for pair in pairs]
        grid = grid_ratios(pictures, self.photos)
        figures: Figures = {
            "style": _mean(opinion.style for opinion in opinions),
            "style_conv1": _mean(opinion.layers["conv1/2"] for opinion in opinions),
            "content": _mean(opinion.content for opinion in opinions),
            "feature_distance": _mean(opinion.difference for opinion in opinions),
            "ssim": _mean(luminance_similarity(*pair) for pair in pairs),
            "grid_4": grid[4],
            "grid_2": grid[2],
        }
        if self._lpips:
            figures["lpips"] = _mean(self._lpips.distance(*pair) for pair in pairs)
        return figures | self._second_figures(pairs, painting)

    def noise_gain(self, file: Path, threads: int) -> float:
        """Noise gain of a generator on the photos."""
        return noise_gain(painter(file, threads), self.photos)

    def int8_figures(
        self,
        candidate: Candidate,
        pictures: Sequence[RGBImage],
        own_style: float,
        threads: int,
    ) -> Figures:
        """The int8 form compared with the float32 form: SSIM of pictures, ratio of style losses."""
        if candidate.int8_file is None:
            return {}
        rounded = self.painted_by(candidate.int8_file, threads)
        pairs = zip(rounded, self.photos, strict=True)
        style = _mean(self._judge.opinion(*pair, candidate.painting).style for pair in pairs)
        alike = (picture_similarity(*pair) for pair in zip(rounded, pictures, strict=True))
        size = candidate.int8_file.stat().st_size
        return {
            "int8_bytes": size,
            "int8_keeps_limit": candidate.keeps_limit(size),
            "int8_ssim": _mean(alike),
            "int8_style": style / own_style,
        }

    def _second_figures(
        self, pairs: Iterable[tuple[RGBImage, RGBImage]], painting: Path
    ) -> Figures:
        opinions = [self._second.opinion(*pair, painting) for pair in pairs]
        return {
            "second_style": _mean(opinion.style for opinion in opinions),
            "second_content": _mean(opinion.content for opinion in opinions),
        }


def painter(file: Path, threads: int) -> Callable[[RGBImage], RGBImage]:
    """A function that stylizes single pictures, with exposure normalization if the file asks."""
    generator = OnnxGenerator(file, threads)
    if not generator.normalizes_exposure:
        return generator.paint
    return lambda image: generator.paint(with_normal_exposure(image))


def steadiness_figures(
    reels: Iterable[Reel], files: Sequence[Path], every: int, report: Callable[[str], None]
) -> dict[Path | None, Figures]:
    """Warping errors on the sample and on clips, by generator file; None for the original frames.

    Args:
        reels: the reel named "sample", and clips; each is released before the next is made.
        files: generators to run.
        every: keyframe interval, in frames.
        report: called with a line of progress for each reel.
    """
    clips: dict[tuple[Path | None, str], list[float]] = {}
    figures: dict[Path | None, Figures] = {file: {} for file in (None, *files)}
    for reel in reels:
        report(f"painting {reel.name}, {len(reel.frames)} frames")
        for file, mode, images in _films(reel, files, every):
            errors = unsteadiness(images, reel.steps)
            if reel.name == "sample":
                figures[file][f"sample_e_stab_{mode}"] = errors.e_stab
                figures[file][f"sample_e_warp_{mode}"] = errors.e_warp
                figures[file][f"sample_sharpness_{mode}"] = errors.sharpness
            else:
                clips.setdefault((file, mode), []).append(errors.e_warp)
    for (file, mode), values in clips.items():
        figures[file][f"clips_e_warp_{mode}"] = _mean(values)
    return figures


def speed_figures(
    models: Sequence[Candidate], peers: Sequence[Candidate], rounds: int
) -> dict[Path, Figures]:
    """Milliseconds at each size and speedup over the peer, by the candidates' files.

    The peer is the one with the same painting, or else the first.
    """
    int8_files = [model.int8_file for model in models if model.int8_file]
    files = [*(candidate.file for candidate in (*models, *peers)), *int8_files]
    figures: dict[Path, Figures] = {candidate.file: {} for candidate in (*models, *peers)}
    for size, size_wh in SIZES_WH.items():
        times_ms = bare_ms(files, size_wh, rounds)
        for peer in peers:
            figures[peer.file][f"ms_{size}"] = times_ms[peer.file]
        for model in models:
            figures[model.file] |= _speed(model, times_ms, _peer_of(model, peers), size)
    return figures


def against_peer(own: Mapping[str, Figure], peer: Mapping[str, Figure]) -> Figures:
    """Ratios of style and content distances to those of the peer."""
    return {f"{key}_to_peer": float(own[key]) / float(peer[key]) for key in ("style", "content")}


def _films(
    reel: Reel, files: Sequence[Path], every: int
) -> Iterable[tuple[Path | None, str, Iterable[RGBImage]]]:
    yield None, "each", unstyled(reel)
    for file in files:
        yield file, "each", painted(reel, file, 1)
        yield file, "keyed", painted(reel, file, every)


def _speed(
    model: Candidate, times_ms: Mapping[Path, float], peer: Candidate | None, size: str
) -> Figures:
    own_ms = times_ms[model.file]
    found: Figures = {f"ms_{size}": own_ms}
    if peer:
        found[f"times_peer_{size}"] = times_ms[peer.file] / own_ms
    if model.int8_file:
        int8_ms = times_ms[model.int8_file]
        found |= {f"int8_ms_{size}": int8_ms, f"int8_time_{size}": int8_ms / own_ms}
        if peer:
            found[f"int8_times_peer_{size}"] = times_ms[peer.file] / int8_ms
    return found


def _peer_of(model: Candidate, peers: Sequence[Candidate]) -> Candidate | None:
    same = (peer for peer in peers if peer.painting == model.painting)
    return next(same, peers[0] if peers else None)


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
