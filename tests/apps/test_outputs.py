"""Whether an output can be written is found out before any work."""

from pathlib import Path

import pytest

from vidstyle.apps.outputs import Result, check_target
from vidstyle.errors import SinkError


@pytest.fixture
def film(tmp_path: Path) -> Path:
    file = tmp_path / "film.mp4"
    file.touch()
    return file


def test_a_new_name_in_a_folder_is_fine(film: Path) -> None:
    check_target(film, film.with_name("new.mp4"), overwrite=False)


def test_an_existing_file_needs_permission(film: Path) -> None:
    old = film.with_name("old.mp4")
    old.touch()
    check_target(film, old, overwrite=True)
    with pytest.raises(SinkError, match="Allow overwriting"):
        check_target(film, old, overwrite=False)


def test_what_cannot_be_written_to_is_named(film: Path, tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="is a folder"):
        check_target(film, tmp_path, overwrite=True)
    with pytest.raises(SinkError, match=r"There is no folder .*nowhere"):
        check_target(film, tmp_path / "nowhere" / "a.mp4", overwrite=True)
    with pytest.raises(SinkError, match="is the input itself"):
        check_target(film, film, overwrite=True)


def test_a_folder_without_permission_is_named(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests may run as root, whom no permission stops.
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(SinkError, match="may not be written to"):
        check_target(film, film.with_name("new.mp4"), overwrite=False)


def test_speed_is_frames_by_seconds(film: Path) -> None:
    result = Result(
        input=film,
        output=film,
        style="ink",
        frames=50,
        keyframes=9,
        seconds=2.0,
        output_bytes=1,
    )
    assert result.fps == 25
