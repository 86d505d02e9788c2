"""Protobuf fields, read and written."""

import pytest
from onnx import StringStringEntryProto

from vidstyle.stylize.protobuf import encoded, fields, messages


@pytest.mark.parametrize("size", [0, 1, 127, 128, 20_000])
def test_a_written_field_is_what_protobuf_writes(size: int) -> None:
    text = "x" * size
    wanted = StringStringEntryProto(key="k", value=text).SerializeToString()
    assert encoded(1, b"k") + encoded(2, text.encode()) == wanted


def test_fields_come_back_with_number_content_and_encoding() -> None:
    message = encoded(1, b"one") + b"\x18\xac\x02" + encoded(200, b"")
    read = list(fields(memoryview(message)))
    assert [number for number, _, _ in read] == [1, 3, 200]
    assert read[1][1] == 300
    assert b"".join(field for _, _, field in read) == message
    assert [bytes(part) for part in messages(memoryview(message), 1, 200)] == [b"one", b""]


@pytest.mark.parametrize("message", [b"\x0a\x05abc", b"\x0b", b"\xff" * 12, b"\x0a"])
def test_broken_messages_are_refused(message: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        list(fields(memoryview(message)))
