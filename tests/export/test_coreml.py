import pytest

from tests.export.test_mobile_form import shipped
from vidstyle.export.mobile_form import mobile_form


@pytest.mark.slow
def test_a_package_is_a_program_from_image_to_image() -> None:
    pytest.importorskip("coremltools", reason='needs the extra "export"')
    from coremltools.proto import Model_pb2

    from vidstyle.export.coreml import coreml_files

    files = coreml_files(mobile_form(shipped("udnie-17k")), (96, 64), {"light": "even"})
    spec = Model_pb2.Model()
    (name,) = (name for name in files if name.endswith(".mlmodel"))
    spec.ParseFromString(files[name])
    for end, named in ((spec.description.input, "image"), (spec.description.output, "painted")):
        assert [each.name for each in end] == [named]
        assert (end[0].type.imageType.width, end[0].type.imageType.height) == (96, 64)
    assert spec.description.metadata.userDefined["light"] == "even"
    (block,) = spec.mlProgram.functions["main"].block_specializations.values()
    kinds = [each.type for each in block.operations if each.type != "const"]
    assert kinds.count("conv") == 9
    assert kinds.count("depth_to_space") == kinds.count("upsample_bilinear") == 1
    assert sum(map(len, files.values())) < 60_000
