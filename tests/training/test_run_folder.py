"""Folder of a run: resumed or replaced on request, and never the user's own files."""

from pathlib import Path

import pytest

from tests.training.runs import names, run
from vidstyle.errors import SinkError, StyleError

pytestmark = pytest.mark.usefixtures("toys")


def test_what_an_earlier_run_left_is_replaced_only_when_asked(painting: Path) -> None:
    run(painting, steps=1)
    painting.with_name("style.onnx").unlink()
    stale = painting.with_name("style.training") / "step-0000099.png"
    stale.write_bytes(b"stale")
    with pytest.raises(SinkError, match=r"style\.training is left .*Resume it, or start afresh"):
        run(painting)
    assert stale.exists()
    run(painting, steps=1, overwrite=True)
    assert not stale.exists()


def test_nothing_to_resume_is_said_and_leaves_nothing(painting: Path) -> None:
    with pytest.raises(StyleError, match=r"no .*checkpoint\.pt to resume from"):
        run(painting, resume=True)
    assert names(painting) == ["painting.png"]


@pytest.mark.parametrize("name", ["diary.txt", "checkpoint.pt", ".checkpoint.partial.pt"])
def test_overwriting_deletes_no_file_that_a_run_did_not_write(painting: Path, name: str) -> None:
    folder = painting.with_name("style.training")
    folder.mkdir()
    (folder / name).write_text("ten years")
    with pytest.raises(SinkError, match=f"files that no training run wrote, such as {name}"):
        run(painting, overwrite=True)
    assert (folder / name).read_text() == "ten years"


def test_overwriting_follows_no_link(painting: Path) -> None:
    run(painting, steps=1)
    folder, mine = painting.with_name("style.training"), painting.with_name("mine")
    folder.rename(mine)
    folder.symlink_to(mine, target_is_directory=True)
    before = sorted(mine.iterdir())
    with pytest.raises(SinkError, match="is no folder of a training run"):
        run(painting, overwrite=True)
    assert sorted(mine.iterdir()) == before


def test_what_a_killed_run_left_half_written_goes(painting: Path) -> None:
    run(painting, steps=1)
    half = painting.with_name("style.training") / ".checkpoint.1234abcd.partial.pt"
    half.write_bytes(b"half")
    run(painting, steps=2, resume=True)
    assert not half.exists()
