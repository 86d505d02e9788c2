"""Metadata of .onnx files: their text entries read and replaced, without the ONNX package."""

from vidstyle.stylize.protobuf import encoded, fields, messages

METADATA, KEY, VALUE = 14, 1, 2  # field numbers of onnx.proto: ModelProto, StringStringEntryProto


def metadata_of(model: bytes) -> dict[str, str]:
    """Return the metadata entries of an .onnx file's content.

    Raises:
        ValueError, IndexError: the content is no ONNX file.
    """
    entries = messages(memoryview(model), METADATA)
    return {_text(entry, KEY): _text(entry, VALUE) for entry in entries}


def with_metadata(model: bytes, entries: dict[str, str]) -> bytes:
    """Return an .onnx file's content with metadata entries added or replaced."""
    kept = bytearray()
    for number, value, field in fields(memoryview(model)):
        if number != METADATA or _text(value, KEY) not in entries:
            kept += field
    for key, text in entries.items():
        entry = encoded(KEY, key.encode()) + encoded(VALUE, text.encode())
        kept += encoded(METADATA, entry)
    return bytes(kept)


def _text(entry: int | memoryview | None, number: int) -> str:
    assert isinstance(entry, memoryview)
    return b"".join(messages(entry, number)).decode()
