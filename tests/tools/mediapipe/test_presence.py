"""The presence score: variations of photos, and a regression on toy features."""

import json

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

from tests.textures import noise_image
from tools.mediapipe.presence import (
    COARSE,
    FEATURES,
    FINE,
    LABELS,
    WIDEST,
    feature_nodes,
    fit_logistic,
    score_nodes,
    varied,
)


def test_features_are_means_over_the_picture_and_inside_the_mask() -> None:
    nodes, constants = feature_nodes("mask")
    score, more = score_nodes(np.arange(FEATURES) / 1000, bias=2.0)
    shapes = {"mask": (1, 1, 32, 64), COARSE: (1, 128, 2, 4), FINE: (1, 24, 4, 8)}
    inputs = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
    }
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        for name in ("features", "presence")
    ]
    graph = helper.make_graph(
        [*nodes, *score], "toy", list(inputs.values()), outputs, [*constants, *more]
    )
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    random = np.random.default_rng(0)
    arrays = {n: random.random(shape).astype(np.float32) for n, shape in shapes.items()}
    arrays["mask"][:] = 0
    arrays["mask"][..., 32:] = 1  # the right half
    features, presence = session.run(["features", "presence"], arrays)
    coarse, fine = arrays[COARSE], arrays[FINE]
    wanted = np.concatenate(
        [x.mean(axis=(2, 3)).ravel() for x in (coarse, coarse[..., 2:], fine[..., 4:])]
    )
    assert np.allclose(features.ravel(), wanted, atol=1e-3)
    assert np.allclose(presence.item(), wanted @ np.arange(FEATURES) / 1000 + 2, atol=1e-2)


def test_the_regression_finds_the_feature_that_tells_classes_apart() -> None:
    random = np.random.default_rng(0)
    rows = random.normal(5, 2, (200, 4))
    labels = (rows[:, 2] > 6).astype(float)  # three of ten
    weights, bias = fit_logistic(rows, labels)
    assert np.abs(weights).argmax() == 2
    assert ((rows @ weights + bias > 0) == (labels == 1)).mean() > 0.9


def test_variations_are_parts_of_the_photo() -> None:
    photo, random = noise_image(120, 90, 0), np.random.default_rng(3)
    for _ in range(20):
        image = varied(photo, random)
        assert image.dtype == np.uint8
        assert image.shape[0] <= 120
        assert 60 <= image.shape[1] <= 90
        assert image.shape[1] / image.shape[0] <= WIDEST + 0.05


def test_no_photo_has_two_labels() -> None:
    labels = json.loads(LABELS.read_text(encoding="utf-8"))
    assert not set(labels["persons"]) & set(labels["unclear"])
