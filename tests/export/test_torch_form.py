"""The .pt2 file of a style paints as its .onnx does."""

import json
from io import BytesIO

import numpy as np
import pytest
import torch

from tests.export.test_mobile_form import PHOTO, shipped
from vidstyle.export.comparison import as_levels, painter_of
from vidstyle.export.torch_form import paint_with_torch, restored_generator, torch_file


@pytest.mark.parametrize("style", ["udnie-17k", "great-wave-220k"])
def test_a_restored_generator_paints_the_same(style: str) -> None:
    model, image = shipped(style), PHOTO[:64, :96]
    planes = torch.from_numpy(image.transpose(2, 0, 1)[None].copy()).float() / 255
    with torch.no_grad():
        painted = restored_generator(model)(planes)[0].permute(1, 2, 0).numpy()
    assert np.abs(as_levels(painted).astype(int) - painter_of(model)(image)).max() <= 1


@pytest.mark.slow
def test_the_file_paints_the_same_and_keeps_the_metadata() -> None:
    model, image = shipped("udnie-17k"), PHOTO[:64, :96]
    content = torch_file(model)
    painted = paint_with_torch(content, image)
    assert np.abs(painted.astype(int) - painter_of(model)(image)).max() <= 1
    extra = {"vidstyle": ""}
    torch.export.load(BytesIO(content), extra_files=extra)
    assert json.loads(extra["vidstyle"]) == {p.key: p.value for p in model.metadata_props}
