"""A part file gives back its packets to the bit, or says that it is damaged."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests.processes import file_size_limit
from vidstyle.frame import Checkpoint
from vidstyle.media.part_file import FOOTER, DamagedPartError, PartPacket, PartReader, PartWriter

PACKETS = [
    PartPacket(b"first" * 400, 0, -7, 3, True),
    PartPacket(b"", 6, None, 0, False),
    PartPacket(b"\0last", -(1 << 40), 1 << 40, 1 << 33, False),
]
DESCRIPTION = {"run": {"crf": 20}, "number": 3}
UNTIL = Checkpoint(
    part=4, pts=90, frame=33, counts={"cuts": 2}, time_s=3.5, seconds=0.25, scene=2, change=1 / 3,
    exposure=(0.1, 2.0),
)  # fmt: skip


def written(path: Path, until: Checkpoint | None = UNTIL) -> Path:
    writer = PartWriter(path, DESCRIPTION, b"\1extra")
    for each in PACKETS:
        packet: Any = each.packet(Fraction(1, 90_000))
        writer.add(packet)
    return writer.finish(until)


@pytest.mark.parametrize("until", [UNTIL, None])
def test_everything_comes_back(tmp_path: Path, until: Checkpoint | None) -> None:
    with PartReader(written(tmp_path / "a.part", until)) as reader:
        assert (reader.description, reader.extradata) == (DESCRIPTION, b"\1extra")
        assert reader.run == {"crf": 20}
        assert (reader.end.frames, reader.end.until) == (3, until)
        reader.check()
        assert list(reader.packets()) == PACKETS
        assert list(reader.times()) == [each.pts for each in PACKETS]
    assert [file.name for file in tmp_path.iterdir()] == ["a.part"]


def test_a_damaged_size_ends_the_reading_of_times(tmp_path: Path) -> None:
    file = written(tmp_path / "a.part")
    content = file.read_bytes()
    place = content.index(b"first") - 4
    file.write_bytes(content[:place] + b"\xff\xff\xff\x7f" + content[place + 4 :])
    with PartReader(file) as reader, pytest.raises(DamagedPartError):
        reader.times()


def test_a_packet_is_one_of_pyav() -> None:
    packet = PACKETS[0].packet(Fraction(1, 25))
    assert isinstance(packet, av.Packet)
    assert (bytes(packet), packet.pts, packet.dts, packet.duration) == (b"first" * 400, 0, -7, 3)
    assert (packet.time_base, packet.is_keyframe) == (Fraction(1, 25), True)


def test_an_unfinished_file_has_no_final_name(tmp_path: Path) -> None:
    writer = PartWriter(tmp_path / "a.part", {}, b"")
    writer.add(PACKETS[0].packet(Fraction(1)))
    assert not (tmp_path / "a.part").exists()
    writer.discard()
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    writer = PartWriter(tmp_path / "a.part", {}, b"")
    writer.add(PACKETS[0].packet(Fraction(1)))
    with file_size_limit(100), pytest.raises(OSError):
        writer.finish(None)
    writer.discard()
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_full_at_the_first_bytes_leaves_nothing(tmp_path: Path) -> None:
    with file_size_limit(100), pytest.raises(OSError):
        PartWriter(tmp_path / "a.part", {}, bytes(100_000))
    assert not list(tmp_path.iterdir())


def test_every_changed_byte_is_noticed(tmp_path: Path) -> None:
    content = written(tmp_path / "a.part").read_bytes()
    for place in [*range(0, len(content), 13), len(content) - 1]:
        damaged = bytearray(content)
        damaged[place] ^= 1
        (tmp_path / "a.part").write_bytes(damaged)
        with pytest.raises(DamagedPartError), PartReader(tmp_path / "a.part") as reader:
            reader.check()
        with pytest.raises(DamagedPartError), PartReader(tmp_path / "a.part") as reader:
            list(reader.packets())


@pytest.mark.parametrize("length", [0, 5, 16, 60, 2000, -1])
def test_a_cut_off_file_is_noticed(tmp_path: Path, length: int) -> None:
    path = written(tmp_path / "a.part")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DamagedPartError), PartReader(path) as reader:
        reader.check()


@pytest.mark.parametrize("content", [b"", b"no part", b"vidstyle part 1\n[]\n" + bytes(12)])
def test_other_files_are_no_parts(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.part").write_bytes(content)
    with pytest.raises(DamagedPartError):
        PartReader(tmp_path / "a.part")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"pts": 90', b'"pts": "x"'), (b'"part": 4', b'"part": []'), (b"3.5", b"NaN"),
        (b'"frames": 3', b'"frames": {}'), (b'"counts": {"cuts": 2}', b'"counts": [1]'),
        (b'"run": {"crf": 20}', b'"run": 7'), (b'"until": {', b'"until": 5, "x": {'),
    ],
)  # fmt: skip
def test_values_of_wrong_types_are_damage(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = written(tmp_path / "a.part")
    content = path.read_bytes()
    head, foot = content[: -FOOTER.size], content[-FOOTER.size :]
    changed = head.replace(old, new)
    mark, length, crc = FOOTER.unpack(foot)
    length += (len(changed) - len(head)) * (old not in content[:200])
    path.write_bytes(changed + FOOTER.pack(mark, length, crc))
    assert changed != head
    with pytest.raises(DamagedPartError):
        PartReader(path)
