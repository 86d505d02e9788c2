"""The weight predictor's network, its file, and the generators that it leads to."""

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor

from tools.predictor.network import (
    COMPONENTS,
    NORMED,
    ColorFold,
    Prediction,
    StyleNumbers,
    WeightPredictor,
    painted,
    start_weights,
)
from tools.predictor.ship import codes, predictor_model, reduce_bases
from vidstyle.export.onnx import fold_norms, folded_weights
from vidstyle.graph.session import own_session
from vidstyle.network.generator import Generator, with_equal_sums
from vidstyle.perceptual.color_transfer import to_tensor
from vidstyle.stylize.catalog import find_weights
from vidstyle.stylize.predictor import SPREAD
from vidstyle.training.data.procedural import procedural_images

NUMBERS = 60  # of a painting, here
BORDER = 52  # px that zero padding and reflection paint differently


@pytest.fixture(scope="module")
def photos() -> Tensor:
    return torch.stack([to_tensor(image[:128, :160]) for image in procedural_images(4, seed=1)])


@pytest.fixture(scope="module")
def start() -> dict[str, Tensor]:
    return folded_weights(find_weights("wheat-field"))


@pytest.fixture
def numbers() -> StyleNumbers:
    found = StyleNumbers(NUMBERS)
    found.fit(torch.randn(300, NUMBERS, generator=torch.Generator().manual_seed(1)))
    return found


@pytest.fixture
def predictor(start: dict[str, Tensor], photos: Tensor) -> WeightPredictor:
    """With basis kernels that change what is painted."""
    torch.manual_seed(2)
    made = WeightPredictor(start_weights(start, photos))
    with torch.no_grad():
        for name, bases in made.bases.items():
            bases.copy_(0.2 * made.kernels[name].std() * torch.randn_like(bases))
    return made


def plain_colors(start: dict[str, Tensor]) -> ColorFold:
    """Colors of the generator that all start from."""
    matrix, offset = start["skip.weight"][:3, :3, 0, 0], start["skip.bias"][:3]
    return ColorFold(SPREAD**2 * torch.eye(3), matrix, offset, torch.full((3,), 0.5))


def test_all_paintings_get_the_first_generator_at_first(
    start: dict[str, Tensor], photos: Tensor
) -> None:
    predictor = WeightPredictor(start_weights(start, photos))
    generator = fold_norms(Generator()).eval()
    generator.load_state_dict(start)
    with torch.no_grad():
        wanted = generator(photos)
        for components in (torch.zeros(COMPONENTS), torch.randn(COMPONENTS)):
            found = painted(predictor(components), photos, plain_colors(start))
            inner = (..., slice(BORDER, -BORDER), slice(BORDER, -BORDER))
            # In the file, weights are rounded, and pixels of a cell no longer have equal sums.
            assert (found[inner] - wanted[inner]).abs().mean() < 0.01


def test_components_have_a_spread_of_about_one() -> None:
    numbers, given = StyleNumbers(NUMBERS), 5 * torch.randn(400, NUMBERS) + 3
    numbers.fit(given)
    components = torch.stack([numbers(row) for row in given])
    assert components.mean(dim=0).abs().max() < 0.1
    assert 0.3 < float(components.std(dim=0).mean()) < 1.1


def test_folded_weights_paint_what_training_painted(
    numbers: StyleNumbers, predictor: WeightPredictor, start: dict[str, Tensor], photos: Tensor
) -> None:
    painting, colors = torch.randn(NUMBERS), plain_colors(start)
    with torch.no_grad():
        found = dict(
            zip(
                Prediction.names,
                Prediction(numbers, predictor)(painting[None], torch.ones(1), photos),
                strict=True,
            )
        )
        weights = {name: w for name, w in found.items() if name.partition(".")[0] != "skip"}
        kernel, bias = colors.head(weights.pop("paint.weight"), weights.pop("paint.offset"))
        matrix, offset = colors.skip(found["skip.colors"])
        cells = torch.kron(torch.eye(4), matrix)[:, :, None, None]
        weights |= {"paint.weight": kernel, "paint.bias": bias}
        weights |= {"skip.weight": cells, "skip.bias": offset.repeat(4)}
        generator = fold_norms(Generator()).eval()
        generator.load_state_dict(weights)
        wanted = painted(predictor(numbers(painting)), photos, colors)
        inner = (..., slice(BORDER, -BORDER), slice(BORDER, -BORDER))
        torch.testing.assert_close(generator(photos)[inner], wanted[inner], atol=2e-3, rtol=0)


def test_a_color_fold_keeps_the_mean_of_photos() -> None:
    matrix, offset = torch.diag(torch.tensor([0.5, 1.0, 2.0])), torch.tensor([0.1, 0.0, -0.2])
    mean = torch.tensor([0.3, 0.4, 0.5])
    fold = ColorFold(torch.eye(3), matrix, offset, mean)
    for colors in (torch.eye(3), torch.rand(3, 3)):
        changed, shift = fold.skip(colors)
        torch.testing.assert_close(changed @ mean + shift, matrix @ mean + offset)


def test_a_mix_has_the_mean_of_coefficients(
    numbers: StyleNumbers, predictor: WeightPredictor, photos: Tensor
) -> None:
    paintings, shares = torch.randn(2, NUMBERS), torch.tensor([0.25, 0.75])
    with torch.no_grad():
        apart = [predictor(numbers(painting)) for painting in paintings]
        mean = {name: 0.25 * apart[0][name] + 0.75 * apart[1][name] for name in apart[0]}
        found = Prediction(numbers, predictor)(paintings, shares, photos)
    offset = found[Prediction.names.index("paint.offset")]
    torch.testing.assert_close(offset, mean["offset"])
    head = found[Prediction.names.index("paint.weight")]
    torch.testing.assert_close(head, with_equal_sums(mean["paint"]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_file_predicts_what_the_network_does(
    count: int, numbers: StyleNumbers, predictor: WeightPredictor, photos: Tensor
) -> None:
    prediction, paintings = Prediction(numbers, predictor), torch.randn(count, NUMBERS)
    shares = torch.arange(1.0, count + 1) / sum(range(1, count + 1))
    photos = torch.nn.functional.interpolate(photos.repeat(4, 1, 1, 1), (96, 96))
    with torch.no_grad():
        wanted = prediction(paintings, shares, photos)
    model = predictor_model(prediction)
    onnx.checker.check_model(model)
    session = own_session(model.SerializeToString())
    assert [output.name for output in session.get_outputs()] == list(Prediction.names)
    inputs = {"numbers": paintings, "shares": shares, "photos": photos}
    found = session.run(None, {name: tensor.numpy() for name, tensor in inputs.items()})
    for name, array, tensor in zip(Prediction.names, found, wanted, strict=True):
        error = np.abs(array - tensor.numpy()).max()
        assert error < 0.04 * float(tensor.abs().max()), name  # of int8 codes


def test_fewer_bases_predict_nearly_the_same(predictor: WeightPredictor) -> None:
    with torch.no_grad():
        for bases in predictor.bases.values():
            bases[3:] *= 0.01
    torch.manual_seed(3)
    components = torch.randn(COMPONENTS)
    with torch.no_grad():
        before = predictor(components)
        reduce_bases(predictor)
        after = predictor(components)
    assert max(len(bases) for bases in predictor.bases.values()) <= 6
    for name in NORMED:
        distance = (after[name] - before[name]).norm() / before[name].norm()
        assert float(distance) < 0.05, name


def test_codes_are_rounded_weights() -> None:
    for shape in ((30, 40), (3, 8, 4, 3, 3)):
        array = np.random.default_rng(1).normal(size=shape).astype(np.float32)
        code, scale = codes(array)
        assert code.dtype == np.int8
        np.testing.assert_allclose(code * scale.astype(np.float32), array, atol=0.02)
