"""Metadata entries of .onnx files."""

from pathlib import Path

import onnx
import pytest

from vidstyle.stylize.model_metadata import metadata_of, with_metadata


def test_metadata_is_replaced_and_all_else_kept(inverter: Path) -> None:
    before = onnx.load(inverter)
    changed = with_metadata(with_metadata(inverter.read_bytes(), {"a": "1", "b": "2"}), {"a": "3"})
    after = onnx.load_from_string(changed)
    assert after.graph == before.graph
    about = [(p.key, p.value) for p in after.metadata_props]
    assert about == [*((p.key, p.value) for p in before.metadata_props), ("b", "2"), ("a", "3")]


def test_metadata_is_read_as_the_onnx_package_reads_it(inverter: Path) -> None:
    changed = with_metadata(inverter.read_bytes(), {"palette": "1 2", "name": "Jäger"})
    expected = {p.key: p.value for p in onnx.load_from_string(changed).metadata_props}
    assert metadata_of(changed) == expected
    assert expected["name"] == "Jäger"


@pytest.mark.parametrize("content", [b"no model at all", b"\x72\x7f"])
def test_damaged_content_is_an_error(content: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        metadata_of(content)
