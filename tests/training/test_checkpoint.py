"""Checkpoint files: complete or not there, and refused where they do not belong."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from vidstyle.errors import SinkError, StyleError
from vidstyle.training.checkpoint import VERSION, read_checkpoint, write_checkpoint

ABOUT = {"painting": "a", "size": "17k"}
STATE: dict[str, Any] = {
    "step": 7,
    "weights": {"stem": torch.arange(3000, dtype=torch.float32).reshape(10, 300)},
    "history": [{"style": 0.5}, {"style": 0.25}],
}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    (tmp_path / "made").mkdir()
    file = tmp_path / "made" / "run.pt"
    write_checkpoint(file, ABOUT, STATE)
    return file


def test_a_state_comes_back_to_the_bit(checkpoint: Path) -> None:
    found = read_checkpoint(checkpoint, ABOUT)
    assert found.keys() == {"version", "about", *STATE}
    assert (found["version"], found["about"]) == (VERSION, ABOUT)
    assert (found["step"], found["history"]) == (7, STATE["history"])
    assert torch.equal(found["weights"]["stem"], STATE["weights"]["stem"])
    assert [path.name for path in checkpoint.parent.iterdir()] == ["run.pt"]


def test_any_run_may_be_read_where_nothing_must_agree(checkpoint: Path) -> None:
    assert read_checkpoint(checkpoint)["step"] == 7


@pytest.mark.parametrize(
    ("about", "named"),
    [
        ({"painting": "b", "size": "17k"}, "painting"),
        ({"painting": "b", "size": "55k"}, "painting and size"),
        (ABOUT | {"seed": 1}, "seed"),
    ],
)
def test_another_run_is_refused_and_what_differs_is_named(
    checkpoint: Path, about: dict[str, Any], named: str
) -> None:
    with pytest.raises(StyleError, match=rf"was made with another {named}\. Resume") as raised:
        read_checkpoint(checkpoint, about)
    assert "\n" not in str(raised.value)


def test_facts_that_need_not_agree_are_ignored(checkpoint: Path) -> None:
    assert read_checkpoint(checkpoint, {"size": "17k"})["step"] == 7


def test_a_disk_that_refuses_leaves_the_checkpoint_before(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    old = checkpoint.read_bytes()
    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(SinkError, match=r"run\.pt \(No space left on device\).* resume") as raised:
        write_checkpoint(checkpoint, ABOUT, STATE | {"step": 8})
    monkeypatch.undo()
    assert "\n" not in str(raised.value)
    assert checkpoint.read_bytes() == old
    assert [path.name for path in checkpoint.parent.iterdir()] == ["run.pt"]


def test_no_code_in_a_file_is_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return Path.touch, (Path(tmp_path / "touched"),)  # type: ignore[return-value]

    torch.save({"version": VERSION, "about": ABOUT, "step": Evil()}, tmp_path / "run.pt")
    with pytest.raises(StyleError, match="is broken"):
        read_checkpoint(tmp_path / "run.pt")
    assert not (tmp_path / "touched").exists()


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def replace_by_text(file: Path) -> None:
    file.write_text("no checkpoint at all")


def empty(file: Path) -> None:
    file.write_bytes(b"")


def replace_by_weights(file: Path) -> None:
    torch.save({"stem.weight": torch.zeros(3)}, file)


def date_otherwise(file: Path) -> None:
    torch.save(torch.load(file) | {"version": 99}, file)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut, r"run\.pt is broken\. Start afresh\."),
        (empty, r"run\.pt is broken"),
        (replace_by_text, r"run\.pt is broken"),
        (replace_by_weights, r"run\.pt is broken"),
        (date_otherwise, r"run\.pt is a checkpoint of version 99; this vidstyle reads version 2\."),
        (Path.unlink, r"There is no .*run\.pt to resume from\. Start without resuming\."),
    ],
)
def test_a_checkpoint_that_cannot_be_read_is_said(
    checkpoint: Path, tmp_path: Path, damage: Callable[[Path], None], reason: str
) -> None:
    file = tmp_path / "run.pt"
    file.write_bytes(checkpoint.read_bytes())
    read_checkpoint(file)  # so far it is fine
    damage(file)
    with pytest.raises(StyleError) as raised:
        read_checkpoint(file)
    assert re.search(reason, raised.value.message)
    assert "\n" not in str(raised.value)
