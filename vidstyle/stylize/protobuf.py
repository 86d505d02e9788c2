"""Protobuf messages: their fields read and written without generated code.

Only what .onnx files need here; https://protobuf.dev/programming-guides/encoding/.
"""

from collections.abc import Iterator

BYTES = 2  # wire type of messages, text and bytes


def messages(message: memoryview, *numbers: int) -> list[memoryview]:
    """Contents of the fields of these numbers that are messages, text or bytes."""
    return [
        value
        for number, value, _ in fields(message)
        if number in numbers and isinstance(value, memoryview)
    ]


def fields(message: memoryview) -> Iterator[tuple[int, int | memoryview | None, memoryview]]:
    """Yield the fields of a message: number, value, and all of the field as it is encoded.

    The value is an integer, or the content of a message, text or bytes; None for fixed-size
    numbers.

    Raises:
        ValueError, IndexError: the content is no protobuf message.
    """
    position = 0
    while position < len(message):
        start = position
        key, position = _varint(message, position)
        value: int | memoryview | None = None
        match key & 7:
            case 0:
                value, position = _varint(message, position)
            case 1:
                position += 8
            case 2:
                length, position = _varint(message, position)
                if length > len(message) - position:
                    raise ValueError("it is cut off.")
                value = message[position : position + length]
                position += length
            case 5:
                position += 4
            case _:
                raise ValueError("it is no ONNX file.")
        yield key >> 3, value, message[start:position]


def encoded(number: int, content: bytes) -> bytes:
    """A field with a message, text or bytes as its content."""
    return _encoded_varint(number << 3 | BYTES) + _encoded_varint(len(content)) + content


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """Decode a protobuf integer; return it and the position behind it."""
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("it is no ONNX file.")


def _encoded_varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
