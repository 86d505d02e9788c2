import pytest
import torch
from torch import Tensor
from torch.nn import functional

from vidstyle.errors import StyleError
from vidstyle.export.onnx import fold_norms, folded
from vidstyle.network.architecture import FINE, GRID, LARGEST_CODE, PIXELS, Architecture
from vidstyle.network.generator import (
    Generator,
    PixelPaint,
    RoundableConv,
    as_cells,
    fake_quantize,
    freeze_norms,
    from_cells,
    mirror_borders,
    round_weights,
    start_from,
)

SMALL = Architecture(channels=16, bottleneck=8, dilations=(1, 2), head_channels=8)


def trained(architecture: Architecture = SMALL) -> Generator:
    """One that paints something, with running statistics that are not 0 and 1."""
    torch.manual_seed(0)
    generator = Generator(architecture)
    torch.nn.init.normal_(generator.paint.weight, std=0.1)
    for _ in range(3):
        generator(torch.rand(4, 3, 32, 32))
    return generator.eval()


def weights_of(generator: Generator) -> dict[str, Tensor]:
    return {name: p.detach() for name, p in folded(generator).named_parameters()}


def test_it_starts_as_the_identity() -> None:
    images = torch.rand(2, 3, 32, 40)
    assert torch.allclose(Generator().eval()(images), images, atol=1e-6)


def test_a_color_map_is_what_the_skip_does() -> None:
    generator = Generator().eval()
    matrix, offset = torch.rand(3, 3), torch.rand(3)
    generator.set_color_map(matrix, offset)
    images = torch.rand(1, 3, 8, 8)
    expected = torch.einsum("ij,njhw->nihw", matrix, images) + offset.view(1, 3, 1, 1)
    assert torch.allclose(generator(images), expected, atol=1e-5)


def test_cells_hold_rows_in_them_columns_in_them_channels() -> None:
    images = torch.arange(2 * 3 * 4 * 6).view(2, 3, 4, 6)
    cells = as_cells(images)
    assert cells.shape == (2, PIXELS, 2, 3)
    for row in range(FINE):
        for column in range(FINE):
            for channel in range(3):
                found = cells[:, (row * FINE + column) * 3 + channel]
                assert torch.equal(found, images[:, channel, row::FINE, column::FINE])
    assert torch.equal(from_cells(cells), images)


def test_flat_ground_gets_no_pattern() -> None:
    torch.manual_seed(0)
    paint = PixelPaint(5, PIXELS, 3, padding=1)
    flat = torch.rand(1, 5, 1, 1).expand(1, 5, 6, 6)
    painted = from_cells(paint(flat))[..., FINE:-FINE, FINE:-FINE]
    assert (painted - painted[..., :1, :1]).abs().max() < 1e-6
    assert painted.abs().max() > 0.01
    uneven = from_cells(paint(torch.rand(1, 5, 6, 6)))[0, 0]
    assert (uneven[1::2, 1::2] - uneven[::2, ::2]).abs().max() > 0.01


@pytest.mark.parametrize("along", [2, 3])
def test_what_goes_straight_gets_no_comb(along: int) -> None:
    torch.manual_seed(0)
    paint = PixelPaint(5, PIXELS, 3, padding=1)
    shape = [1, 5, 6, 6]
    straight = torch.rand([*shape[:along], 1, *shape[along + 1 :]]).expand(shape)
    painted = from_cells(paint(straight))[..., FINE:-FINE, FINE:-FINE]
    assert painted.std(dim=along).max() < 1e-6
    assert painted.std(dim=5 - along).min() > 0.01


def test_what_is_decided_is_as_coarse_as_the_grid() -> None:
    generator = trained()
    seen: list[Tensor] = []
    generator.decision.register_forward_hook(lambda *given: seen.append(given[2]))
    generator(torch.rand(1, 3, 24, 32))
    assert seen[0].shape[2:] == (24 // GRID, 32 // GRID)


@pytest.mark.parametrize(
    "architecture", [Architecture(), Architecture(channels=16, bottleneck=8, dilations=(1,))]
)
def test_folding_the_norms_changes_nothing(architecture: Architecture) -> None:
    generator = trained(architecture)
    images = torch.rand(1, 3, 32, 32)
    before = generator(images)
    fold_norms(generator)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in generator.modules())
    assert torch.allclose(generator(images), before, atol=1e-4)


def test_with_mirrored_borders_nothing_shows_where_the_border_is() -> None:
    generator, flat = trained(), torch.full((1, 3, 48, 64), 0.4)
    assert generator(flat).std(dim=(2, 3)).max() > 1e-3
    mirror_borders(generator)
    assert generator(flat).std(dim=(2, 3)).max() < 1e-4


def test_folding_pads_with_zeros_again() -> None:
    generator, images = trained(), torch.rand(1, 3, 32, 32)
    expected = folded(generator)(images)
    mirror_borders(generator)
    assert not torch.allclose(generator(images), expected, atol=1e-2)
    assert torch.equal(folded(generator)(images), expected)


@pytest.mark.parametrize("training", [True, False])
def test_a_generator_takes_over_what_another_paints(training: bool) -> None:
    style, images = trained(), torch.rand(16, 3, 32, 32) ** 2
    expected = style(images)
    torch.manual_seed(1)
    generator = Generator(SMALL)
    assert (generator(images) - expected).abs().max() > 0.1
    start_from(generator, weights_of(style), images)
    assert generator.training
    with torch.no_grad():
        painted = generator.train(training)(images)
    assert (painted - expected).abs().max() < 2 / 255


def test_what_was_taken_over_folds_back_to_itself() -> None:
    weights, images = weights_of(trained()), torch.rand(4, 3, 32, 32)
    generator = Generator(SMALL)
    start_from(generator, weights, images)
    for name, weight in weights_of(generator).items():
        assert torch.allclose(weight, weights[name], atol=1e-4), name


@pytest.mark.parametrize("spoil", ["shape", "missing"])
def test_weights_of_another_architecture_are_refused(spoil: str) -> None:
    weights = weights_of(trained())
    if spoil == "shape":
        weights["stem.weight"] = weights["stem.weight"][1:]
    else:
        del weights["blocks.1.wide.bias"]
    with pytest.raises(StyleError, match="has another architecture"):
        start_from(Generator(SMALL), weights, torch.rand(1, 3, 32, 32))


def test_frozen_norms_keep_their_statistics_and_use_them() -> None:
    generator = trained()
    images = torch.rand(2, 3, 32, 32) ** 3  # unlike what it was trained on
    expected = generator(images)
    statistics = {name: b.clone() for name, b in generator.named_buffers()}
    generator.train()
    freeze_norms(generator)
    assert torch.allclose(generator(images), expected, atol=1e-6)
    assert all(torch.equal(b, statistics[name]) for name, b in generator.named_buffers())
    assert all(p.requires_grad for p in generator.parameters())
    generator.train()
    assert not torch.allclose(generator(images), expected, atol=1e-3)


def test_stored_weights_are_127_levels_of_each_channel() -> None:
    weight = torch.randn(5, 3, 3, 3) * torch.logspace(-3, 0, 5).view(5, 1, 1, 1)
    stored = fake_quantize(weight)
    for plain, rounded in zip(weight, stored, strict=True):
        step = float(plain.abs().max()) / LARGEST_CODE
        levels = rounded / step
        assert torch.allclose(levels, levels.round(), atol=1e-3)
        assert float(levels.abs().max().round()) == LARGEST_CODE
        assert (rounded - plain).abs().max() <= 0.5001 * step
    assert torch.equal(fake_quantize(torch.zeros(2, 3, 1, 1)), torch.zeros(2, 3, 1, 1))


def test_a_rounding_convolution_computes_with_stored_weights_and_learns_the_plain_ones() -> None:
    torch.manual_seed(0)
    conv, images = RoundableConv(3, 4, 3), torch.rand(1, 3, 8, 8)
    assert torch.equal(conv(images), functional.conv2d(images, conv.weight, conv.bias))
    round_weights(conv)
    painted = conv(images)
    stored = fake_quantize(conv.weight).requires_grad_()
    expected = functional.conv2d(images, stored, conv.bias)
    assert torch.allclose(painted, expected, atol=1e-6)
    painted.square().sum().backward()
    expected.square().sum().backward()  # type: ignore[no-untyped-call]
    assert conv.weight.grad is not None and stored.grad is not None
    assert torch.allclose(conv.weight.grad, stored.grad, atol=1e-5)


def test_rounding_reaches_every_convolution() -> None:
    generator = Generator(SMALL)
    round_weights(generator)
    convolutions = [m for m in generator.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) == 9
    assert all(isinstance(m, RoundableConv) and m.rounding for m in convolutions)


def test_rounding_before_or_after_folding_is_the_same() -> None:
    generator, images = trained(), torch.rand(1, 3, 32, 32)
    round_weights(generator)
    assert torch.allclose(folded(generator)(images), generator(images), atol=1e-4)
