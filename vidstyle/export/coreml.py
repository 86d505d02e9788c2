"""Core ML packages of a generator's mobile form: an mlprogram from image to image.

Translated with the operators of coremltools, without PyTorch. Written on any system; Core ML itself
runs on Apple's only, so that elsewhere the structure is checked and no picture is painted.
"""

import io
import logging
import tempfile
import warnings
from collections.abc import Mapping
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, helper

from vidstyle.errors import StyleError
from vidstyle.export.mobile_form import COLORS, IMAGE, PAINTED
from vidstyle.graph.compact import Arrays, constants
from vidstyle.network.architecture import FINE

LEVEL = np.float32(255)


def coreml_files(
    mobile: ModelProto, size: tuple[int, int], about: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """Translate a mobile form to the files of an .mlpackage, by their path in that folder.

    Input `image` and output `painted` are RGB images; weights and arithmetic are float16. Runs from
    iOS 16 and macOS 13.

    Args:
        mobile: by `mobile_form`.
        size: width and height of the picture, multiples of `GRID`.
        about: entries of the generator's metadata.

    Raises:
        StyleError: the written package does not have the structure that is wanted.
    """
    ct = _coremltools()
    with (
        warnings.catch_warnings(),
        redirect_stderr(io.StringIO()),  # its progress bars
        tempfile.TemporaryDirectory() as folder,
    ):
        warnings.simplefilter("ignore")  # coremltools' warnings about itself
        model = ct.convert(
            _program(ct, mobile, size),
            inputs=[_image_type(ct, IMAGE, shape=(1, COLORS, *size[::-1]), scale=1 / LEVEL)],
            minimum_deployment_target=ct.target.iOS16,
            convert_to="mlprogram",
            skip_model_load=True,
        )
        model.short_description = "Style transfer network of vidstyle"
        model.user_defined_metadata.update(about or {})
        _check(model.get_spec(), size)
        package = Path(folder) / "generator.mlpackage"
        model.save(str(package))
        return {
            path.relative_to(package).as_posix(): path.read_bytes()
            for path in sorted(package.rglob("*"))
            if path.is_file()
        }


def _coremltools() -> Any:
    """Import coremltools without its messages on libraries that are missing or untested."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import coremltools
    finally:
        logging.disable(before)
    return coremltools


def _image_type(ct: Any, name: str, **more: Any) -> Any:
    return ct.ImageType(name=name, color_layout=ct.colorlayout.RGB, **more)


def _program(ct: Any, mobile: ModelProto, size: tuple[int, int]) -> Any:
    from coremltools.converters.mil import Builder

    nodes, arrays = list(mobile.graph.node), constants(mobile)

    @Builder.program(  # type: ignore[untyped-decorator]  # the package has no types
        input_specs=[Builder.TensorSpec(shape=(1, COLORS, *size[::-1]))],
        opset_version=ct.target.iOS16,
    )
    def program(image: Any) -> Any:
        values = {IMAGE: image}
        for node in nodes:
            values[node.output[0]] = _translated(Builder, node, values, arrays)
        clipped = Builder.clip(x=values[PAINTED], alpha=np.float32(0), beta=np.float32(1))
        return Builder.mul(x=clipped, y=LEVEL, name=PAINTED)

    program.functions["main"].set_output_types([_image_type(ct, PAINTED)])
    return program


def _translated(build: Any, node: NodeProto, values: dict[str, Any], arrays: Arrays) -> Any:
    """Add the operator of a node of the mobile form; return its output."""
    x = values[node.input[0]]
    if node.op_type == "Conv":
        settings = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        return build.conv(
            x=x,
            weight=arrays[node.input[1]],
            bias=arrays[node.input[2]],
            strides=settings["strides"],
            dilations=settings["dilations"],
            pad_type="custom",
            pad=settings["pads"],
        )
    if node.op_type == "Resize":
        sides = {"scale_factor_height": float(FINE), "scale_factor_width": float(FINE)}
        return build.upsample_bilinear(x=x, align_corners=False, **sides)
    if node.op_type == "Add":
        return build.add(x=x, y=values[node.input[1]])
    if node.op_type == "Relu":
        return build.relu(x=x)
    assert node.op_type == "DepthToSpace"
    return build.depth_to_space(x=x, block_size=FINE)


def _check(spec: Any, size: tuple[int, int]) -> None:
    ends = [*spec.description.input, *spec.description.output]
    found = [(end.name, end.type.imageType.width, end.type.imageType.height) for end in ends]
    if spec.WhichOneof("Type") != "mlProgram" or found != [(IMAGE, *size), (PAINTED, *size)]:
        raise StyleError(
            f"coremltools wrote {found} instead of an mlprogram from image to image. Install "
            "coremltools 9."
        )
