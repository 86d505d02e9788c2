"""PyTorch form (.pt2) of a generator that is there as .onnx only."""

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from onnx import ModelProto

from vidstyle.export.comparison import as_levels
from vidstyle.export.mobile_form import block_dilations
from vidstyle.export.onnx import export_torch, fold_norms
from vidstyle.frame import RGBImage
from vidstyle.graph.weights import generator_weights
from vidstyle.network.architecture import Architecture
from vidstyle.network.generator import Generator


def torch_file(model: ModelProto) -> bytes:
    """A generator as a .pt2 file with its metadata for `torch.export.load`, see `export_torch`.

    Args:
        model: .onnx by `export`.

    Raises:
        StyleError: the model is no generator of this package.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "generator.pt2"
        about = {entry.key: entry.value for entry in model.metadata_props}
        export_torch(restored_generator(model), file, about)
        return file.read_bytes()


def restored_generator(model: ModelProto) -> Generator:
    """The folded generator with the weights of a model; raises as `torch_file`."""
    weights = generator_weights(model)
    channels, _, stem_kernel, _ = weights["stem.weight"].shape
    architecture = Architecture(
        stem_kernel=stem_kernel,
        channels=channels,
        bottleneck=len(weights["blocks.0.narrow.weight"]),
        dilations=tuple(block_dilations(model)),
        head_channels=len(weights["decision.weight"]),
    )
    generator = fold_norms(Generator(architecture)).eval().requires_grad_(False)
    generator.load_state_dict({name: torch.from_numpy(w.copy()) for name, w in weights.items()})
    return generator


def paint_with_torch(content: bytes, image: RGBImage) -> RGBImage:
    """Run a .pt2 file on a picture, HxWx3 uint8 RGB with sides in multiples of four."""
    module = torch.export.load(BytesIO(content)).module()
    planes = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))[np.newaxis])
    with torch.no_grad():
        painted = module(planes.float() / 255)
    return as_levels(painted[0].permute(1, 2, 0).numpy())
