import pytest
import torch
from torch.nn import functional

from vidstyle.training.export import fold_norms
from vidstyle.training.network import GRID, Architecture, Generator


def test_it_starts_as_the_identity() -> None:
    images = torch.rand(2, 3, 32, 40)
    assert torch.allclose(Generator().eval()(images), images, atol=1e-6)


def test_a_colour_map_is_what_the_skip_does() -> None:
    generator = Generator().eval()
    matrix, offset = torch.rand(3, 3), torch.rand(3)
    generator.set_colour_map(matrix, offset)
    images = torch.rand(1, 3, 8, 8)
    expected = torch.einsum("ij,njhw->nihw", matrix, images) + offset.view(1, 3, 1, 1)
    assert torch.allclose(generator(images), expected, atol=1e-5)


def test_the_stem_is_a_convolution_of_unshuffled_pixels() -> None:
    stem = Generator().stem.conv
    images = torch.rand(1, 3, 24, 32)
    weight = stem.weight.reshape(
        -1, 3, 3, GRID, 3, GRID
    )  # out, in, cell row, row, cell column, column
    unshuffled_weight = weight.permute(0, 1, 3, 5, 2, 4).flatten(1, 3)
    unshuffled = functional.pixel_unshuffle(images, GRID)
    expected = functional.conv2d(unshuffled, unshuffled_weight, padding=1)
    assert torch.allclose(stem(images), expected, atol=1e-5)


@pytest.mark.parametrize(
    "architecture", [Architecture(), Architecture(channels=16, bottleneck=8, dilations=(1,))]
)
def test_folding_the_norms_changes_nothing(architecture: Architecture) -> None:
    torch.manual_seed(0)
    generator = Generator(architecture)
    torch.nn.init.normal_(generator.paint.weight, std=0.1)
    for _ in range(3):
        generator(torch.rand(4, 3, 32, 32))  # moves the running statistics
    generator.eval()
    images = torch.rand(1, 3, 32, 32)
    before = generator(images)
    fold_norms(generator)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in generator.modules())
    assert torch.allclose(generator(images), before, atol=1e-4)
