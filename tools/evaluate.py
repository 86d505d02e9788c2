"""Evaluation of styles by all measurements, as a Markdown table; the last line is JSON.

Each style is compared with its painting, with the photo, with a peer network and, on request,
with pictures optimized by pixels. Modules and their measurements:

    tools/evaluation/style.py       distance to the painting and to the photo, by feature networks
    tools/evaluation/grid.py        traces of the upsampling's grid
    tools/evaluation/steadiness.py  flicker: on the sample, on clips, under noise
    tools/evaluation/speed.py       milliseconds of the bare network

    python -m tools.evaluate --photos PHOTOS --clips CLIPS --paintings PAINTINGS \
        --teacher squeezenet_v1_0.npz --peers PEERS --table table.md --sheet sheets
    python -m tools.evaluate ... --model mine.onnx=painting.jpg --no-sample --rounds 0
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tools.evaluation.candidates import (
    Candidate,
    named_candidates,
    peer_candidates,
    predicted_candidates,
    shipped_candidates,
)
from tools.evaluation.inputs import clip_files, photo_files, read_photos
from tools.evaluation.lpips import BACKBONES, Lpips
from tools.evaluation.sheet import write_sheet
from tools.evaluation.speed import THREADS
from tools.evaluation.steadiness import Reel, clip_reel, sample_reel
from tools.evaluation.style import (
    SECOND,
    Judge,
    random_judge,
    second_judge,
    squeezenet_judge,
)
from tools.evaluation.table import Row, markdown
from tools.evaluation.trials import (
    Figures,
    PhotoTrial,
    against_peer,
    speed_figures,
    steadiness_figures,
)
from tools.features.judge import optimize
from vidstyle.errors import SinkError, SourceError, VidstyleError, reason
from vidstyle.frame import RGBImage
from vidstyle.hardware import processor_name, usable_cores
from vidstyle.media.atomic import write_whole
from vidstyle.media.style_image import read_painting
from vidstyle.perceptual.color_transfer import to_tensor
from vidstyle.perceptual.squeezenet import SqueezeNet
from vidstyle.training.data.painting import painting_tensor


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate, print and write; return the exit code, 0 or 1."""
    parsed = _parser().parse_args(arguments)
    try:
        evaluate(parsed)
    except VidstyleError as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    return 0


def evaluate(parsed: argparse.Namespace) -> None:
    """Measure as the arguments say, then print and write the results.

    Raises:
        VidstyleError: photos, clips, paintings, weights or networks are unusable.
    """
    _check_places(parsed)
    models, peers, skipped = _candidates(parsed)
    files = photo_files(parsed.photos, parsed.count)
    clips = clip_files(parsed.clips, parsed.clip_count) if parsed.clips else []
    photos, unreadable = read_photos(files, parsed.size)
    skipped += unreadable
    judge = squeezenet_judge(parsed.teacher, parsed.size)
    trial = PhotoTrial(photos, judge, _second(parsed), _lpips(parsed))
    rows = _photo_rows(trial, models, peers, parsed)
    if clips or not parsed.no_sample:
        model_files = [model.file for model in models]
        reels = _reels(parsed, clips, skipped)
        found = steadiness_figures(reels, model_files, parsed.every, _report)
        rows.insert(0, Row("frames as they are", "unstyled", None, found[None]))
        _join(rows, {model.name: found[model.file] for model in models})
    if parsed.rounds:
        _report("timing the bare networks")
        times = speed_figures(models, peers, parsed.rounds)
        _join(rows, {candidate.name: times[candidate.file] for candidate in (*models, *peers)})
    _write(rows, [_conditions(parsed, len(photos)), *skipped], parsed)


def _candidates(parsed: argparse.Namespace) -> tuple[list[Candidate], list[Candidate], list[str]]:
    if parsed.paintings_from:
        models = predicted_candidates(parsed.paintings_from)
    elif parsed.model:
        models = named_candidates(parsed.model, parsed.paintings)
    else:
        models = shipped_candidates(parsed.paintings)
    peers, skipped = peer_candidates(parsed.peers, parsed.paintings) if parsed.peers else ([], [])
    return models, peers, skipped


def _second(parsed: argparse.Namespace) -> Judge:
    if parsed.second_weights is None:
        return random_judge(parsed.size)
    return second_judge(parsed.second, parsed.second_weights, parsed.size)


def _lpips(parsed: argparse.Namespace) -> Lpips | None:
    return Lpips(parsed.lpips, parsed.lpips_backbone) if parsed.lpips_backbone else None


def _photo_rows(
    trial: PhotoTrial,
    models: Sequence[Candidate],
    peers: Sequence[Candidate],
    parsed: argparse.Namespace,
) -> list[Row]:
    """Rows for each painting: unstyled photos, optimizer, peer, models."""
    rows = []
    for painting in dict.fromkeys(candidate.painting for candidate in (*models, *peers)):
        rows.append(_row("photos as they are", "unstyled", painting, trial, trial.photos))
        if parsed.optimizer_steps:
            _report(f"optimizing pictures for {painting.name}")
            best = _optimized(trial.photos, painting, parsed)
            rows.append(_row("optimizer", "optimizer", painting, trial, best))
        columns, peer_figures = [trial.photos], Figures()
        for peer in (peer for peer in peers if peer.painting == painting):
            row, pictures = _judged(peer, "peer", trial)
            rows.append(row)
            columns, peer_figures = [trial.photos, pictures], row.figures
        for model in (model for model in models if model.painting == painting):
            row, pictures = _judged(model, "model", trial)
            row.figures.update(against_peer(row.figures, peer_figures) if peer_figures else {})
            rows.append(row)
            if parsed.sheet:
                write_sheet(parsed.sheet, model.name, [columns[0], pictures, *columns[1:]])
    return rows


def _row(
    name: str, kind: str, painting: Path, trial: PhotoTrial, pictures: Sequence[RGBImage]
) -> Row:
    return Row(name, kind, painting.name, trial.figures(pictures, painting))


def _judged(candidate: Candidate, kind: str, trial: PhotoTrial) -> tuple[Row, list[RGBImage]]:
    """A network's row with all figures of single pictures, and its pictures."""
    _report(f"judging {candidate.name}")
    pictures = trial.painted_by(candidate.file, THREADS)
    row = _row(candidate.name, kind, candidate.painting, trial, pictures)
    row.figures["noise_gain"] = trial.noise_gain(candidate.file, THREADS)
    row.figures["bytes"] = candidate.bytes
    if candidate.size_class:
        row.figures["size_class"] = candidate.size_class
        row.figures["keeps_limit"] = candidate.keeps_limit(candidate.bytes)
    style = float(row.figures["style"])
    row.figures.update(trial.int8_figures(candidate, pictures, style, THREADS))
    return row, pictures


def _optimized(
    photos: Sequence[RGBImage], painting: Path, parsed: argparse.Namespace
) -> list[RGBImage]:
    features = SqueezeNet(parsed.teacher)
    target = painting_tensor(read_painting(painting), parsed.size)
    pictures = []
    for photo in photos:
        best = optimize(features, to_tensor(photo)[None], target, 1.0, parsed.optimizer_steps)
        channels_last = (best[0] * 255).round().byte().permute(1, 2, 0)
        pictures.append(np.ascontiguousarray(channels_last.numpy()))
    return pictures


def _reels(parsed: argparse.Namespace, clips: Sequence[Path], skipped: list[str]) -> Iterator[Reel]:
    if not parsed.no_sample:
        _report("rendering the sample")
        yield sample_reel(parsed.height)
    for clip in clips:
        try:
            yield clip_reel(clip, parsed.clip_frames, parsed.height)
        except SourceError as error:
            skipped.append(str(error))


def _join(rows: Sequence[Row], figures: dict[str, Figures]) -> None:
    for row in rows:
        row.figures.update(figures.get(row.name, {}))


def _conditions(parsed: argparse.Namespace, photos: int) -> str:
    """Conditions of the measurement, in one line."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    judge = parsed.second if parsed.second_weights else "random weights"
    lpips = f"v0.1, {parsed.lpips}" if parsed.lpips_backbone else "not measured"
    return (
        f"{photos} photos, short side {parsed.size} px; keyframes every {parsed.every} frames; "
        f"{parsed.clip_frames} frames of a clip at most, {parsed.height} lines; second judge: "
        f"{judge}; LPIPS: {lpips}; {processor_name()}, {usable_cores()} cores usable, "
        f"load {load:.1f}."
    )


def _check_places(parsed: argparse.Namespace) -> None:
    """Check folders and files before the measurement, which takes minutes."""
    for folder in (parsed.photos, parsed.paintings, parsed.clips, parsed.peers):
        if folder and not folder.is_dir():
            raise SourceError(f"There is no folder {folder}.")
    for file in (parsed.json, parsed.table):
        if file and not file.resolve().parent.is_dir():
            raise SinkError(f"Cannot write {file}: there is no folder {file.resolve().parent}.")


def _write(rows: Sequence[Row], notes: Sequence[str], parsed: argparse.Namespace) -> None:
    table = markdown(rows, notes)
    line = json.dumps({"rows": [row.as_json() for row in rows], "notes": list(notes)})
    print(table)
    for file, text in ((parsed.table, table), (parsed.json, line + "\n")):
        if file:
            try:
                write_whole(file, text.encode())
            except OSError as error:
                raise SinkError(f"Cannot write {file}: {reason(error)}.") from error
    print(line)


def _report(line: str) -> None:
    print(f"{line} ...", file=sys.stderr, flush=True)


def _from(least: int) -> Any:
    """An argparse type: integers of at least `least`."""

    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, not {text}")
        return value

    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="evaluate", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--photos", type=Path, required=True, metavar="FOLDER")
    add("--paintings", type=Path, required=True, metavar="FOLDER")
    add("--teacher", type=Path, required=True, metavar="FILE", help="SqueezeNet v1.0 weights")
    add("--clips", type=Path, metavar="FOLDER", help="real films to measure flicker on")
    add("--peers", type=Path, metavar="FOLDER", help=".onnx networks to compare with")
    add("--model", action="append", metavar="FILE=PAINTING", help="this one; may be repeated")
    add(
        "--paintings-from",
        type=Path,
        metavar="FOLDER",
        help="in place of shipped styles, networks predicted for the pictures in it",
    )
    add("--second", choices=SECOND, default="vgg19", help="the second judge")
    add("--second-weights", type=Path, metavar="FILE", help="its weights, else random ones")
    add("--lpips", choices=BACKBONES, default="alex", help="the backbone of LPIPS")
    add("--lpips-backbone", type=Path, metavar="FILE", help="its weights, else no LPIPS")
    add("--count", type=_from(1), default=10, help="photos at most, spread over the folder")
    add("--size", type=_from(64), default=384, help="short side of photos and paintings, px")
    add("--clip-count", type=_from(1), default=8, help="clips at most, spread over the folder")
    add("--clip-frames", type=_from(2), default=40, help="first frames of each clip")
    add("--height", type=_from(16), default=360, help="lines of the sample, and of clips at most")
    add("--every", type=_from(1), default=6, help="as for vidstyle; fixed, so that runs compare")
    add("--no-sample", action="store_true", help="leave out the sample")
    add("--rounds", type=_from(0), default=5, help="turns of each network; 0: no timing")
    add("--optimizer-steps", type=_from(0), default=0, help="optimize the pixels, too")
    add("--json", type=Path, metavar="FILE")
    add("--table", type=Path, metavar="FILE.md")
    add("--sheet", type=Path, metavar="FOLDER", help="write pictures to look at, full size")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
