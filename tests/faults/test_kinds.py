"""Set-up of the kinds of cases: the work folder that is a seed of the full quality."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults import kinds as module
from tests.faults import seeds
from tests.faults.kinds import PAINTED, Kinds

INTERRUPTED = f"""
import signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)
scene = Path("o.mp4.work", "scene-00000")
scene.mkdir(parents=True)
try:
    for number in range({PAINTED}):
        (scene / f"{{number}}.png").touch()
    time.sleep(60)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_a_failed_work_folder_can_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("clips", "networks", "archives"):
        monkeypatch.setattr(seeds, name, lambda folder: [])
    kinds, runs = Kinds(tmp_path), iter(["pass", "pass", INTERRUPTED])
    server: Any = None  # only for the cases
    monkeypatch.setattr(module, "vidstyle_with", lambda _: [sys.executable, "-c", next(runs)])
    for _ in range(2):
        with pytest.raises(AssertionError):
            kinds.make_work_folder(server)
    for _ in range(2):
        kinds.make_work_folder(server)
    assert len(kinds._work) == PAINTED
