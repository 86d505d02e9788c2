"""Least-squares fit of the slim features' coarse branch to SqueezeNet, layer by layer.

Each convolution is fitted to the teacher's output, given the student's own input from the layers
before: so it compensates for the smaller first layer and for average instead of max pooling, and
errors do not accumulate. After He et al. (arXiv:1707.06168), who prune channels; here all stay.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.perceptual.slim import MEAN_RGB, SKETCH, SPREAD, SlimBody, pooled
from vidstyle.perceptual.squeezenet import FIRES, POOL_BEFORE, Fire, SqueezeNet

RIDGE = 1e-4  # of the mean energy
Maps = list[Tensor]  # of the batches, each NxCxHxW


@torch.no_grad()
def fit_coarse(body: SlimBody, teacher: SqueezeNet, batches: Maps) -> None:
    """Set the weights of the body's coarse branch.

    Args:
        body: slim body; its coarse branch is changed in place.
        teacher: SqueezeNet at a first stride of 2.
        batches: varied pictures, each Nx3xHxW RGB 0..1.
    """
    weight, bias = teacher.conv1.weight, teacher.conv1.bias
    assert bias is not None and body.conv1.bias is not None
    plain = [(images - teacher.mean) / teacher.spread for images in batches]
    before = [functional.conv2d(x, weight, None, 2) for x in plain]
    # The principal components of the teacher's first layer, and its channels as sums of them.
    components = torch.linalg.eigh(_inner(before, before)).eigenvectors[:, -SKETCH:].float()
    images = [(x - torch.tensor(MEAN_RGB).view(1, 3, 1, 1)) / SPREAD for x in batches]
    fit(body.sketch, images, [torch.einsum("ck,nchw->nkhw", components, x) for x in before])
    body.conv1.weight.copy_(components[:, :, None, None])
    body.conv1.bias.copy_(bias)
    theirs = [functional.relu(x + bias.view(1, -1, 1, 1)) for x in before]
    ours = [functional.relu(body.conv1(body.sketch(x))) for x in images]
    for name in FIRES:
        if name in POOL_BEFORE:
            theirs = [functional.max_pool2d(x, 3, 2, ceil_mode=True) for x in theirs]
            ours = [pooled(x) for x in ours]
        teaching, learning = teacher.get_submodule(name), body.get_submodule(name)
        assert isinstance(teaching, Fire) and isinstance(learning, Fire)
        fit_fire(learning, teaching, ours, theirs)
        theirs, ours = [teaching(x) for x in theirs], [learning(x) for x in ours]


def fit_fire(learning: Fire, teaching: Fire, ours: Maps, theirs: Maps) -> None:
    """Fit a fire module with the inputs `ours` to the teacher's, with the inputs `theirs`."""
    squeezed = [teaching.squeeze(x) for x in theirs]
    fit(learning.squeeze, ours, squeezed)
    narrow = [functional.relu(learning.squeeze(x)) for x in ours]
    wanted = [functional.relu(x) for x in squeezed]
    fit(learning.expand1x1, narrow, [teaching.expand1x1(x) for x in wanted])
    fit(learning.expand3x3, narrow, [teaching.expand3x3(x) for x in wanted])


def fit(conv: nn.Conv2d, inputs: Maps, targets: Maps) -> None:
    """Weights of a convolution by least squares to targets before the ReLU."""
    patches = []
    for x, target in zip(inputs, targets, strict=True):
        assert isinstance(conv.padding, tuple)
        unfolded = functional.unfold(x, conv.kernel_size, 1, conv.padding, conv.stride)
        there = unfolded.view(*unfolded.shape[:2], *target.shape[2:])
        patches.append(torch.cat([there, torch.ones_like(there[:, :1])], dim=1))
    inner = _inner(patches, patches)
    inner += RIDGE * inner.diagonal().mean() * torch.eye(len(inner))
    solution = torch.linalg.solve(inner, _inner(patches, targets)).float()
    conv.weight.copy_(solution[:-1].T.reshape(conv.weight.shape))
    assert conv.bias is not None
    conv.bias.copy_(solution[-1])


def _inner(left: Maps, right: Maps) -> Tensor:
    """Inner products of channels, summed over all positions, float64."""
    total = torch.zeros(left[0].shape[1], right[0].shape[1], dtype=torch.float64)
    for a, b in zip(left, right, strict=True):
        total += a.transpose(0, 1).flatten(1).double() @ b.transpose(0, 1).flatten(1).double().T
    return total
