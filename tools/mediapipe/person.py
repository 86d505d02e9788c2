"""Person segmentation network: MediaPipe's file as ONNX, with a presence score.

    npm pack @mediapipe/selfie_segmentation && tar xf mediapipe-selfie_segmentation-*.tgz
    pip install tflite
    python -m tools.mediapipe.person package/selfie_segmentation_landscape.tflite --photos PHOTOS

Writes models/person.onnx. `labels.json` says which photos show persons, and of which it is unclear.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tools.mediapipe.presence import (
    FEATURES,
    feature_nodes,
    fit_presence,
    labeled_photos,
    score_nodes,
)
from tools.mediapipe.shipping import ship
from tools.mediapipe.tflite_graph import IR_VERSION, OPSET, TFLiteGraph, tensor_name

SOURCE = "https://www.npmjs.com/package/@mediapipe/selfie_segmentation 0.1.1675465747"
NOTICE = {
    "license": "Apache-2.0",
    "copyright": "The MediaPipe Authors",
    "source": f"{SOURCE}, selfie_segmentation_landscape.tflite",
    "changes": "converted to ONNX; uint8 input; the output presence is new",
}


def main() -> None:
    """Write the network and enter it into the catalog."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", type=Path, help="selfie_segmentation_landscape.tflite")
    parser.add_argument("--photos", type=Path, required=True, help="folder")
    arguments = parser.parse_args()
    model = segmentation_model(TFLiteGraph(arguments.network))
    weights, bias = fit_presence(model, labeled_photos(arguments.photos))
    nodes, constants = score_nodes(weights, bias)
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(constants)
    model.graph.output.pop()
    model.graph.output.append(_value("presence", [1, 1, 1, 1]))
    command = "python -m tools.mediapipe.person FILE.tflite --photos PHOTOS"
    ship(model, "person", "segmentation", NOTICE, command)


def segmentation_model(graph: TFLiteGraph) -> onnx.ModelProto:
    """The network with the input "image" and the outputs "mask" and "features"."""
    first, mask = tensor_name(graph.input), tensor_name(graph.outputs[0])
    inward = [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["levels", "level"], ["pixels"]),
        helper.make_node("Transpose", ["pixels"], [first], perm=[0, 3, 1, 2]),
    ]
    outward, constants = feature_nodes(mask)
    outward.append(helper.make_node("Squeeze", [mask, "outer_axes"], ["mask"]))
    level = numpy_helper.from_array(np.array(1 / 255, np.float32), "level")
    axes = numpy_helper.from_array(np.array([0, 1], np.int64), "outer_axes")
    built = helper.make_graph(
        [*inward, *graph.nodes, *outward],
        "person",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, "height", "width", 3])],
        [_value("mask", ["height", "width"]), _value("features", [1, FEATURES, 1, 1])],
        [*graph.weights, *constants, level, axes],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(built, opset_imports=opsets, ir_version=IR_VERSION)


def _value(name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


if __name__ == "__main__":
    main()
