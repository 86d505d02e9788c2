"""Post-training int8 quantization of an exported generator: static QDQ, calibrated on photos.

Each int8 convolution is surrounded by QuantizeLinear and DequantizeLinear, which ONNX Runtime fuses
with it. Implemented here, because onnxruntime.quantization made larger files of the same layers (59
KB instead of 48) with a lower SSIM (0.972 instead of 0.984), and changes its argument.
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
from vidstyle.frame import RGBImage
from vidstyle.graph.compact import (
    Array,
    Arrays,
    build_model,
    compacted,
    fold_constants,
    quantize_weights,
    reachable_nodes,
    store_int8,
)
from vidstyle.graph.int8_layout import (
    COPIES,
    ENLARGE,
    REORDER_PREFIX,
    GraphBuilder,
    stored_shape,
    to_int8_layout,
    widen_kernel_nodes,
    widened_kernel,
)
from vidstyle.graph.session import own_session
from vidstyle.media.atomic import write_whole
from vidstyle.metrics import structural_similarity
from vidstyle.network.architecture import FINE, GRID, LARGEST_CODE

MIN_SIMILARITY = 0.97  # mean SSIM to the float32 output
SAMPLES = 8192  # values of each tensor from each image
RANGE_SHARES = np.linspace(0.1, 1, 46)  # candidates for a range's end, over the largest value
CHANNEL_PERCENTILES = (0.2, 99.8)  # ends of a channel's range
SAMPLE_STRIDE = 4  # px between the samples of these percentiles
SEARCH_ROUNDS = 2  # of the search for the lower end, then the upper one

QuantizationParameters = tuple[np.float32, np.uint8]  # scale and zero point


def quantize(file: Path, images: Sequence[RGBImage], output: Path) -> float:
    """Quantize an exported generator: int8 weights and uint8 activations.

    Input, output and metadata stay as in `file`.

    Args:
        file: .onnx by `export`.
        images: photos for calibration, HxWx3 uint8 RGB of any size; two dozen are plenty.
        output: .onnx to write.

    Returns:
        The mean SSIM to the float32 outputs for the same images, 0..1.

    Raises:
        StyleError: the mean SSIM is below 0.97; nothing was written.
        OSError: the file cannot be written.
    """
    result, similarity = quantized_and_compared(onnx.load(file), images)
    if not similarity >= MIN_SIMILARITY:
        raise StyleError(
            f"In int8, {file} paints pictures that are only {similarity:.3f} similar to those in "
            f"float32; {MIN_SIMILARITY} is wanted."
        )
    write_whole(output, result.SerializeToString(deterministic=True))
    return similarity


def quantized_and_compared(
    model: ModelProto, images: Sequence[RGBImage]
) -> tuple[ModelProto, float]:
    """The quantized model, and the mean SSIM of its pictures to those in float32, 0..1.

    Args:
        model: exported generator; not changed.
        images: photos for calibration, HxWx3 uint8 RGB.
    """
    batches = [_batch(image, model) for image in images]
    result = quantized(model, batches)
    return result, _similarity(model, result, batches)


def painted_pictures(model: ModelProto, images: Sequence[RGBImage]) -> list[RGBImage]:
    """Paint photos, HxWx3 uint8 RGB with sides in multiples of four, with a generator of bytes."""
    session = _session(model)
    painted = (_run(session, _batch(image, model))[0] for image in images)
    return [np.ascontiguousarray(picture[0, ..., :3]) for picture in painted]


def quantized(model: ModelProto, batches: Sequence[Array]) -> ModelProto:
    """The quantized model, without a check of its similarity.

    Args:
        model: exported generator; not changed.
        batches: inputs of the model for calibration.
    """
    nodes, arrays = fold_constants(model)
    _center_addends(nodes, arrays, model, batches)
    nodes = to_int8_layout(nodes, arrays, model.graph.input[0].name)
    exact = {
        node.input[1]: widened_kernel(node.name, arrays[node.input[1]])
        for node in nodes
        if node.name in COPIES
    }
    steps = _quantization_parameters(
        build_model(model, nodes, arrays | exact), _quantized_tensors(nodes), batches
    )
    rewritten = []
    for node in nodes:
        if node.op_type == "Conv" and node.name != ENLARGE:
            rewritten += _quantize_kernel(node, arrays)
        # Nodes that only reorder values work on the uint8 tensor.
        suffix = "levels" if node.name.startswith(REORDER_PREFIX) else "rounded"
        node.input[:] = [f"{name}/{suffix}" if name in steps else name for name in node.input]
        if not (node.op_type == "Relu" and node.output[0] in steps):  # QuantizeLinear clips at zero
            rewritten.append(node)
        rewritten += _qdq_nodes(node, steps, arrays)
    about = {entry.key: entry.value for entry in model.metadata_props}
    return compacted(build_model(model, reachable_nodes(rewritten, model), arrays), about)


def _quantized_tensors(nodes: Sequence[NodeProto]) -> list[str]:
    """Names of the tensors to quantize: inputs and outputs of convolutions, and sums.

    A ReLU after a convolution or a sum is fused with it. Tensors next to the uint8 input and output
    are left out, as the graph quantizes them already.
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


def _quantization_parameters(
    model: ModelProto, points: Sequence[str], batches: Sequence[Array]
) -> dict[str, QuantizationParameters]:
    """Calibrate scale and zero point of each tensor; the picture's are 1/255 and 0."""
    nodes = model.graph.node
    picture = next(node for node in nodes if node.op_type == "Conv").input[0]
    chosen = [name for name in points if name != picture]
    added = _other_addends(nodes)
    measured = dict.fromkeys([*chosen, *(added[name] for name in chosen if name in added)])
    samples: dict[str, list[Array]] = {name: [] for name in measured}
    for number, tensors in enumerate(_tensor_values(model, list(measured), batches)):
        for name, values in tensors.items():
            # The same positions in tensors of one shape, so that the addends of a sum match.
            places = np.random.default_rng(number).integers(values.size, size=SAMPLES)
            samples[name].append(values.ravel()[places])
    drawn = {name: np.concatenate(values) for name, values in samples.items()}
    steps = {name: _best_parameters(drawn[name], drawn.get(added.get(name, ""))) for name in chosen}
    moves = [node for node in nodes if node.name.startswith(REORDER_PREFIX)]
    steps[moves[-1].output[0]] = steps[moves[0].input[0]]
    if picture in points:
        steps[picture] = (np.float32(1 / 255), np.uint8(0))
    return steps


def _tensor_values(
    model: ModelProto, names: Sequence[str], batches: Sequence[Array]
) -> Iterator[dict[str, Array]]:
    """Values of these tensors for each batch, by name."""
    probe = deepcopy(model)
    probe.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = _session(probe)
    for batch in batches:
        yield dict(zip(names, _run(session, batch)[1:], strict=True))


def _center_addends(
    nodes: Sequence[NodeProto], arrays: Arrays, model: ModelProto, batches: Sequence[Array]
) -> None:
    """Center the channels of the second addend around zero, in sums before a ReLU.

    The offsets move from its convolution's bias to that of the first addend. All channels of a
    tensor share one scale, which is finer the closer their ranges are. A busy style went from an
    SSIM of 0.970 to 0.977.
    """
    makers = {name: node for node in nodes for name in node.output}
    plain = build_model(model, nodes, arrays)
    for node in _sums_before_relu(nodes):
        (second,) = node.input[1:]
        middle = _channel_centers(seen[second] for seen in _tensor_values(plain, [second], batches))
        for name, change in zip(node.input, (middle, -middle), strict=True):
            maker = makers[name]
            convolution = makers[maker.input[0]] if maker.op_type == "Resize" else maker
            bias = convolution.input[2]
            arrays[bias] = (arrays[bias] + change).astype(np.float32)


def _channel_centers(tensors: Iterable[Array]) -> Array:
    """Center of each channel's range, from percentiles over all positions of 1xCxHxW tensors."""
    rows = [x[0, :, ::SAMPLE_STRIDE, ::SAMPLE_STRIDE].reshape(x.shape[1], -1) for x in tensors]
    ends: Array = np.percentile(np.concatenate(rows, axis=1), CHANNEL_PERCENTILES, axis=1)
    middle: Array = ends.mean(axis=0)
    return middle


def _other_addends(nodes: Sequence[NodeProto]) -> dict[str, str]:
    """The other addend of each addend, in sums before a ReLU."""
    sums = _sums_before_relu(nodes)
    return {a: b for node in sums for a, b in (node.input, reversed(node.input))}


def _sums_before_relu(nodes: Sequence[NodeProto]) -> list[NodeProto]:
    clipped = {node.input[0] for node in nodes if node.op_type == "Relu"}
    return [node for node in nodes if node.op_type == "Add" and node.output[0] in clipped]


def _best_parameters(values: Array, added: Array | None = None) -> QuantizationParameters:
    """Scale and zero point with the least squared error; may clip outliers for a finer scale.

    With `added`, the other addend of a sum before a ReLU, the error is measured after the ReLU:
    large values that nearly cancel need a fine scale, and values that the ReLU removes do not.
    """

    def seen(numbers: Array) -> Array:
        return numbers if added is None else np.maximum(numbers + added, 0)

    def step(low: float, high: float) -> QuantizationParameters:
        scale = np.float32((high - low) / 255)
        return scale, np.uint8(np.rint(-low / scale))

    def error(low: float, high: float) -> float:
        scale, zero = step(low, high)
        rounded = ((np.rint(values / scale) + zero).clip(0, 255) - zero) * scale
        return float(np.square(seen(rounded) - exact).sum())

    exact = seen(values)
    lowest, highest = min(float(values.min()), 0.0), max(float(values.max()), 1e-6)
    low, high = lowest, highest
    for _ in range(SEARCH_ROUNDS):
        low = min(lowest * RANGE_SHARES, key=lambda end: error(end, high))
        high = min(highest * RANGE_SHARES, key=lambda end: error(low, end))
    return step(low, high)


def _qdq_nodes(
    node: NodeProto, steps: dict[str, QuantizationParameters], arrays: Arrays
) -> list[NodeProto]:
    """QuantizeLinear and DequantizeLinear for a node's output, if it is to be quantized."""
    (name,) = node.output
    if name not in steps:
        return []
    step = [f"{name}/scale", f"{name}/zero"]
    arrays.update(zip(step, map(np.asarray, steps[name]), strict=True))
    levels, rounded = f"{name}/levels", f"{name}/rounded"
    expand = helper.make_node("DequantizeLinear", [levels, *step], [rounded])
    if node.name.startswith(REORDER_PREFIX):
        node.output[0] = levels  # bytes already
        return [expand]
    exact = node.input[0] if node.op_type == "Relu" else name
    return [helper.make_node("QuantizeLinear", [exact, *step], [levels]), expand]


def _quantize_kernel(convolution: NodeProto, arrays: Arrays) -> list[NodeProto]:
    """Replace a kernel by int8 in place; return the nodes that widen and dequantize it.

    The bias stays float32: ONNX Runtime quantizes it to int32 when it fuses the convolution.
    """
    weight, name = arrays.pop(convolution.input[1]), convolution.name
    code, scale = quantize_pixel_weights(weight) if name == "paint" else quantize_weights(weight)
    kernel, scales = f"{name}/code", f"{name}/scale"
    arrays[scales] = scale.ravel().astype(np.float32)
    nodes = store_int8(kernel, code, arrays, stored_shape(name, code.shape))
    if name in COPIES:
        build = GraphBuilder(arrays, f"{name}/laid")
        kernel = widen_kernel_nodes(name, kernel, code.shape, build)
        scales = build.repeated(scales, COPIES[name])
        nodes += build.nodes
    convolution.input[1] = f"{name}/expanded"
    nodes.append(
        helper.make_node("DequantizeLinear", [kernel, scales], [convolution.input[1]], axis=0)
    )
    return nodes


def quantize_pixel_weights(weight: Array) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """`quantize_weights` for `network.PixelPaint`, with equal sums for all pixels of a cell.

    All pixels of a cell share one scale per color, returned once, and the sum of their integers:
    otherwise flat areas got a pattern of three levels of 255. Where rounding made the sums differ,
    the integers with the largest rounding errors are rounded the other way.

    Returns:
        Integers of the shape of `weight`, int8, and scales, one per color, float16.
    """
    by_pixel = weight.reshape(FINE**2, -1, weight.shape[1], weight[0, 0].size)  # pixel, color
    by_color = by_pixel.swapaxes(0, 1).reshape(by_pixel.shape[1], -1, 1, 1)
    _, scale = quantize_weights(by_color, LARGEST_CODE - 1)  # leaves room for a correction by 1
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
    return own_session(model.SerializeToString())


def _run(session: onnxruntime.InferenceSession, batch: Array) -> list[Array]:
    return [np.asarray(a) for a in session.run(None, {session.get_inputs()[0].name: batch})]
