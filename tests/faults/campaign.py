"""Campaign: seeded cases of one kind until its time is up, with totals and kept findings."""

import json
import os
import random
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.runs import ForkServer, Outcome, Run, described, judged, with_words

Make = Callable[[random.Random, Path], Run]  # a case's run, in a new folder


@dataclass(frozen=True)
class Plan:
    """Extent of all campaigns, from pytest's options."""

    minutes: float  # of one kind
    seed: int
    number: int | None  # of the only case to run
    report: Path | None  # totals are appended to it, a line of JSON for each kind
    findings: Path  # folder that receives the cases with faults


@dataclass
class Totals:
    """Counts of one campaign."""

    cases: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    most_memory: int = 0

    def add(self, outcome: Outcome, faults: list[str]) -> bool:
        """Count a case; True if it has a fault that is new."""
        self.cases += 1
        self.codes[outcome.code] += 1
        self.slowest_s = max(self.slowest_s, outcome.seconds)
        self.most_memory = max(self.most_memory, outcome.memory)
        kind = _kind(outcome, faults)
        if kind:
            self.findings[kind] += 1
        return bool(kind) and self.findings[kind] == 1


def campaign(kind: str, make: Make, plan: Plan, scratch: Path, server: ForkServer) -> Totals:
    """Run cases until the time is up; findings are kept in a folder each.

    Args:
        kind: name, which is part of the seed.
        make: makes a case from its own source of chance.
        plan: time, seed and folders.
        scratch: existing folder for the cases, each of which is deleted.
        server: runs the command line.
    """
    totals = Totals()
    started = time.monotonic()
    for number in _numbers(plan, started):
        chance = random.Random(f"{plan.seed}/{kind}/{number}")
        beside = scratch / "case"
        folder = beside / "in"
        folder.mkdir(parents=True)
        run = make(chance, folder)
        outcome, faults = judged(server, run)
        if totals.add(outcome, faults):
            _keep(plan.findings / f"{kind}-{plan.seed}-{number}", server, run, outcome, faults)
        _delete(beside)
    if plan.report is not None:
        _append(plan.report, kind, totals, time.monotonic() - started)
    return totals


def _numbers(plan: Plan, started: float) -> Iterator[int]:
    if plan.number is not None:
        yield plan.number
        return
    number = 0
    while time.monotonic() - started < 60 * plan.minutes:
        yield number
        number += 1


def _kind(outcome: Outcome, faults: list[str]) -> str:
    """What is common to the findings of one cause; empty without faults."""
    if not faults:
        return ""
    riddle = re.search(r"Unexpected (.*)", outcome.err)
    return re.sub(r"\d+", "N", "; ".join([*faults, *(riddle.groups() if riddle else ())]))[:200]


def _keep(target: Path, server: ForkServer, run: Run, outcome: Outcome, faults: list[str]) -> None:
    """Copy a case with faults to a folder, with a second run that shows the traceback."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(run.folder, target / "in", symlinks=True)
    text = described(run, outcome, faults)
    if not run.signal and outcome.code == 1 and isinstance(run.around, nullcontext):
        shutil.rmtree(run.folder)
        shutil.copytree(target / "in", run.folder, symlinks=True)
        for name in run.outputs:
            (run.folder / name).unlink(missing_ok=True)
        text += "\n" + server.outcome(with_words(run, "--debug")).err
    (target / "finding.txt").write_text(text, encoding="utf-8")


def _delete(folder: Path) -> None:
    """Delete a case's folder, whatever its permissions are."""
    for path, folders, _ in os.walk(folder):
        for name in folders:
            (Path(path) / name).chmod(0o700)
    shutil.rmtree(folder)


def _append(report: Path, kind: str, totals: Totals, seconds: float) -> None:
    line = {
        "kind": kind, "seconds": round(seconds), "cases": totals.cases,
        "codes": dict(totals.codes), "findings": dict(totals.findings),
        "slowest_s": round(totals.slowest_s, 1), "most_mb": totals.most_memory >> 20,
    }  # fmt: skip
    with report.open("a", encoding="utf-8") as opened:
        opened.write(json.dumps(line) + "\n")
