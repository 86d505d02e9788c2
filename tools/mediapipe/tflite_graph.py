"""TensorFlow Lite to ONNX: the operators of MediaPipe's networks for persons and faces.

TensorFlow Lite has channels last, ONNX first. Other networks need other operators.
"""

from pathlib import Path
from typing import Any

import numpy as np
import tflite
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

Weights = NDArray[np.float32]

OPSET, IR_VERSION = 17, 9
TYPES = {0: np.float32, 1: np.float16, 2: np.int32}  # by TensorFlow Lite's number
PLAIN = {
    "HARD_SWISH": "HardSwish",
    "RELU": "Relu",
    "LOGISTIC": "Sigmoid",
    "ADD": "Add",
    "MUL": "Mul",
    "MEAN": "GlobalAveragePool",
    "AVERAGE_POOL_2D": "GlobalAveragePool",
}
TWICE = "twice"  # initializer: the scales of an upsampling by 2


def tensor_name(number: int) -> str:
    """Name in the ONNX graph of a tensor of the TensorFlow Lite graph."""
    return f"t{number}"


class TFLiteGraph:
    """Nodes and weights of a .tflite file's only graph, as those of ONNX."""

    def __init__(self, file: Path) -> None:
        """Convert all operators.

        Raises:
            ValueError: an operator is in neither of these networks.
        """
        self._model = tflite.Model.GetRootAs(file.read_bytes(), 0)
        self._graph = self._model.Subgraphs(0)
        self._names = {
            number: name
            for name, number in vars(tflite.BuiltinOperator).items()
            if isinstance(number, int)
        }
        self._widened: dict[int, Weights] = {}  # float16 weights that DEQUANTIZE makes float32
        self.nodes: list[NodeProto] = []
        scales = np.array([1, 1, 2, 2], np.float32)
        self.weights: list[TensorProto] = [numpy_helper.from_array(scales, TWICE)]
        self.input = self._graph.Inputs(0)
        self.outputs = [int(number) for number in self._graph.OutputsAsNumpy()]
        for number in range(self._graph.OperatorsLength()):
            self._convert(self._graph.Operators(number))

    def _convert(self, operator: Any) -> None:
        code = self._model.OperatorCodes(operator.OpcodeIndex())
        kind = self._names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        inputs = [int(number) for number in operator.InputsAsNumpy()]
        output = int(operator.Outputs(0))
        if kind == "DEQUANTIZE":
            self._widened[output] = self._constant(inputs[0])
        elif kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            self._convolution(kind, inputs, output, operator.BuiltinOptions())
        elif kind == "RESIZE_BILINEAR":
            names = [tensor_name(inputs[0]), "", TWICE]
            self._node("Resize", names, output, mode="linear")  # half_pixel, as in the file
        elif kind == "CUSTOM" and code.CustomCode() == b"Convolution2DTransposeBias":
            kernel = self._weight(inputs[1], (3, 0, 1, 2))
            names = [tensor_name(inputs[0]), kernel, self._weight(inputs[2])]
            self._node("ConvTranspose", names, output, strides=[2, 2])
        elif kind == "PAD":
            self._more_channels(inputs, output)
        elif kind == "MAX_POOL_2D":
            names = [tensor_name(inputs[0])]
            self._node("MaxPool", names, output, kernel_shape=[2, 2], strides=[2, 2])
        elif kind == "RESHAPE":
            self._rows(inputs[0], output)
        elif kind in PLAIN:
            operands = inputs if kind in ("ADD", "MUL") else inputs[:1]
            self._node(PLAIN[kind], [tensor_name(number) for number in operands], output)
        else:
            raise ValueError(f"The operator {kind} is not converted.")

    def _convolution(self, kind: str, inputs: list[int], output: int, table: Any) -> None:
        """A convolution that keeps the size, or halves an even one."""
        deep = kind == "DEPTHWISE_CONV_2D"
        options = (tflite.DepthwiseConv2DOptions if deep else tflite.Conv2DOptions)()
        options.Init(table.Bytes, table.Pos)
        stride, (side, channels) = options.StrideH(), self._constant(inputs[1]).shape[2:]
        before, after = (side - stride) // 2, side - stride - (side - stride) // 2
        kernel = self._weight(inputs[1], (3, 0, 1, 2) if deep else (0, 3, 1, 2))
        self._node(
            "Conv",
            [tensor_name(inputs[0]), kernel, self._weight(inputs[2])],
            output,
            strides=[stride, stride],
            pads=[max(0, before), max(0, before), max(0, after), max(0, after)],
            group=channels if deep else 1,
        )

    def _more_channels(self, inputs: list[int], output: int) -> None:
        """Zeros as more channels, after those that are there."""
        after = self._constant(inputs[1])[3, 1]
        amounts = np.array([0, 0, 0, 0, 0, after, 0, 0], np.int64)
        self.weights.append(numpy_helper.from_array(amounts, f"w{output}"))
        self._node("Pad", [tensor_name(inputs[0]), f"w{output}"], output)

    def _rows(self, source: int, output: int) -> None:
        """NxCxHxW as NxHWxC: a row for each cell of the map."""
        cells, shape = f"{tensor_name(output)}_cells", f"w{output}"
        channels = self._graph.Tensors(source).ShapeAsNumpy()[-1]
        rows = np.array([0, -1, channels], np.int64)
        self.weights.append(numpy_helper.from_array(rows, shape))
        names = [tensor_name(source)]
        self.nodes.append(helper.make_node("Transpose", names, [cells], perm=[0, 2, 3, 1]))
        self._node("Reshape", [cells, shape], output)

    def _node(self, kind: str, names: list[str], output: int, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(kind, names, [tensor_name(output)], **attributes))

    def _weight(self, number: int, order: tuple[int, ...] | None = None) -> str:
        name = f"w{number}"
        constant = self._constant(number)
        array = constant if order is None else constant.transpose(order)
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def _constant(self, number: int) -> Weights:
        if number in self._widened:
            return self._widened[number]
        tensor = self._graph.Tensors(number)
        content = self._model.Buffers(tensor.Buffer()).DataAsNumpy().tobytes()
        flat = np.frombuffer(content, TYPES[tensor.Type()])
        return flat.reshape(tensor.ShapeAsNumpy()).astype(np.float32)
