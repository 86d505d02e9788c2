"""The objective against formulas written out, and in tiles against in one piece."""

import pytest
import torch
from torch import Tensor

from tests.textures import noise_image
from vidstyle.optimize.objective import PictureLossWeights, PictureObjective, PixelPrior
from vidstyle.optimize.tiles import tiles
from vidstyle.perceptual.color_transfer import to_tensor
from vidstyle.perceptual.features import FeatureNetwork
from vidstyle.perceptual.losses import content_loss, style_loss
from vidstyle.perceptual.zoo import load_features

NO_WEIGHTS = PictureLossWeights(0, 0, 0, 0)


@pytest.fixture(scope="module")
def features() -> FeatureNetwork:
    return load_features("slim")


def picture(seed: int, height: int = 80, width: int = 96) -> Tensor:
    return to_tensor(noise_image(height, width, seed, blur=2))[None]


def objective(
    features: FeatureNetwork,
    content: Tensor,
    weights: PictureLossWeights,
    pixels: int = 10**9,
    prior: PixelPrior | None = None,
) -> PictureObjective:
    with torch.no_grad():
        grams = features.grams(features(picture(9)))
    height, width = content.shape[2:]
    pieces = tiles(height, width, pixels, features.reach)
    return PictureObjective(features, grams, content, pieces, weights, prior)


def value(
    features: FeatureNetwork, image: Tensor, content: Tensor, weights: PictureLossWeights
) -> float:
    return objective(features, content, weights).evaluate(image.clone().requires_grad_())


def test_style_is_the_sum_of_relative_squared_distances_of_gram_matrices(
    features: FeatureNetwork,
) -> None:
    image, expected = picture(1), 0.0
    with torch.no_grad():
        own, target = (features.grams(features(p)) for p in (image, picture(9)))
    for name in own:
        apart, square = (own[name] - target[name]).flatten(), target[name].flatten()
        expected += float(apart @ apart) / float(square @ square)
    found = value(features, image, picture(2), PictureLossWeights(2, 0, 0, 0))
    assert found == pytest.approx(2 * expected, rel=1e-4)


def test_content_is_the_mean_relative_squared_distance_of_two_layers(
    features: FeatureNetwork,
) -> None:
    image, photo = picture(1), picture(2)
    with torch.no_grad():
        seen, wanted = features(image), features(photo)
    each = [
        float(((seen[n] - wanted[n]) ** 2).sum() / (wanted[n] ** 2).sum())
        for n in ("fire3/2", "fire5/2")
    ]
    found = value(features, image, photo, PictureLossWeights(0, 3, 0, 0))
    assert found == pytest.approx(3 * sum(each) / 2, rel=1e-4)
    assert value(features, photo, photo, PictureLossWeights(0, 3, 0, 0)) == pytest.approx(
        0, abs=1e-6
    )


def test_total_variation_is_the_mean_of_squared_steps(features: FeatureNetwork) -> None:
    image = torch.zeros(1, 3, 64, 64)
    image[..., 40] = 1.0  # one bright column: a step up and a step down in each row
    found = value(features, image, picture(2, 64, 64), PictureLossWeights(0, 0, 5, 0))
    assert found == pytest.approx(5 * 2 / 64, rel=1e-5)


def test_the_anchor_holds_by_its_trust(features: FeatureNetwork) -> None:
    image = torch.full((1, 3, 64, 64), 0.5)
    confidence = torch.zeros(1, 1, 64, 64)
    confidence[..., :16] = 0.4
    prior = PixelPrior(torch.full_like(image, 0.2), confidence)
    content = picture(2, 64, 64)
    leaf = image.requires_grad_()
    weights = PictureLossWeights(0, 0, 0, 10)
    found = objective(features, content, weights, prior=prior).evaluate(leaf)
    assert found == pytest.approx(10 * 0.25 * 0.4 * 0.3**2, rel=1e-5)
    assert leaf.grad is not None
    assert (leaf.grad[..., :16] > 0).all()
    assert (leaf.grad[..., 16:] == 0).all()


def test_the_gradient_is_that_of_the_network_in_one_piece(features: FeatureNetwork) -> None:
    image, content = picture(1), picture(2)
    leaf, other = image.clone().requires_grad_(), image.clone().requires_grad_()
    found = objective(features, content, PictureLossWeights(1, 1, 0, 0)).evaluate(leaf)
    seen = features(other)
    grams, (target, photo) = features.grams(seen), (features(p) for p in (picture(9), content))
    wanted = features.grams(target)
    loss = torch.stack([style_loss(grams[name], wanted[name]) for name in wanted]).sum()
    layers = features.content_layers
    loss = loss + torch.stack([content_loss(seen[n], photo[n]) for n in layers]).mean()
    loss.backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    assert other.grad is not None
    assert found == pytest.approx(float(loss.detach()), rel=1e-4)
    assert (leaf.grad - other.grad).norm() < 1e-3 * other.grad.norm()


def test_tiles_have_the_loss_and_the_gradient_of_the_whole(features: FeatureNetwork) -> None:
    height, width = 170, 231  # no multiple of anything
    image, content = picture(1, height, width), picture(2, height, width)
    prior = PixelPrior(picture(3, height, width), torch.rand(1, 1, height, width))
    weights = PictureLossWeights()
    whole, cut = (
        objective(features, content, weights, pixels, prior) for pixels in (10**9, 190**2)
    )
    assert len(tiles(height, width, 190**2, features.reach)) == 12
    one, other = image.clone().requires_grad_(), image.clone().requires_grad_()
    assert cut.evaluate(other) == pytest.approx(whole.evaluate(one), rel=1e-4)
    assert one.grad is not None
    assert other.grad is not None
    # Within the noise of float32 sums everywhere, so along the seams too.
    assert (one.grad - other.grad).abs().max() < 1e-3 * one.grad.abs().max()
