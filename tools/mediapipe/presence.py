"""Presence score: a logistic regression on the segmentation network's own features.

The network takes dogs, bread and shoes for persons, if they fill the picture. Its features tell
them apart: their means over the picture, and over the mask.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from vidstyle.frame import Picture, RGBImage
from vidstyle.graph.session import own_session
from vidstyle.media.image_file import read_photo
from vidstyle.stylize.segmentation import network_input

Numbers = NDArray[np.float64]

LABELS = Path(__file__).with_name("labels.json")
COARSE, FINE = "t172", "t201"  # features of the decoder, at 1/16 and 1/8 of the size
FEATURES = 128 + 128 + 24
VARIATIONS = 8  # of each photo
SMALLEST_AREA = 0.01  # of a mask: below, the score does not matter
RIDGE = 5e-3
STEPS = 40  # of Newton's method, at most
WIDEST = 16 / 9


def feature_nodes(mask: str) -> tuple[list[NodeProto], list[TensorProto]]:
    """Nodes that compute "features", 1x280x1x1, from the network's tensors; and their constants."""
    make, mean = helper.make_node, "GlobalAveragePool"
    nodes = [make(mean, [COARSE], ["coarse_mean"])]
    for features, cell in ((COARSE, 16), (FINE, 8)):
        share, inside = f"share{cell}", f"inside{cell}"
        size = [cell, cell]
        nodes += [
            make("AveragePool", [mask], [share], kernel_shape=size, strides=size),
            make("Mul", [features, share], [f"{inside}_map"]),
            make(mean, [f"{inside}_map"], [f"{inside}_mean"]),
            make(mean, [share], [f"{share}_mean"]),
            make("Add", [f"{share}_mean", "tiny"], [f"{share}_total"]),
            make("Div", [f"{inside}_mean", f"{share}_total"], [inside]),
        ]
    nodes.append(make("Concat", ["coarse_mean", "inside16", "inside8"], ["features"], axis=1))
    return nodes, [numpy_helper.from_array(np.array([1e-5], np.float32), "tiny")]


def score_nodes(weights: Numbers, bias: float) -> tuple[list[NodeProto], list[TensorProto]]:
    """Nodes that compute "presence", 1x1x1x1, from "features"; and their constants."""
    kernel = weights.reshape(1, -1, 1, 1).astype(np.float32)
    constants = {"presence_kernel": kernel, "presence_bias": np.array([bias], np.float32)}
    node = helper.make_node("Conv", ["features", *constants], ["presence"])
    return [node], [numpy_helper.from_array(array, name) for name, array in constants.items()]


def fit_presence(
    model: onnx.ModelProto, photos: Iterable[tuple[RGBImage, bool]]
) -> tuple[Numbers, float]:
    """Weights and bias of the score: over 0 where a person is more likely than not.

    Args:
        model: with the outputs "mask" and "features".
        photos: HxWx3 uint8 RGB each, and whether it shows a person.
    """
    session = own_session(model.SerializeToString())
    random = np.random.default_rng(1)
    rows, labels = [], []
    for photo, person in photos:
        for image in (photo, *(varied(photo, random) for _ in range(VARIATIONS - 1))):
            inputs = {"image": network_input(Picture.from_rgb(image))}
            mask, features = session.run(["mask", "features"], inputs)
            if np.mean(mask > 0.5) >= SMALLEST_AREA:
                rows.append(features.ravel())
                labels.append(person)
    return fit_logistic(np.array(rows, np.float64), np.array(labels, np.float64))


def labeled_photos(folder: Path) -> Iterator[tuple[RGBImage, bool]]:
    """Yield the photos of `labels.json`, and whether each shows a person."""
    labels = json.loads(LABELS.read_text(encoding="utf-8"))
    for file in sorted(folder.glob("*.jpg")):
        if file.stem <= labels["last"] and file.stem not in labels["unclear"]:
            yield read_photo(file), file.stem in labels["persons"]


def varied(photo: RGBImage, random: np.random.Generator) -> RGBImage:
    """Return a random part of a photo, often mirrored or wide, in another light."""
    image = photo[:, ::-1] if random.random() < 0.5 else photo
    image = _cropped(image, random.uniform(0.75, 1), random)
    height, width = image.shape[:2]
    if random.random() < 0.5 and width / height < WIDEST:
        top = random.integers(0, height // 4 + 1)  # heads are in the upper part
        image = image[top : top + round(width / WIDEST)]
    gamma, gain = random.uniform(0.7, 1.4), random.uniform(0.85, 1.15)
    tint = random.uniform(0.93, 1.07, 3)
    light = 255 * gain * tint * (image / 255) ** gamma
    return np.ascontiguousarray(np.clip(light, 0, 255).astype(np.uint8))


def fit_logistic(rows: Numbers, labels: Numbers) -> tuple[Numbers, float]:
    """Logistic regression with a ridge, by Newton's method; both classes weigh the same.

    Args:
        rows: NxF features.
        labels: N, 0 or 1.

    Returns:
        F weights, and the bias.
    """
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    normal = np.c_[(rows - mean) / spread, np.ones(len(rows))]
    share = labels.mean()
    balance = np.where(labels == 1, 0.5 / share, 0.5 / (1 - share))
    ridge = np.append(np.full(rows.shape[1], RIDGE), 1e-9)
    weights = np.zeros(normal.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(normal @ weights, -30, 30)))
        gradient = normal.T @ (balance * (chance - labels)) / len(rows) + ridge * weights
        curvature = (balance * chance * (1 - chance))[:, np.newaxis] * normal
        step = np.linalg.solve(normal.T @ curvature / len(rows) + np.diag(ridge), gradient)
        weights -= step
        if np.abs(step).max() < 1e-5:
            break
    scaled = weights[:-1] / spread
    return scaled, float(weights[-1] - scaled @ mean)


def _cropped(image: RGBImage, share: float, random: np.random.Generator) -> RGBImage:
    height, width = (round(share * side) for side in image.shape[:2])
    top, left = random.integers(0, np.array(image.shape[:2]) - (height, width) + 1)
    return image[top : top + height, left : left + width]
