"""TensorFlow Lite (LiteRT) files of a generator's mobile form, in float32 or int8.

Written with the FlatBuffers classes of the package ai-edge-litert: no PyTorch, no TensorFlow. Input
`image` and output `painted` are 1xHxWx3 float32 RGB 0..1 in both kinds, as LiteRT in a browser
takes no int8 tensors at its border. A file has one picture size.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from onnx import ModelProto, NodeProto, helper

from vidstyle.export.comparison import as_levels
from vidstyle.export.int8_scales import Step, int8_kernel, tensor_roles
from vidstyle.export.mobile_form import COLORS, IMAGE, PAINTED
from vidstyle.frame import RGBImage
from vidstyle.graph.compact import Array, constants
from vidstyle.network.architecture import FINE

IDENTIFIER, SCHEMA_VERSION = b"TFL3", 3
ALIGNMENT = 16  # bytes, of constants in a file
SAME = 0  # padding that keeps the size
# By ONNX operator, or by name: LiteRT's operator, its options, and its version for int8.
OPERATORS = {
    "Conv": ("CONV_2D", "Conv2DOptions", 3),
    "Add": ("ADD", "AddOptions", 2),
    "Resize": ("RESIZE_BILINEAR", "ResizeBilinearOptions", 3),
    "DepthToSpace": ("DEPTH_TO_SPACE", "DepthToSpaceOptions", 1),
    "Quantize": ("QUANTIZE", "QuantizeOptions", 1),
    "Dequantize": ("DEQUANTIZE", "DequantizeOptions", 2),
}
TYPES = {"float32": "FLOAT32", "int32": "INT32", "int8": "INT8"}


def tflite_file(
    mobile: ModelProto,
    size: tuple[int, int],
    steps: Mapping[str, Step] | None = None,
    about: Mapping[str, str] | None = None,
) -> bytes:
    """Translate a mobile form to a .tflite file.

    Args:
        mobile: by `mobile_form`; of a quantized generator for int8.
        size: width and height of the picture, multiples of `GRID`.
        steps: by `int8_steps` for int8; None for float32.
        about: entries of the generator's metadata, stored as JSON in the metadata `vidstyle`.
    """
    graph = _Translator(mobile, size, steps)
    graph.translate()
    return graph.file.content(about or {})


def paint_with_tflite(content: bytes, image: RGBImage) -> RGBImage:
    """Run a .tflite file on a picture of its size, HxWx3 uint8 RGB, in one thread."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    run = interpreter.get_signature_runner()
    painted = run(**{IMAGE: image[np.newaxis] / np.float32(255)})[PAINTED][0]
    return as_levels(painted)


class _Translator:
    """Translates a mobile form node by node; a ReLU becomes part of the operator before it."""

    def __init__(
        self, mobile: ModelProto, size: tuple[int, int], steps: Mapping[str, Step] | None
    ) -> None:
        self.file = _FileBuilder()
        self._nodes, self._arrays = list(mobile.graph.node), constants(mobile)
        self._roles, self._steps = tensor_roles(self._nodes) | {IMAGE: IMAGE}, steps
        self._shapes: dict[str, tuple[int, ...]] = {IMAGE: (1, size[1], size[0], COLORS)}
        self._places = dict[str, int]()  # of computed tensors in the file
        self._kinds = {
            "Conv": self._convolution,
            "Add": self._sum,
            "Resize": self._enlargement,
            "DepthToSpace": self._pixels,
        }

    def translate(self) -> None:
        """Add all nodes, the input and the output."""
        first = self._places[IMAGE] = self.file.tensor(IMAGE, self._shapes[IMAGE])
        if self._steps is not None:
            self._places[IMAGE] = self.file.tensor("levels", self._shapes[IMAGE], self._step(IMAGE))
            self.file.operator("Quantize", [first], self._places[IMAGE])
        for node in self._nodes:
            if node.op_type != "Relu":
                self._kinds[node.op_type](node)
        last = self._places[PAINTED]
        if self._steps is not None:
            last = self.file.tensor(PAINTED, self._shapes[PAINTED])
            self.file.operator("Dequantize", [self._places[PAINTED]], last)
        self.file.connect(first, last)

    def _convolution(self, node: NodeProto) -> None:
        settings = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        (step, _), (dilation, _) = settings["strides"], settings["dilations"]
        weights = [self._arrays[name] for name in node.input[1:]]
        _, height, width, _ = self._shapes[node.input[0]]
        shape = (1, height // step, width // step, len(weights[0]))
        sides = {"strideH": step, "strideW": step}
        dilations = {"dilationHFactor": dilation, "dilationWFactor": dilation}
        self._add(node, shape, self._weights(node, *weights), padding=SAME, **sides, **dilations)

    def _sum(self, node: NodeProto) -> None:
        self._add(node, self._shapes[node.input[0]], [self._places[node.input[1]]])

    def _enlargement(self, node: NodeProto) -> None:
        _, height, width, channels = self._shapes[node.input[0]]
        shape = (1, FINE * height, FINE * width, channels)
        sides = self.file.constant("enlarge.size", np.array(shape[1:3], np.int32))
        self._add(node, shape, [sides], halfPixelCenters=True)

    def _pixels(self, node: NodeProto) -> None:
        _, height, width, _ = self._shapes[node.input[0]]
        self._add(node, (1, FINE * height, FINE * width, COLORS), blockSize=FINE)

    def _add(
        self, node: NodeProto, shape: tuple[int, ...], more: Sequence[int] = (), **settings: Any
    ) -> None:
        """Add an operator on a node's first input and more tensors; with the ReLU after it."""
        output = node.output[0]
        relu = next(
            (n for n in self._nodes if n.op_type == "Relu" and n.input[0] == node.output[0]), None
        )
        if relu is not None:
            output = relu.output[0]
            settings["fusedActivationFunction"] = schema.ActivationFunctionType.RELU
        name = output if output == PAINTED and self._steps is None else self._roles[output]
        place = self.file.tensor(name, shape, self._step(output))
        self.file.operator(node.op_type, [self._places[node.input[0]], *more], place, **settings)
        self._shapes[output], self._places[output] = shape, place

    def _weights(self, node: NodeProto, kernel: Array, bias: Array) -> list[int]:
        """Add a convolution's kernel (OxIxHxW) and bias; return their places."""
        step, scales, units = self._step(node.input[0]), None, None
        if step is not None:
            kernel, scales = int8_kernel(kernel)
            units = (step[0] * scales.astype(np.float64)).astype(np.float32)
            bias = np.rint(bias / units).astype(np.int32)
        return [
            self.file.constant(f"{node.name}.weight", kernel.transpose(0, 2, 3, 1), scales),
            self.file.constant(f"{node.name}.bias", bias, units),
        ]

    def _step(self, name: str) -> Step | None:
        return None if self._steps is None else self._steps[self._roles[name]]


class _FileBuilder:
    """Builds a file with one graph, tensor by tensor and operator by operator."""

    def __init__(self) -> None:
        self._graph = schema.SubGraphT(name="generator", tensors=[], operators=[])
        self._model = schema.ModelT(
            version=SCHEMA_VERSION,
            description="vidstyle",
            subgraphs=[self._graph],
            operatorCodes=[],
            buffers=[_Buffer()],  # of tensors without constant values
        )
        self._kinds = list[str]()

    def tensor(self, name: str, shape: Sequence[int], step: Step | None = None) -> int:
        """Add a computed tensor, int8 with a step, else float32; return its place."""
        tensor = schema.TensorT(name=name, shape=list(shape), hasRank=True)
        if step is not None:
            tensor.type = schema.TensorType.INT8
            tensor.quantization = _quantization([step[0]], [step[1]])
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def constant(self, name: str, array: Array, scales: Array | None = None) -> int:
        """Add a constant, with a scale per first index if it is quantized; return its place."""
        place = self.tensor(name, array.shape)
        tensor = self._graph.tensors[place]
        tensor.type = getattr(schema.TensorType, TYPES[array.dtype.name])
        tensor.buffer = self._buffer(array.tobytes())
        if scales is not None:
            tensor.quantization = _quantization(scales, np.zeros(len(scales), np.int64))
        return place

    def operator(self, kind: str, inputs: Sequence[int], output: int, **settings: Any) -> None:
        """Add an operator of `OPERATORS` with its options."""
        name, options, version = OPERATORS[kind]
        if kind not in self._kinds:
            self._kinds.append(kind)
            code = getattr(schema.BuiltinOperator, name)
            self._model.operatorCodes.append(schema.OperatorCodeT(code, None, version, code))
        self._graph.operators.append(
            schema.OperatorT(
                opcodeIndex=self._kinds.index(kind),
                inputs=list(inputs),
                outputs=[output],
                builtinOptionsType=getattr(schema.BuiltinOptions, options),
                builtinOptions=getattr(schema, f"{options}T")(**settings),
            )
        )

    def connect(self, first: int, last: int) -> None:
        """Declare the input and the output, also as the signature `serving_default`."""
        self._graph.inputs, self._graph.outputs = [first], [last]
        ends = [[schema.TensorMapT(*end)] for end in ((IMAGE, first), (PAINTED, last))]
        self._model.signatureDefs = [schema.SignatureDefT(*ends, "serving_default", 0)]

    def content(self, about: Mapping[str, str]) -> bytes:
        """Return the finished file."""
        facts = self._buffer(json.dumps(dict(about)).encode())
        self._model.metadata = [schema.MetadataT("vidstyle", facts)]
        builder = flatbuffers.Builder()
        builder.Finish(self._model.Pack(builder), IDENTIFIER)
        return bytes(builder.Output())

    def _buffer(self, content: bytes) -> int:
        self._model.buffers.append(_Buffer(content))
        return len(self._model.buffers) - 1


def _quantization(scales: Any, zeros: Any) -> Any:
    return schema.QuantizationParametersT(scale=scales, zeroPoint=zeros)


class _Buffer(schema.BufferT):  # type: ignore[misc]  # the package has no types
    """Buffer with aligned content; that of the generated class starts anywhere."""

    def Pack(self, builder: Any) -> Any:  # noqa: N802  # of the generated class
        content = self.data
        if content is not None:
            builder.StartVector(1, len(content), ALIGNMENT)
            builder.head -= len(content)
            builder.Bytes[builder.head : builder.head + len(content)] = content
            content = builder.EndVector()
        schema.BufferStart(builder)
        if content is not None:
            schema.BufferAddData(builder, content)
        return schema.BufferEnd(builder)
