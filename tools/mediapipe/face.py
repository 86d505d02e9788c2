"""Face detection network: MediaPipe's file for faces up to five meters away, as ONNX.

    npm pack @mediapipe/face_detection && tar xf mediapipe-face_detection-*.tgz
    pip install tflite
    python -m tools.mediapipe.face package/face_detection_full_range.tflite

Writes models/face.onnx.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tools.mediapipe.shipping import ship
from tools.mediapipe.tflite_graph import IR_VERSION, OPSET, TFLiteGraph, tensor_name
from vidstyle.stylize.face_detector import CELLS, SIDE, VALUES

SOURCE = "https://www.npmjs.com/package/@mediapipe/face_detection 0.4.1657300184"
NOTICE = {
    "license": "Apache-2.0",
    "copyright": "The MediaPipe Authors",
    "source": f"{SOURCE}, face_detection_full_range.tflite",
    "changes": "converted to ONNX; uint8 input",
}


def main() -> None:
    """Write the network and enter it into the catalog."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", type=Path, help="face_detection_full_range.tflite")
    model = detection_model(TFLiteGraph(parser.parse_args().network))
    ship(model, "face", "faces", NOTICE, "python -m tools.mediapipe.face FILE.tflite")


def detection_model(graph: TFLiteGraph) -> onnx.ModelProto:
    """The network with the input "image" and the outputs "boxes" and "scores"."""
    boxes, scores = (tensor_name(number) for number in graph.outputs)
    inward = [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["levels", "level"], ["pixels"]),
        helper.make_node("Sub", ["pixels", "one"], ["signed"]),
        helper.make_node("Transpose", ["signed"], [tensor_name(graph.input)], perm=[0, 3, 1, 2]),
    ]
    outward = [
        helper.make_node("Identity", [boxes], ["boxes"]),
        helper.make_node("Identity", [scores], ["scores"]),
    ]
    level = numpy_helper.from_array(np.array(2 / 255, np.float32), "level")
    one = numpy_helper.from_array(np.array(1, np.float32), "one")
    shape = [1, SIDE, SIDE, 3]
    built = helper.make_graph(
        [*inward, *graph.nodes, *outward],
        "face",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, shape)],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, CELLS**2, values])
            for name, values in (("boxes", VALUES), ("scores", 1))
        ],
        [*graph.weights, level, one],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(built, opset_imports=opsets, ir_version=IR_VERSION)


if __name__ == "__main__":
    main()
