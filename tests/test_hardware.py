"""What this machine has, against what the system says elsewhere."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from vidstyle.hardware import (
    ThreadPlan,
    int8_instructions,
    memory_gb,
    processor_name,
    resident_mb,
    usable_cores,
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc")


@pytest.mark.parametrize("cores", [1, 2, 3, 4, 8, 64])
@pytest.mark.parametrize("every_frame", [False, True])
def test_every_stage_has_a_thread_and_none_more_than_the_cores(
    cores: int, every_frame: bool
) -> None:
    plan = ThreadPlan.for_cores(cores, every_frame)
    counts = (plan.decoder, plan.painters, plan.opencv, plan.encoder)
    assert plan.cores == cores
    assert all(1 <= count <= cores for count in counts)


def test_where_every_frame_is_painted_all_cores_paint() -> None:
    assert ThreadPlan.for_cores(8, every_frame=True).painters == 8
    assert ThreadPlan.for_cores(8, every_frame=False).painters < 8


@pytest.mark.parametrize(
    ("flags", "there"),
    [("sse4_2 avx2 avx512_vnni", True), ("avx2 avx_vnni", True), ("avx2 avx512f", False)],
)
def test_int8_instructions_are_told_by_the_flags(
    flags: str, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: f"flags\t: fpu {flags}\nbugs: none\n")
    assert int8_instructions() is there


def test_where_the_system_does_not_tell_int8_is_unknown_but_apple_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_: object, **__: object) -> str:
        raise OSError

    monkeypatch.setattr(Path, "read_text", missing)
    monkeypatch.setattr(sys, "platform", "win32")
    assert int8_instructions() is None
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert int8_instructions() is True


def test_two_cores_are_not_split_up_inside_opencv() -> None:
    assert [ThreadPlan.for_cores(n, False).opencv for n in (1, 2, 4, 8, 64)] == [1, 1, 2, 4, 4]


@linux
def test_usable_cores_are_those_that_this_process_may_use() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert usable_cores() == len(allowed)


@linux
def test_the_memory_is_that_of_meminfo() -> None:
    total = next(
        line for line in Path("/proc/meminfo").read_text().splitlines() if "MemTotal" in line
    )
    assert memory_gb() == pytest.approx(int(total.split()[1]) * 1024 / 1e9, rel=0.01)


@linux
def test_memory_that_is_taken_shows() -> None:
    before = resident_mb()
    taken = np.ones(64 << 20, np.uint8)
    after = resident_mb()
    assert before is not None
    assert after is not None
    assert 60 < after - before < 80
    assert taken.all()


@linux
def test_the_processor_has_the_name_of_cpuinfo() -> None:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    if "model name" in text:
        assert f": {processor_name()}\n" in text
    assert processor_name()


def test_a_system_that_does_not_say_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> int:
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(os, "sysconf", unknown, raising=False)
    assert memory_gb() is None
    assert resident_mb() is None
