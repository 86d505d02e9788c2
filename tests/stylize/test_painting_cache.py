"""The cache of paintings' networks."""

import os
from pathlib import Path

import pytest

from tests.textures import noise_image
from vidstyle.frame import RGBImage
from vidstyle.stylize.model_metadata import with_metadata
from vidstyle.stylize.painting_cache import POLISHED_S, PaintingCache
from vidstyle.stylize.predictor import Paintings

PAINTING, OTHER = noise_image(64, 80, seed=1), noise_image(64, 80, seed=2)


@pytest.fixture
def network(inverter: Path) -> bytes:
    return with_metadata(inverter.read_bytes(), {POLISHED_S: "60"})


def alone(painting: RGBImage) -> Paintings:
    return [(painting, 1.0)]


def test_a_network_is_found_by_its_painting_in_another_process_too(
    tmp_path: Path, network: bytes
) -> None:
    PaintingCache(tmp_path).put(alone(PAINTING), b"plain", network)
    cache = PaintingCache(tmp_path)
    found = cache.get(alone(PAINTING))
    assert found is not None
    assert (found.plain.read_bytes(), found.int8.read_bytes()) == (b"plain", network)
    assert found.seconds == 60
    assert cache.get(alone(OTHER)) is None
    assert cache.get(alone(PAINTING.reshape(80, 64, 3))) is None


def test_a_mix_is_found_by_its_paintings_and_their_shares(tmp_path: Path, network: bytes) -> None:
    cache = PaintingCache(tmp_path)
    cache.put([(PAINTING, 0.6), (OTHER, 0.4)], b"plain", network)
    assert cache.get([(PAINTING, 0.6), (OTHER, 0.4)]) is not None
    assert cache.get([(PAINTING, 0.4), (OTHER, 0.6)]) is None
    assert cache.get([(OTHER, 0.6), (PAINTING, 0.4)]) is None
    assert cache.get(alone(PAINTING)) is None


def test_two_processes_at_once_make_one_file(tmp_path: Path, network: bytes) -> None:
    one, two = PaintingCache(tmp_path), PaintingCache(tmp_path)
    one.put(alone(PAINTING), b"first", network)
    two.put(alone(PAINTING), b"second", network)
    found = one.get(alone(PAINTING))
    assert found is not None and found.plain.read_bytes() == b"second"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"\x00\xff\x12", b"\x72\x7f"])
def test_a_damaged_file_is_none_and_is_written_anew(
    tmp_path: Path, network: bytes, damage: bytes
) -> None:
    cache = PaintingCache(tmp_path)
    cache.put(alone(PAINTING), b"plain", network)
    found = cache.get(alone(PAINTING))
    assert found is not None
    found.int8.write_bytes(damage)
    assert cache.get(alone(PAINTING)) is None
    cache.put(alone(PAINTING), b"plain", network)
    found.plain.unlink()
    assert cache.get(alone(PAINTING)) is None


def test_the_least_recently_used_go_first_and_foreign_files_stay(
    tmp_path: Path, network: bytes
) -> None:
    (tmp_path / "mine.onnx").write_text("mine")
    cache = PaintingCache(tmp_path, limit_bytes=2.5 * len(network))
    for seed in range(3):
        cache.put(alone(noise_image(64, 80, seed)), b"plain", network)
        for file in tmp_path.glob("*.onnx"):
            os.utime(file, (1000 * seed, 1000 * seed)) if file.stat().st_mtime > 1e6 else None
    kept = [cache.get(alone(noise_image(64, 80, seed))) is not None for seed in range(3)]
    assert kept == [False, True, True]
    assert (tmp_path / "mine.onnx").read_text() == "mine"


def test_both_files_of_a_painting_in_use_are_kept(tmp_path: Path, network: bytes) -> None:
    cache = PaintingCache(tmp_path, limit_bytes=2.5 * len(network))
    for seed in range(2):
        cache.put(alone(noise_image(64, 80, seed)), b"plain", network)
        for file in tmp_path.iterdir():
            os.utime(file, (1000 * seed, 1000 * seed)) if file.stat().st_mtime > 1e6 else None
    assert cache.get(alone(noise_image(64, 80, 0))) is not None  # used just now
    cache.put(alone(noise_image(64, 80, 2)), b"plain", network)
    kept = [cache.get(alone(noise_image(64, 80, seed))) is not None for seed in range(3)]
    assert kept == [True, False, True]


def test_a_folder_that_cannot_be_written_to_is_not_in_the_way(
    tmp_path: Path, network: bytes
) -> None:
    (tmp_path / "file").write_text("no folder")
    cache = PaintingCache(tmp_path / "file")
    cache.put(alone(PAINTING), b"plain", network)
    found = cache.get(alone(PAINTING))
    assert found is not None
    cache.close()
    cache.close()
    assert not found.plain.exists()
    assert cache.get(alone(PAINTING)) is None
