import torch
from torch import nn

from vidstyle.perceptual.batch_norm import NormedConv
from vidstyle.perceptual.features import frozen_conv

EPSILON = 0.01


def test_a_folded_norm_is_the_norm_in_evaluation_mode() -> None:
    torch.manual_seed(0)
    conv, norm = nn.Conv2d(4, 6, 3, bias=False), nn.BatchNorm2d(6, eps=EPSILON)
    for tensor in (norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var):
        assert tensor is not None
        tensor.uniform_(0.01, 2)
    state = nn.ModuleDict({"conv": conv, "norm": norm}).state_dict()
    arrays = {name: tensor.numpy() for name, tensor in state.items()}
    named = NormedConv("conv", "norm", (6, 4, 3, 3))
    folded = frozen_conv(*named.folded(arrays, EPSILON)).train()
    images = torch.randn(2, 4, 8, 9)
    assert torch.allclose(folded(images), norm.eval()(conv(images)), atol=1e-5)


def test_shapes_are_those_of_the_convolution_and_its_norm() -> None:
    assert NormedConv("a.0", "a.1", (6, 4, 3, 3)).array_shapes() == {
        "a.0.weight": (6, 4, 3, 3),
        "a.1.weight": (6,),
        "a.1.bias": (6,),
        "a.1.running_mean": (6,),
        "a.1.running_var": (6,),
    }
