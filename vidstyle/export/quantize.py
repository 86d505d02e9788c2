"""From an exported generator to one that computes in int8: static QDQ, calibrated on photos.

Each int8 convolution has QuantizeLinear and DequantizeLinear around it, which ONNX Runtime fuses
with it. Written out here, because with onnxruntime.quantization the same layers took 59 KB instead
of 48 and came out less similar (SSIM 0.972 and 0.984), and because it changes its argument.
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper

from vidstyle.errors import StyleError
from vidstyle.export.graph import (
    Array,
    Arrays,
    compacted,
    expanded,
    int8_code,
    model_of,
    needed,
    stored_code,
)
from vidstyle.export.int8_layout import (
    APART,
    COPIES,
    ENLARGE,
    Builder,
    by_cells,
    laid_out,
    laying_out,
    stored_shape,
)
from vidstyle.frame import RGBImage
from vidstyle.media.atomic import write_whole
from vidstyle.metrics import structural_similarity
from vidstyle.network.architecture import FINE, GRID, LARGEST_CODE

LEAST_SIMILARITY = 0.97  # mean SSIM to the picture computed in float32
SAMPLES = 8192  # values of each tensor from each image
SHARES = np.linspace(0.1, 1, 46)  # of a tensor's range on each side of zero, that int8 may cover
OUTERMOST = (0.2, 99.8)  # percentiles that count as a channel's ends
SPARSE = 4  # px; from one place that is looked at for them to the next
ROUNDS = 2  # of looking for the better end on one side, then the other

Step = tuple[np.float32, np.uint8]  # scale and zero point


def quantize(file: Path, images: Sequence[RGBImage], output: Path) -> float:
    """Write an exported generator again, computing in int8 with uint8 activations.

    Input and output stay what they are in `file`, and so do the facts in its metadata.

    Args:
        images: photos to calibrate on, HxWx3 uint8 RGB of any size; two dozen are plenty.

    Returns:
        The mean structural similarity to what `file` paints of the same images.

    Raises:
        StyleError: they are less similar than 0.97; nothing was written.
    """
    model = onnx.load(file)
    batches = [_batch(image, model) for image in images]
    result = quantized(model, batches)
    similarity = _similarity(model, result, batches)
    if not similarity >= LEAST_SIMILARITY:
        raise StyleError(
            f"In int8, {file} paints pictures that are only {similarity:.3f} similar to those in "
            f"float32; {LEAST_SIMILARITY} is wanted."
        )
    write_whole(output, result.SerializeToString(deterministic=True))
    return similarity


def quantized(model: ModelProto, batches: Sequence[Array]) -> ModelProto:
    """The model in int8, whatever that costs in similarity.

    Args:
        batches: what the model takes as input, to calibrate on.
    """
    nodes, arrays = expanded(model)
    _center_addends(nodes, arrays, model, batches)
    nodes = by_cells(nodes, arrays, model.graph.input[0].name)
    exact = {
        node.input[1]: laid_out(node.name, arrays[node.input[1]])
        for node in nodes
        if node.name in COPIES
    }
    steps = _steps(model_of(model, nodes, arrays | exact), _rounding_points(nodes), batches)
    rewritten = []
    for node in nodes:
        if node.op_type == "Conv" and node.name != ENLARGE:
            rewritten += _int8_kernel(node, arrays)
        rounded = "levels" if node.name.startswith(APART) else "rounded"  # these move bytes
        node.input[:] = [f"{name}/{rounded}" if name in steps else name for name in node.input]
        if not (node.op_type == "Relu" and node.output[0] in steps):  # rounding to bytes does it
            rewritten.append(node)
        rewritten += _rounding(node, steps, arrays)
    about = {entry.key: entry.value for entry in model.metadata_props}
    return compacted(model_of(model, needed(rewritten, model), arrays), about)


def _rounding_points(nodes: Sequence[NodeProto]) -> list[str]:
    """What convolutions read and write, and sums.

    A ReLU behind a convolution or a sum is part of it. What comes from or goes to bytes is rounded
    as it is.
    """
    levels = {node.output[0] for node in nodes if node.op_type == "DequantizeLinear"}
    levels |= {node.input[0] for node in nodes if node.op_type == "QuantizeLinear"}
    points: dict[str, None] = {}
    for node in nodes:
        if node.op_type in ("Conv", "Add"):
            users = [user for user in nodes if node.output[0] in user.input]
            last = users[0] if len(users) == 1 and users[0].op_type == "Relu" else node
            points |= dict.fromkeys([node.input[0], last.output[0]])
    return [name for name in points if name not in levels]


def _steps(model: ModelProto, points: Sequence[str], batches: Sequence[Array]) -> dict[str, Step]:
    """Scale and zero point of each tensor; those of the picture, with its 256 levels, are known."""
    nodes = model.graph.node
    picture = next(node for node in nodes if node.op_type == "Conv").input[0]
    chosen = [name for name in points if name != picture]
    added = _added_before_relu(nodes)
    measured = dict.fromkeys([*chosen, *(added[name] for name in chosen if name in added)])
    samples: dict[str, list[Array]] = {name: [] for name in measured}
    for number, tensors in enumerate(_seen(model, list(measured), batches)):
        for name, values in tensors.items():
            # The same places wherever shapes are the same: what is added stays together.
            places = np.random.default_rng(number).integers(values.size, size=SAMPLES)
            samples[name].append(values.ravel()[places])
    drawn = {name: np.concatenate(values) for name, values in samples.items()}
    steps = {name: _best_step(drawn[name], drawn.get(added.get(name, ""))) for name in chosen}
    moves = [node for node in nodes if node.name.startswith(APART)]
    steps[moves[-1].output[0]] = steps[moves[0].input[0]]
    if picture in points:
        steps[picture] = (np.float32(1 / 255), np.uint8(0))
    return steps


def _seen(
    model: ModelProto, names: Sequence[str], batches: Sequence[Array]
) -> Iterator[dict[str, Array]]:
    """What these tensors are for each batch."""
    probe = deepcopy(model)
    probe.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = _session(probe)
    for batch in batches:
        yield dict(zip(names, _run(session, batch)[1:], strict=True))


def _center_addends(
    nodes: Sequence[NodeProto], arrays: Arrays, model: ModelProto, batches: Sequence[Array]
) -> None:
    """Where a ReLU takes a sum, bring all channels of the second addend around zero.

    The first one gets what the second loses, through their convolutions' biases. One step serves
    all channels of a tensor; it is the finer the less they lie apart. A busy style went from an
    SSIM of 0.970 to 0.977.
    """
    makers = {name: node for node in nodes for name in node.output}
    plain = model_of(model, nodes, arrays)
    for node in _sums_before_relu(nodes):
        (second,) = node.input[1:]
        middle = _middle_of_channels(seen[second] for seen in _seen(plain, [second], batches))
        for name, change in zip(node.input, (middle, -middle), strict=True):
            maker = makers[name]
            convolution = makers[maker.input[0]] if maker.op_type == "Resize" else maker
            bias = convolution.input[2]
            arrays[bias] = (arrays[bias] + change).astype(np.float32)


def _middle_of_channels(tensors: Iterable[Array]) -> Array:
    """Half way between the ends of each channel of 1xCxHxW, but for the outermost values."""
    rows = [x[0, :, ::SPARSE, ::SPARSE].reshape(x.shape[1], -1) for x in tensors]
    ends: Array = np.percentile(np.concatenate(rows, axis=1), OUTERMOST, axis=1)
    middle: Array = ends.mean(axis=0)
    return middle


def _added_before_relu(nodes: Sequence[NodeProto]) -> dict[str, str]:
    """What is added to each tensor where a ReLU takes the sum."""
    sums = _sums_before_relu(nodes)
    return {a: b for node in sums for a, b in (node.input, reversed(node.input))}


def _sums_before_relu(nodes: Sequence[NodeProto]) -> list[NodeProto]:
    clipped = {node.input[0] for node in nodes if node.op_type == "Relu"}
    return [node for node in nodes if node.op_type == "Add" and node.output[0] in clipped]


def _best_step(values: Array, added: Array | None = None) -> Step:
    """The scale and zero point with the least squared error; to clip a few outliers may pay.

    Where something is `added` before a ReLU, the error is that behind the ReLU: two large numbers
    that nearly cancel need fine steps, and what the ReLU takes away needs none.
    """

    def seen(numbers: Array) -> Array:
        return numbers if added is None else np.maximum(numbers + added, 0)

    def step(low: float, high: float) -> Step:
        scale = np.float32((high - low) / 255)
        return scale, np.uint8(np.rint(-low / scale))

    def error(low: float, high: float) -> float:
        scale, zero = step(low, high)
        rounded = ((np.rint(values / scale) + zero).clip(0, 255) - zero) * scale
        return float(np.square(seen(rounded) - exact).sum())

    exact = seen(values)
    lowest, highest = min(float(values.min()), 0.0), max(float(values.max()), 1e-6)
    low, high = lowest, highest
    for _ in range(ROUNDS):
        low = min(lowest * SHARES, key=lambda end: error(end, high))
        high = min(highest * SHARES, key=lambda end: error(low, end))
    return step(low, high)


def _rounding(node: NodeProto, steps: dict[str, Step], arrays: Arrays) -> list[NodeProto]:
    """The nodes that round what a node gives, if it is to be rounded."""
    (name,) = node.output
    if name not in steps:
        return []
    step = [f"{name}/scale", f"{name}/zero"]
    arrays.update(zip(step, map(np.asarray, steps[name]), strict=True))
    levels, rounded = f"{name}/levels", f"{name}/rounded"
    expand = helper.make_node("DequantizeLinear", [levels, *step], [rounded])
    if node.name.startswith(APART):
        node.output[0] = levels  # bytes already
        return [expand]
    exact = node.input[0] if node.op_type == "Relu" else name
    return [helper.make_node("QuantizeLinear", [exact, *step], [levels]), expand]


def _int8_kernel(convolution: NodeProto, arrays: Arrays) -> list[NodeProto]:
    """Replace the kernel in place; the nodes that lay it out and expand it are returned.

    The bias stays: ONNX Runtime turns it into int32 by itself when it fuses.
    """
    weight, name = arrays.pop(convolution.input[1]), convolution.name
    code, scale = pixel_code(weight) if name == "paint" else int8_code(weight)
    kernel, scales = f"{name}/code", f"{name}/scale"
    arrays[scales] = scale.ravel().astype(np.float32)
    nodes = stored_code(kernel, code, arrays, stored_shape(name, code.shape))
    if name in COPIES:
        build = Builder(arrays, f"{name}/laid")
        kernel = laying_out(name, kernel, code.shape, build)
        scales = build.repeated(scales, COPIES[name])
        nodes += build.nodes
    convolution.input[1] = f"{name}/expanded"
    nodes.append(
        helper.make_node("DequantizeLinear", [kernel, scales], [convolution.input[1]], axis=0)
    )
    return nodes


def pixel_code(weight: Array) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """`int8_code` for `network.PixelPaint`, keeping what its kernels have in common.

    All pixels of a cell share a scale for each color, which is returned once, and the sums of
    their whole numbers: else flat ground got a pattern of three levels of 255. Where rounding made
    sums differ, the numbers that it moved most go the other way.
    """
    by_pixel = weight.reshape(FINE**2, -1, weight.shape[1], weight[0, 0].size)  # pixel, color
    by_color = by_pixel.swapaxes(0, 1).reshape(by_pixel.shape[1], -1, 1, 1)
    _, scale = int8_code(by_color, LARGEST_CODE - 1)  # leaves room for one more
    exact = by_pixel / scale.astype(np.float32).reshape(-1, 1, 1)
    code = np.rint(exact)
    sums = code.sum(axis=-1)
    missing = (np.rint(sums.mean(axis=0)) - sums).astype(int)
    for place in map(tuple, np.argwhere(missing)):
        short = missing[place]
        moved = (exact[place] - code[place]) * np.sign(short)
        code[place][np.argsort(-moved)[: abs(short)]] += np.sign(short)
    return code.reshape(weight.shape).astype(np.int8), scale


def _batch(image: RGBImage, model: ModelProto) -> Array:
    height, width = (side // GRID * GRID for side in image.shape[:2])
    cropped = np.ascontiguousarray(image[:height, :width])
    if model.graph.input[0].type.tensor_type.elem_type == TensorProto.UINT8:
        return np.asarray(cv2.cvtColor(cropped, cv2.COLOR_RGB2RGBA), np.uint8)[np.newaxis]
    return np.asarray(cv2.dnn.blobFromImage(cropped, 1 / 255), np.float32)


def _similarity(model: ModelProto, other: ModelProto, batches: Sequence[Array]) -> float:
    sessions = [_session(model), _session(other)]
    pairs = ([_picture(_run(session, batch)[0]) for session in sessions] for batch in batches)
    return float(np.mean([structural_similarity(*pair) for pair in pairs]))


def _picture(painted: Array) -> Array:
    picture: Array = (
        painted[0, ..., :3] / 255 if painted.dtype == np.uint8 else painted[0].transpose(1, 2, 0)
    )
    return picture


def _session(model: ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _run(session: onnxruntime.InferenceSession, batch: Array) -> list[Array]:
    return [np.asarray(a) for a in session.run(None, {session.get_inputs()[0].name: batch})]
