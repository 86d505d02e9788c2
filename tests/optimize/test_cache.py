"""A cache forgets what is old, and is never in the way."""

import os
from pathlib import Path

import numpy as np
import pytest

from vidstyle.optimize.cache import Cache

ARRAYS = {"fine": np.arange(6, dtype=np.float32).reshape(2, 3), "coarse/2": np.ones(3, np.float32)}


def test_what_is_put_is_there_for_the_next_one(tmp_path: Path) -> None:
    Cache(tmp_path / "new").put("key", ARRAYS)
    found = Cache(tmp_path / "new").get("key")
    assert found is not None
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


def test_another_key_finds_nothing(tmp_path: Path) -> None:
    Cache(tmp_path).put("key", ARRAYS)
    assert Cache(tmp_path).get("other key") is None


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("0", ARRAYS)
    size = next(tmp_path.iterdir()).stat().st_size
    small = Cache(tmp_path, limit_bytes=3.5 * size)
    for number in range(1, 3):
        small.put(str(number), ARRAYS)
    for age, file in enumerate(sorted(tmp_path.iterdir())):
        os.utime(file, (1000 + age, 1000 + age))
    assert small.get("0") is not None  # used just now
    small.put("3", ARRAYS)
    assert small.get("0") is not None
    assert small.get("3") is not None
    assert len(list(tmp_path.iterdir())) == 3


def test_a_damaged_entry_is_as_good_as_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("key", ARRAYS)
    next(tmp_path.iterdir()).write_bytes(b"half")
    assert cache.get("key") is None
    cache.put("key", ARRAYS)
    assert cache.get("key") is not None


def test_a_folder_that_cannot_be_written_costs_only_the_entry(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file" / "cache")
    cache.put("key", ARRAYS)
    assert "not kept for next time" in caplog.text
    assert cache.get("key") is None


def test_files_of_others_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.npz").write_bytes(bytes(1000))
    Cache(tmp_path, limit_bytes=1).put("key", ARRAYS)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.npz"]
