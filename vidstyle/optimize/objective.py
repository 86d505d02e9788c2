"""Objective of an optimized picture: style, content, total variation and temporal loss, tiled."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from vidstyle.optimize.tiles import Tile
from vidstyle.perceptual.features import Branch, FeatureNetwork
from vidstyle.perceptual.losses import style_loss

Grams = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class PictureLossWeights:
    """Weights of the losses, tuned by eye on faces, streets and landscapes with slim features."""

    style: float = 1.0
    content: float = 1.0
    tv: float = 2.0
    temporal: float = 800.0


@dataclass(frozen=True, slots=True, eq=False)
class PixelPrior:
    """Target of the temporal loss: warped paintings of other frames, with a confidence mask."""

    picture: Tensor  # 1x3xHxW float32 RGB 0..1
    confidence: Tensor  # 1x1xHxW float32, 0 or more; the sum over several targets can exceed 1


class PictureObjective:
    """`Loss` of one picture and its gradient, in one piece or tile by tile.

    With tiles, all losses are still those of the whole picture, so that tiles leave no seams: a
    first pass sums the Gram matrices over the tiles, a second pass computes the gradient. That
    takes one and a half times as long, and the memory of one tile.
    """

    def __init__(
        self,
        features: FeatureNetwork,
        grams: Grams,
        content: Tensor,
        tiles: list[Tile],
        weights: PictureLossWeights,
        prior: PixelPrior | None = None,
    ) -> None:
        """Compute the content activations once.

        Args:
            features: feature network of style and content loss.
            grams: Gram matrices of the painting, 1xCxC by layer.
            content: 1x3xHxW float32 RGB 0..1, the photo in the painting's colors.
            tiles: tiles of the picture, one if it is evaluated in one piece.
            weights: weights of the losses.
            prior: target of the temporal loss; None without that loss.
        """
        self._features, self._target, self._weights = features, grams, weights
        self._content, self._tiles, self._prior = content, tiles, prior
        self._photo: dict[str, Tensor] = {}  # content activations; only with a single tile
        self._content_squares = dict.fromkeys(features.content_layers, 0.0)
        with torch.no_grad():
            for tile, activations in self._activations(content):
                for name in self._content_squares.keys() & activations:
                    self._content_squares[name] += float(
                        tile.core(activations[name]).square().sum()
                    )
                    if len(tiles) == 1:  # with several, computed again at each step, for memory
                        self._photo[name] = activations[name]

    def evaluate(self, image: Tensor) -> float:
        """Return the loss and store its gradient in `image.grad`; called once per solver step.

        Args:
            image: leaf tensor, 1x3xHxW float32 RGB 0..1, of the content's shape.
        """
        image.grad = None
        if len(self._tiles) > 1:
            return self._evaluate_tiles(image)
        (tile,) = self._tiles
        total = _backward(self._local(tile, image))
        for branch in self._features.branches:
            total += _backward(self._branch_loss(tile, branch(image)))
        return total

    def _branch_loss(self, tile: Tile, activations: dict[str, Tensor]) -> Tensor:
        """Style and content loss of a branch's activations, for a picture in one piece."""
        style = self._style(self._features.grams(activations))
        return style + self._content_loss(tile, activations, self._photo)

    def _evaluate_tiles(self, image: Tensor) -> float:
        grams, positions = self._grams(image)
        for gram in grams.values():
            gram.requires_grad_()
        style = self._style(grams)
        gram_gradients = dict(
            zip(grams, torch.autograd.grad(style, list(grams.values())), strict=True)
        )
        total = float(style.detach())
        gradient = torch.zeros_like(image)
        for tile in self._tiles:
            part = tile.of(image.detach()).clone().requires_grad_()
            total += _backward(self._local(tile, part))
            for branch in self._features.branches:
                total += self._branch_backward(tile, part, branch, gram_gradients, positions)
            assert part.grad is not None
            tile.of(gradient).add_(part.grad)
        image.grad = gradient
        return total

    def _branch_backward(
        self,
        tile: Tile,
        part: Tensor,
        branch: Branch,
        gram_gradients: Grams,
        positions: dict[str, int],
    ) -> float:
        """Add a branch's gradient to `part.grad`; return only the content loss.

        The style loss is already known from the first pass.
        """
        activations = branch(part)
        photo: dict[str, Tensor] = {}
        if not self._content_squares.keys().isdisjoint(activations):
            with torch.no_grad():
                photo = branch(tile.of(self._content))
        content = self._content_loss(tile, activations, photo)
        style = [
            (gram_gradients[name] * gram).sum() * share
            for name, (gram, share) in self._shares(tile, activations, positions).items()
        ]
        _backward(content + torch.stack(style).sum())
        return float(content.detach())

    def _activations(self, picture: Tensor) -> Iterator[tuple[Tile, dict[str, Tensor]]]:
        """Yield the activations of each branch of the feature network for each tile."""
        for tile in self._tiles:
            for branch in self._features.branches:
                yield tile, branch(tile.of(picture))

    def _grams(self, image: Tensor) -> tuple[Grams, dict[str, int]]:
        """Gram matrices of the whole picture, and the number of positions of each layer."""
        positions = dict.fromkeys(self._target, 1)
        sums: Grams = {}
        counted = dict.fromkeys(self._target, 0)
        with torch.no_grad():
            for tile, activations in self._activations(image):
                for name, (gram, count) in self._shares(tile, activations, positions).items():
                    sums[name] = sums[name] + gram * count if name in sums else gram * count
                    counted[name] += int(count)
        return {name: sums[name] / counted[name] for name in sums}, counted

    def _shares(
        self, tile: Tile, activations: dict[str, Tensor], positions: dict[str, int]
    ) -> dict[str, tuple[Tensor, float]]:
        """By layer: Gram matrix of a tile's core, and its share of the layer's positions."""
        cores = {name: tile.core(layer) for name, layer in activations.items()}
        shares = {}
        for name, gram in self._features.grams(cores).items():
            height, width = cores[self._features.source_layer(name)].shape[-2:]
            shares[name] = gram, height * width / positions[name]
        return shares

    def _style(self, grams: Grams) -> Tensor:
        losses = [style_loss(gram, self._target[name]) for name, gram in grams.items()]
        return self._weights.style * torch.stack(losses).sum()

    def _local(self, tile: Tile, part: Tensor) -> Tensor:
        """TV and temporal loss over a tile's core; `part` is the image cropped to the tile."""
        places = self._content.numel()
        loss = self._weights.tv * _squared_steps(tile, part) / places
        if self._prior is not None:
            difference = (part - tile.of(self._prior.picture)).square() * tile.of(
                self._prior.confidence
            )
            loss = loss + self._weights.temporal * tile.core(difference).sum() / places
        return loss

    def _content_loss(
        self, tile: Tile, activations: dict[str, Tensor], photo: dict[str, Tensor]
    ) -> Tensor:
        """Content loss of the given activations, over the number of all content layers."""
        loss = self._content.new_zeros(())
        for name, square in self._content_squares.items():
            if name in activations:
                difference = tile.core(activations[name] - photo[name])
                loss = loss + difference.square().sum() / square
        return self._weights.content * loss / len(self._content_squares)


def _backward(loss: Tensor) -> float:
    """Backpropagate a loss to its leaf, freeing the graph; return its value."""
    loss.backward()  # type: ignore[no-untyped-call]
    return float(loss.detach())


def _squared_steps(tile: Tile, part: Tensor) -> Tensor:
    """Sum of squared differences to the right and lower neighbor of each pixel of the core."""
    across = functional.pad(part[..., 1:] - part[..., :-1], (0, 1))
    down = functional.pad(part[..., 1:, :] - part[..., :-1, :], (0, 0, 0, 1))
    return tile.core(across.square() + down.square()).sum()
