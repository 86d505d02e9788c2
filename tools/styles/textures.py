"""Texture encoder, and textures of the built-in styles for the choice of a training's start.

    python -m tools.styles.textures

Writes models/texture-encoder.onnx, the first layers of the slim features with covariances as
output, and models/textures.npz, the textures of the paintings of 55k networks.
"""

import argparse
import logging
import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tools.styles.catalog import enter_file
from vidstyle.assets import models_folder
from vidstyle.media.atomic import write_whole
from vidstyle.media.style_image import read_painting
from vidstyle.perceptual.slim import SPREAD, Slim
from vidstyle.perceptual.zoo import load_features
from vidstyle.stylize.catalog import Style, find_painting, shipped_styles
from vidstyle.stylize.texture import SHORT_SIDE, texture

LAYERS = ("stage1", "stage2", "conv1/2", "fire2/2", "fire3/2")
CHANNELS = 32  # of a layer, after a fixed random rotation; 16 in the first
OPSET = 20


class TextureEncoder(nn.Module):
    """Covariances of the first slim features of a gray picture, one row a layer."""

    def __init__(self, slim: Slim) -> None:
        super().__init__()
        self.body = slim.body
        random = torch.Generator().manual_seed(0)
        for number, channels in enumerate(self._channels()):
            rotation = torch.linalg.qr(torch.randn(channels, channels, generator=random))[0]
            self.register_buffer(f"rotation{number}", rotation[:, :CHANNELS])

    def forward(self, luma: Tensor) -> Tensor:
        """Return LxP float32 for 1x1xHxW float32 luma 0..1."""
        image = luma.expand(-1, 3, -1, -1)
        activations = self.body.fine(image) | self._coarse(image)
        return torch.stack([self._covariance(n, activations[k]) for n, k in enumerate(LAYERS)])

    def _coarse(self, image: Tensor) -> dict[str, Tensor]:
        body = self.body
        x = functional.relu(body.conv1(body.sketch((image - body.mean) / SPREAD)))
        second = body.get_submodule("fire2")(functional.avg_pool2d(x, 3, 2))
        return {"conv1/2": x, "fire2/2": second, "fire3/2": body.get_submodule("fire3")(second)}

    def _covariance(self, number: int, x: Tensor) -> Tensor:
        rotation: Tensor = getattr(self, f"rotation{number}")
        vectors = x[0].flatten(1).transpose(0, 1) @ rotation
        vectors = vectors - vectors.mean(dim=0, keepdim=True)
        square = vectors.transpose(0, 1) @ vectors / vectors.shape[0]
        missing = CHANNELS - square.shape[0]
        return functional.pad(square, (0, missing, 0, missing)).flatten()

    def _channels(self) -> list[int]:
        with torch.no_grad():
            probe = self.body(torch.zeros(1, 3, SHORT_SIDE, SHORT_SIDE))
        return [probe[layer].shape[1] for layer in LAYERS]


def main() -> None:
    """Write the encoder and the textures, and enter them into the catalog."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    slim = load_features("slim")
    assert isinstance(slim, Slim)
    encoder = models_folder() / "texture-encoder.onnx"
    write_encoder(TextureEncoder(slim), encoder)
    enter_file("textures", "texture-encoder", encoder)
    styles = [s for s in shipped_styles() if s.size_class == "55k" and "sha256" in s.painting]
    textures = models_folder() / "textures.npz"
    write_textures(styles, textures)
    enter_file("textures", "textures", textures)


def write_encoder(module: TextureEncoder, file: Path) -> None:
    """Write the encoder as ONNX, its weights as float16."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            (torch.rand(1, 1, SHORT_SIDE, SHORT_SIDE + 40),),
            input_names=["luma"],
            output_names=["covariances"],
            dynamic_shapes={"luma": {2: torch.export.Dim("height"), 3: torch.export.Dim("width")}},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = with_half_weights(program.model_proto)
    write_whole(file, model.SerializeToString(deterministic=True))


def with_half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store large float32 initializers as float16, cast when the file is loaded."""
    casts = []
    for tensor in model.graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.size < 64:
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(array.astype(np.float16), f"{name}/half"))
        casts.append(
            onnx.helper.make_node("Cast", [f"{name}/half"], [name], to=onnx.TensorProto.FLOAT)
        )
    return with_first_nodes(model, casts)


def with_first_nodes(model: onnx.ModelProto, first: Sequence[onnx.NodeProto]) -> onnx.ModelProto:
    """Put nodes before all others, and drop what the exporter says about its own work."""
    nodes = [*first, *model.graph.node]
    for node in nodes:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.ClearField("value_info")
    model.ClearField("metadata_props")
    return model


def write_textures(styles: Sequence[Style], file: Path) -> None:
    """Write the textures of the styles' paintings."""
    paintings = [read_painting(find_painting(style.name)) for style in styles]
    arrays: dict[str, NDArray[np.generic]] = {
        "styles": np.array([style.name for style in styles]),
        "textures": np.array([texture(painting) for painting in paintings], np.float16),
    }
    packed = BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    write_whole(file, packed.getvalue())


if __name__ == "__main__":
    main()
