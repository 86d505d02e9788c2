"""Weight files of feature networks with random numbers in them."""

import hashlib
import math
from pathlib import Path

import numpy as np
import torch

from vidstyle.perceptual.slim import FINE_STAGES, HEADS, SlimBody, pack
from vidstyle.perceptual.vgg import WIDTHS, Kind, layer_names

FIRES = {  # name: input, squeeze, expand
    "fire2": (96, 16, 64),
    "fire3": (128, 16, 64),
    "fire4": (128, 32, 128),
    "fire5": (256, 32, 128),
    "fire6": (256, 48, 192),
    "fire7": (384, 48, 192),
    "fire8": (384, 64, 256),
}
FIRE_PARTS = {"conv1x1_1": "squeeze", "conv1x1_2": "expand1x1", "conv3x3_2": "expand3x3"}
BNECKS = (  # of MobileNetV3-Large: kernel, expanded, outputs, squeeze-and-excitation
    *((3, 16, 16, False), (3, 64, 24, False), (3, 72, 24, False), (5, 72, 40, True)),
    *((5, 120, 40, True), (5, 120, 40, True), (3, 240, 80, False), (3, 200, 80, False)),
    *((3, 184, 80, False), (3, 184, 80, False), (3, 480, 112, True), (3, 672, 112, True)),
    *((5, 672, 160, True), (5, 960, 160, True), (5, 960, 160, True)),
)
MEAN_RGB, SPREAD_RGB = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def write_random_weights(file: Path) -> None:
    """Write SqueezeNet v1.0's arrays, scaled so that activations neither die nor explode."""
    random = np.random.default_rng(0)

    def conv(outputs: int, inputs: int, kernel: int, gain: float = 1.0) -> np.ndarray:
        spread = gain * np.sqrt(2 / (inputs * kernel**2))
        return random.normal(0, spread, (outputs, inputs, kernel, kernel)).astype(np.float32)

    arrays = {"conv1.weight": conv(96, 3, 7, 0.01), "conv1.bias": np.zeros(96, np.float32)}
    for name, (inputs, squeeze, expand) in FIRES.items():
        for part, weight in (
            ("conv1x1_1", conv(squeeze, inputs, 1)),
            ("conv1x1_2", conv(expand, squeeze, 1)),
            ("conv3x3_2", conv(expand, squeeze, 3)),
        ):
            arrays[f"{name}/{part}.weight"] = weight
            arrays[f"{name}/{part}.bias"] = random.normal(0, 0.1, len(weight)).astype(np.float32)
    np.savez(file, allow_pickle=False, **arrays)


def write_as_torchvision(caffe: Path, file: Path) -> None:
    """Write the same function as a SqueezeNet of torchvision: other names, RGB, other scale.

    w * (255 rgb - mean) is w' * (rgb - mean') / spread' + b' with w' = 255 w spread' and with b'
    making up for the means.
    """
    arrays = dict(np.load(caffe))
    weight = arrays.pop("conv1.weight")[:, ::-1].astype(np.float64)
    offset = (255 * MEAN_RGB - np.array([123.0, 117.0, 104.0]))[:, None, None]
    state = {
        "features.0.weight": 255 * weight * SPREAD_RGB[:, None, None],
        "features.0.bias": arrays.pop("conv1.bias") + (weight * offset).sum(axis=(1, 2, 3)),
    }
    places = dict(zip(FIRES, (3, 4, 5, 7, 8, 9, 10), strict=True))
    for key, array in arrays.items():
        fire, _, rest = key.partition("/")
        part, _, kind = rest.partition(".")
        state[f"features.{places[fire]}.{FIRE_PARTS[part]}.{kind}"] = array
    torch.save({name: torch.tensor(array).float() for name, array in state.items()}, file)


def random_vgg(kind: Kind, deepest: str) -> dict[str, torch.Tensor]:
    """A state dict of torchvision's form down to the layer `deepest`, all in the same scale."""
    random = torch.Generator().manual_seed(0)
    names = layer_names(kind)
    state, inputs = {}, 3
    for place, name in enumerate(names[: names.index(deepest) + 1]):
        if name.startswith("conv"):
            outputs = WIDTHS[int(name[4]) - 1]
            weight = torch.randn((outputs, inputs, 3, 3), generator=random)
            state[f"features.{place}.weight"] = weight * (2 / (9 * inputs)) ** 0.5
            state[f"features.{place}.bias"] = torch.randn(outputs, generator=random) / 10
            inputs = outputs
    return state


Shapes = dict[str, tuple[int, ...]]


def mobilenet_shapes() -> Shapes:
    """Names and shapes of torchvision's mobilenet_v3_large, from the paper's Table 1."""
    shapes = normed("features.0.0", "features.0.1", (16, 3, 3, 3))
    inputs = 16
    for place, (kernel, expanded, outputs, gated) in enumerate(BNECKS, start=1):
        steps = [(expanded, inputs, 1, 1)] if expanded != inputs else []
        steps += [(expanded, 1, kernel, kernel), (outputs, expanded, 1, 1)]
        for i, shape in enumerate(steps):
            part = i + (gated and shape is steps[-1])  # the gate stands before the last one
            name = f"features.{place}.block.{part}"
            shapes |= normed(f"{name}.0", f"{name}.1", shape)
        if gated:
            squeezed = divisible_by_8(expanded / 4)
            gate = f"features.{place}.block.{len(steps) - 1}"
            shapes |= biased(f"{gate}.fc1", (squeezed, expanded, 1, 1))
            shapes |= biased(f"{gate}.fc2", (expanded, squeezed, 1, 1))
        inputs = outputs
    shapes |= normed("features.16.0", "features.16.1", (960, inputs, 1, 1))
    return shapes | biased("classifier.0", (1280, 960)) | biased("classifier.3", (1000, 1280))


def resnet_shapes() -> Shapes:
    """Names and shapes of torchvision's resnet50, from the paper's Table 1."""
    shapes, inputs = normed("conv1", "bn1", (64, 3, 7, 7)), 64
    for stage, (depth, inner) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)], start=1):
        for name in (f"layer{stage}.{i}" for i in range(depth)):
            shapes |= normed(f"{name}.conv1", f"{name}.bn1", (inner, inputs, 1, 1))
            shapes |= normed(f"{name}.conv2", f"{name}.bn2", (inner, inner, 3, 3))
            shapes |= normed(f"{name}.conv3", f"{name}.bn3", (4 * inner, inner, 1, 1))
            if name.endswith(".0"):
                names = f"{name}.downsample.0", f"{name}.downsample.1"
                shapes |= normed(*names, (4 * inner, inputs, 1, 1))
            inputs = 4 * inner
    return shapes | biased("fc", (1000, inputs))


def lpips_shapes(backbone: str) -> Shapes:
    """Names and shapes of torchvision's alexnet, squeezenet1_1 or vgg16, without classifier."""
    if backbone == "alex":
        convs = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3)}
        convs[10] = (256, 256, 3)
    elif backbone == "vgg":
        places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
        widths = (3, 64, 64, 128, 128, *(256,) * 3, *(512,) * 6)
        convs = {p: (widths[i + 1], widths[i], 3) for i, p in enumerate(places)}
    else:
        return _squeezenet_1_1_shapes()
    shapes: Shapes = {}
    for place, (outputs, inputs, kernel) in convs.items():
        shapes |= biased(f"features.{place}", (outputs, inputs, kernel, kernel))
    return shapes


def _squeezenet_1_1_shapes() -> Shapes:
    shapes, inputs = biased("features.0", (64, 3, 3, 3)), 64
    squeezed = {3: 16, 4: 16, 6: 32, 7: 32, 9: 48, 10: 48, 11: 64, 12: 64}
    for place, few in squeezed.items():
        fire = f"features.{place}"
        shapes |= biased(f"{fire}.squeeze", (few, inputs, 1, 1))
        shapes |= biased(f"{fire}.expand1x1", (4 * few, few, 1, 1))
        shapes |= biased(f"{fire}.expand3x3", (4 * few, few, 3, 3))
        inputs = 8 * few
    return shapes


def normed(conv: str, norm: str, shape: tuple[int, ...]) -> Shapes:
    parts = ("weight", "bias", "running_mean", "running_var")
    return {f"{conv}.weight": shape} | {f"{norm}.{part}": shape[:1] for part in parts}


def biased(name: str, shape: tuple[int, ...]) -> Shapes:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def divisible_by_8(channels: float) -> int:
    """The paper's rule: to the nearest multiple of 8, but not below nine tenths."""
    nearest = int(channels + 4) // 8 * 8
    return nearest if nearest >= 0.9 * channels else nearest + 8


def parameters(shapes: Shapes) -> int:
    """Number of parameters; running means and variances are none."""
    return sum(math.prod(shape) for name, shape in shapes.items() if "running" not in name)


def digest(shapes: Shapes) -> str:
    """First digits of the SHA-256 of all names and shapes."""
    lines = sorted(f"{name} {shape}\n" for name, shape in shapes.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def random_state(shapes: Shapes) -> dict[str, torch.Tensor]:
    """A state dict of these shapes, scaled so that activations neither die nor explode."""
    random = np.random.default_rng(0)
    state = {}
    for name, shape in shapes.items():
        if len(shape) > 1:
            array = random.normal(0, math.prod(shape[1:]) ** -0.5, shape)
        elif name.endswith(("running_mean", "bias")):
            array = random.normal(0, 0.1, shape)
        else:
            array = random.uniform(0.5, 1.5, shape)
        state[name] = torch.tensor(array, dtype=torch.float32)
    return state


def write_random_mobilenet(file: Path) -> None:
    """Write a MobileNetV3-Large without its last blocks and classifier."""
    places = tuple(f"features.{place}." for place in range(11))
    _write_random(file, mobilenet_shapes(), places)


def write_random_resnet(file: Path) -> None:
    """Write a ResNet-50 without its last stage and classifier."""
    _write_random(file, resnet_shapes(), ("conv1", "bn1", "layer1", "layer2", "layer3"))


def _write_random(file: Path, shapes: Shapes, beginnings: tuple[str, ...]) -> None:
    kept = {name: shape for name, shape in shapes.items() if name.startswith(beginnings)}
    torch.save(random_state(kept), file)


def write_random_slim(file: Path) -> None:
    """Write a slim feature network whose heads are triangles of random numbers."""
    torch.manual_seed(0)
    heads = {layer: torch.randn(200, FINE_STAGES[stage][-1] + 1) for layer, stage in HEADS.items()}
    pack(SlimBody(), heads, file)
