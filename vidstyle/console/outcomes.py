"""Outcomes of runs as text, one fact per line, and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import singledispatch
from typing import Any

from vidstyle.apps.clean import UnfinishedWork
from vidstyle.apps.export import ExportResult
from vidstyle.apps.outputs import Failure, Result
from vidstyle.apps.painting import PaintingResult
from vidstyle.flags import with_flags
from vidstyle.live.metrics import LiveReport
from vidstyle.results import FileResult, RunResult
from vidstyle.times import clock
from vidstyle.training.results import TrainResult, int8_path


@singledispatch
def describe(outcome: RunResult | Failure) -> str:
    """Describe the outcome of a run as text, one fact per line."""
    raise TypeError(type(outcome))


@describe.register
def _(outcome: Result) -> str:
    size = _size(outcome.output_bytes)
    if outcome.frames == 1:
        line = f"{outcome.output}  ({size}, {outcome.seconds:.1f} s)"
    else:
        line = (
            f"{outcome.output}  {outcome.frames} frames, {outcome.keyframes} keyframes, "
            f"{outcome.fps:.1f} fps, {outcome.seconds:.1f} s, {size}"
        )
    damage = [f"  damaged: {part}" for part in outcome.damage]
    return "\n".join([line, *damage, *_notes(outcome)])


@describe.register
def _(outcome: TrainResult) -> str:
    size = f"{outcome.output_bytes:,} bytes"
    pace = f"{outcome.steps} steps in {clock(outcome.seconds)}"
    lines = [f"{outcome.output}  ({size}, {pace})"]
    lines += [f"{file}  ({file.stat().st_size:,} bytes)" for file in outcome.others]
    lines.append(f"{outcome.folder}/preview.png shows how it learned, losses.png how well.")
    if not outcome.finished:
        lines.append("Stopped early: this is what there was by then. --resume goes on.")
    lines += _notes(outcome)
    in_int8 = int8_path(outcome.output)
    fastest = in_int8 if in_int8 in outcome.others else outcome.output
    lines.append(f"Use it: vidstyle film.mp4 --style {fastest}")
    return "\n".join(lines)


@describe.register
def _(outcome: PaintingResult) -> str:
    files = f"{outcome.output} and {outcome.others[0].name}"
    learned = f"learned for {clock(outcome.polished_s)}" if outcome.polished_s else "predicted"
    return (
        f"{files}  ({outcome.seconds:.1f} s; strokes {learned}, the painting's colors)\n"
        f"Use it: vidstyle film.mp4 --style {outcome.others[0]}\n"
        "vidstyle train learns the painting's own strokes."
    )


@describe.register
def _(outcome: ExportResult) -> str:
    files = " and ".join([str(outcome.output), *(file.name for file in outcome.others)])
    difference = (
        f"differs by {outcome.mean_difference:.2f} of 255 levels on average, "
        f"{outcome.largest_difference} at most, SSIM {outcome.similarity:.4f}"
    )
    size = f"{outcome.output_bytes:,} bytes"
    return "\n".join([f"{files}  ({size}; {difference})", *_notes(outcome)])


@describe.register
def _(outcome: LiveReport) -> str:
    latency = f"{outcome.latency_p50_ms:.0f} ms behind, p99 {outcome.latency_p99_ms:.0f} ms"
    pace = f"{outcome.frames} pictures in {clock(outcome.seconds)}, {outcome.fps:.1f} fps"
    return (
        f"{pace}, {latency}, {outcome.dropped} dropped\n"
        f"{outcome.quality}, {outcome.keyframes} keyframes, {outcome.cores:.2f} cores"
    )


@describe.register
def _(outcome: Failure) -> str:
    return with_flags(outcome.error)


@singledispatch
def to_json(outcome: RunResult | Failure) -> dict[str, Any]:
    """Return the outcome of a run as plain data, for --json."""
    raise TypeError(type(outcome))


@to_json.register
def _(outcome: Result) -> dict[str, Any]:
    return {
        "input": str(outcome.input),
        "output": str(outcome.output),
        "style": outcome.style,
        "frames": outcome.frames,
        "keyframes": outcome.keyframes,
        "fps": round(outcome.fps, 2),
        "seconds": round(outcome.seconds, 3),
        "output_bytes": outcome.output_bytes,
        "damage": outcome.damage,
        "warnings": [with_flags(warning) for warning in outcome.warnings],
    }


@to_json.register
def _(outcome: TrainResult) -> dict[str, Any]:
    return {
        "output": str(outcome.output),
        "folder": str(outcome.folder),
        "others": [str(file) for file in outcome.others],
        "finished": outcome.finished,
        "steps": outcome.steps,
        "seconds": round(outcome.seconds, 3),
        "output_bytes": outcome.output_bytes,
        "losses": {name: round(value, 5) for name, value in outcome.losses.items()},
        "warnings": [with_flags(warning) for warning in outcome.warnings],
    }


@to_json.register
def _(outcome: PaintingResult) -> dict[str, Any]:
    return {
        "output": str(outcome.output),
        "others": [str(file) for file in outcome.others],
        "polished_s": outcome.polished_s,
        "seconds": round(outcome.seconds, 3),
        "output_bytes": outcome.output_bytes,
    }


@to_json.register
def _(outcome: ExportResult) -> dict[str, Any]:
    return {
        "output": str(outcome.output),
        "others": [str(file) for file in outcome.others],
        "style": outcome.style,
        "to": outcome.to,
        "output_bytes": outcome.output_bytes,
        "mean_difference": round(outcome.mean_difference, 4),
        "largest_difference": outcome.largest_difference,
        "similarity": round(outcome.similarity, 5),
        "warnings": [with_flags(warning) for warning in outcome.warnings],
        "seconds": round(outcome.seconds, 3),
    }


@to_json.register
def _(outcome: LiveReport) -> dict[str, Any]:
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in asdict(outcome).items()
    }


@to_json.register
def _(outcome: Failure) -> dict[str, Any]:
    return {"input": str(outcome.input), "error": describe(outcome)}


def batch_to_json(outcomes: Sequence[Result | Failure]) -> dict[str, Any]:
    """Return the outcomes of a batch as plain data, for --json."""
    return {
        "results": [to_json(outcome) for outcome in outcomes if isinstance(outcome, Result)],
        "failures": [to_json(outcome) for outcome in outcomes if isinstance(outcome, Failure)],
    }


def describe_work(work: UnfinishedWork) -> str:
    """Describe unfinished work in one line."""
    parts = [_size(work.bytes)]
    if work.seconds:
        parts.append(f"{clock(work.seconds)} of the film")
    if work.paintings:
        parts.append(f"{work.paintings} painting{'s' * (work.paintings > 1)}")
    if work.is_used:
        parts.append("in use, kept")
    elif work.is_deleted:
        parts.append("deleted, but for files of others" if work.holds_others else "deleted")
    return f"{work.folder}  {', '.join(parts)}"


def works_to_json(works: Sequence[UnfinishedWork]) -> list[dict[str, Any]]:
    """Return unfinished work as plain data, for --json."""
    return [asdict(work) | {"folder": str(work.folder)} for work in works]


def _notes(outcome: FileResult) -> list[str]:
    return [f"  note: {with_flags(warning)}" for warning in outcome.warnings]


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} KB"
