"""File of the weight predictor, from a checkpoint of its training.

    python -m tools.predictor.ship CHECKPOINT --photos PHOTOS

Writes models/predictor.onnx, with int8 codes for its large matrices, and models/tiles.jpg,
the photos over which it measures its batch norms, and enters both into the catalog.
"""

import argparse
import logging
import warnings
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from tools.predictor.network import COMPONENTS, Prediction, WeightPredictor
from tools.predictor.train import read_state
from tools.styles.catalog import enter_file
from tools.styles.textures import with_first_nodes
from vidstyle.assets import models_folder
from vidstyle.frame import RGBImage
from vidstyle.media.atomic import write_whole
from vidstyle.media.image_file import read_photo
from vidstyle.stylize.predictor import TILE

OPSET = 20
ROWS, COLUMNS = 4, 4  # of tiles
SMALLEST = 1024  # numbers of an array that is stored in int8
LARGEST_CODE = 127
KEPT = 0.998  # of the variance of predicted kernels
DRAWN = 1000  # paintings' components
QUALITY = 80  # of the tiles' JPEG


def main() -> None:
    """Write the predictor and the tiles, and enter them into the catalog."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, help="by tools.predictor.train")
    parser.add_argument("--photos", type=Path, required=True, help="folder")
    args = parser.parse_args()
    tiles = models_folder() / "tiles.jpg"
    sheet = cv2.cvtColor(tile_sheet(sorted(args.photos.glob("*.jpg"))), cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    write_whole(tiles, encoded.tobytes())
    enter_file("textures", "tiles", tiles)
    numbers, predictor = read_state(args.checkpoint)
    reduce_bases(predictor)
    file = models_folder() / "predictor.onnx"
    write_whole(file, predictor_model(Prediction(numbers, predictor)).SerializeToString())
    enter_file("textures", "predictor", file)


def tile_sheet(photos: list[Path]) -> RGBImage:
    """Middles of evenly chosen photos as squares, in rows and columns: HxWx3 uint8 RGB."""
    chosen = photos[:: len(photos) // (ROWS * COLUMNS)][: ROWS * COLUMNS]
    squares = [_middle(read_photo(file)) for file in chosen]
    rows = [np.hstack(squares[at : at + COLUMNS]) for at in range(0, len(squares), COLUMNS)]
    return np.ascontiguousarray(np.vstack(rows))


def _middle(image: RGBImage) -> RGBImage:
    side = min(image.shape[:2])
    top, left = ((length - side) // 2 for length in image.shape[:2])
    square = image[top : top + side, left : left + side]
    return np.asarray(cv2.resize(square, (TILE, TILE), interpolation=cv2.INTER_AREA), np.uint8)


def reduce_bases(predictor: WeightPredictor) -> None:
    """Replace basis kernels by as few principal ones as keep `KEPT` of the variance, in place.

    Over paintings whose components are normally distributed, as they are by definition.
    """
    torch.manual_seed(0)
    with torch.no_grad():
        hidden = predictor.hidden(torch.randn(DRAWN, COMPONENTS))
        for name, bases in predictor.bases.items():
            head = predictor.heads[name]
            assert isinstance(head, nn.Linear)
            coefficients = head(hidden)
            mean = coefficients.mean(dim=0)
            flat = bases.flatten(1)
            axes, corner = torch.linalg.qr(flat.T)  # so that the decomposition is of a small matrix
            changes = (coefficients - mean) @ corner.T
            _, values, directions = torch.linalg.svd(changes, full_matrices=False)
            kept = values.square().cumsum(dim=0) / values.square().sum()
            rank = int((kept < KEPT).sum()) + 1
            principal = directions[:rank] @ axes.T
            turn = flat @ principal.T
            fewer = nn.Linear(head.in_features, rank)
            fewer.weight.copy_(turn.T @ head.weight)
            fewer.bias.copy_(turn.T @ (head.bias - mean))
            predictor.heads[name] = fewer
            predictor.kernels[name] += torch.einsum("k,koiyx->oiyx", mean, bases)
            predictor.bases[name] = nn.Parameter(principal.view(rank, *bases.shape[1:]))


def predictor_model(prediction: Prediction) -> onnx.ModelProto:
    """The predictor as ONNX: inputs as of `Prediction.forward`, outputs as `Prediction.names`."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    example = (
        torch.zeros(2, prediction.numbers.mean.numel()),
        torch.full((2,), 0.5),
        torch.rand(ROWS * COLUMNS, 3, TILE, TILE),
    )
    paintings = torch.export.Dim("paintings", min=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            prediction.eval(),
            example,
            input_names=["numbers", "shares", "photos"],
            dynamic_shapes=({0: paintings}, {0: paintings}, None),
            output_names=list(prediction.names),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    return with_int8_weights(program.model_proto)


def with_int8_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store large float32 initializers as int8 codes with float16 scales, expanded at load time."""
    nodes = []
    for tensor in model.graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.ndim < 2 or array.size < SMALLEST:
            continue
        name, (code, scale) = tensor.name, codes(array)
        tensor.CopyFrom(onnx.numpy_helper.from_array(code, f"{name}/code"))
        model.graph.initializer.append(onnx.numpy_helper.from_array(scale, f"{name}/scale"))
        for part in ("code", "scale"):
            to = onnx.TensorProto.FLOAT
            cast = onnx.helper.make_node("Cast", [f"{name}/{part}"], [f"{name}/{part}/32"], to=to)
            nodes.append(cast)
        parts = [f"{name}/code/32", f"{name}/scale/32"]
        nodes.append(onnx.helper.make_node("Mul", parts, [name]))
    return with_first_nodes(model, nodes)


def codes(array: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """Integers of an array, and their scales: one for each column of a matrix or each kernel."""
    axes = (0,) if array.ndim == 2 else tuple(range(array.ndim - 3, array.ndim))
    scale = np.abs(array).max(axis=axes, keepdims=True) / LARGEST_CODE
    scale = np.maximum(scale, np.finfo(np.float16).smallest_subnormal).astype(np.float16)
    return np.rint(array / scale.astype(np.float32)).clip(-127, 127).astype(np.int8), scale


if __name__ == "__main__":
    main()
