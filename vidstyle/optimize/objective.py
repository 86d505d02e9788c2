"""What an optimized picture is asked for: the painting's strokes, the photo's shapes, calm."""

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
    """Tuned by eye on faces, streets and landscapes with the slim features."""

    style: float = 1.0
    content: float = 1.0
    tv: float = 2.0
    temporal: float = 800.0


@dataclass(frozen=True, slots=True, eq=False)
class PixelPrior:
    """What other frames say that a picture should look like, and where they can be believed."""

    picture: Tensor  # 1x3xHxW
    confidence: Tensor  # 1x1xHxW, from 0


class PictureObjective:
    """The loss of one picture and its gradient, in one piece or tile by tile.

    In tiles, Gram matrices are still those of the whole picture (as everything else is), so tiles
    leave no seams: a first round adds them up, a second one finds the gradient. That takes half
    as long again, and as much memory as one tile needs.
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
        """Look at the content once.

        Args:
            features: what judges.
            grams: of the painting, 1xCxC by layer.
            content: 1x3xHxW float32 RGB 0..1: the photo in the painting's colors.
            tiles: what to look at in one piece.
            weights: of the losses.
            anchor: for the temporal loss; none without.
        """
        self._features, self._target, self._weights = features, grams, weights
        self._content, self._tiles, self._prior = content, tiles, prior
        self._photo: dict[str, Tensor] = {}  # of a picture in one piece
        self._content_squares = dict.fromkeys(features.content_layers, 0.0)
        with torch.no_grad():
            for tile, seen in self._looks(content):
                for name in self._content_squares.keys() & seen:
                    self._content_squares[name] += float(tile.core(seen[name]).square().sum())
                    if len(tiles) == 1:  # otherwise it is looked at again, to save the memory
                        self._photo[name] = seen[name]

    def evaluate(self, image: Tensor) -> float:
        """Return the loss of a leaf (1x3xHxW float32) and put its gradient into `image.grad`."""
        image.grad = None
        if len(self._tiles) > 1:
            return self._evaluate_tiles(image)
        (tile,) = self._tiles
        total = _back(self._local(tile, image))
        for branch in self._features.branches:
            total += _back(self._seen_loss(tile, branch(image)))
        return total

    def _seen_loss(self, tile: Tile, seen: dict[str, Tensor]) -> Tensor:
        """What a branch of the features says of a picture in one piece."""
        style = self._style(self._features.grams(seen))
        return style + self._content_loss(tile, seen, self._photo)

    def _evaluate_tiles(self, image: Tensor) -> float:
        grams, cells = self._grams(image)
        for gram in grams.values():
            gram.requires_grad_()
        style = self._style(grams)
        slopes = dict(zip(grams, torch.autograd.grad(style, list(grams.values())), strict=True))
        total = float(style.detach())
        gradient = torch.zeros_like(image)
        for tile in self._tiles:
            part = tile.of(image.detach()).clone().requires_grad_()
            total += _back(self._local(tile, part))
            for branch in self._features.branches:
                total += self._look_back(tile, part, branch, slopes, cells)
            assert part.grad is not None
            tile.of(gradient).add_(part.grad)
        image.grad = gradient
        return total

    def _look_back(
        self, tile: Tile, part: Tensor, branch: Branch, slopes: Grams, cells: dict[str, int]
    ) -> float:
        """Add a branch's gradient to a part's; return the content loss, for style is known."""
        seen = branch(part)
        photo: dict[str, Tensor] = {}
        if not self._content_squares.keys().isdisjoint(seen):
            with torch.no_grad():
                photo = branch(tile.of(self._content))
        content = self._content_loss(tile, seen, photo)
        style = [
            (slopes[name] * gram).sum() * share
            for name, (gram, share) in self._shares(tile, seen, cells).items()
        ]
        _back(content + torch.stack(style).sum())
        return float(content.detach())

    def _looks(self, picture: Tensor) -> Iterator[tuple[Tile, dict[str, Tensor]]]:
        """What each branch of the features sees of each tile."""
        for tile in self._tiles:
            for branch in self._features.branches:
                yield tile, branch(tile.of(picture))

    def _grams(self, image: Tensor) -> tuple[Grams, dict[str, int]]:
        """The Gram matrices of the whole picture, and how many cells each layer has in it."""
        cells = dict.fromkeys(self._target, 1)
        sums: Grams = {}
        counted = dict.fromkeys(self._target, 0)
        with torch.no_grad():
            for tile, seen in self._looks(image):
                for name, (gram, count) in self._shares(tile, seen, cells).items():
                    sums[name] = sums[name] + gram * count if name in sums else gram * count
                    counted[name] += int(count)
        return {name: sums[name] / counted[name] for name in sums}, counted

    def _shares(
        self, tile: Tile, seen: dict[str, Tensor], cells: dict[str, int]
    ) -> dict[str, tuple[Tensor, float]]:
        """By layer: the Gram matrix of a tile's core, and its cells over those in `cells`."""
        cores = {name: tile.core(layer) for name, layer in seen.items()}
        shares = {}
        for name, gram in self._features.grams(cores).items():
            height, width = cores[self._features.seen_by(name)].shape[-2:]
            shares[name] = gram, height * width / cells[name]
        return shares

    def _style(self, grams: Grams) -> Tensor:
        losses = [style_loss(gram, self._target[name]) for name, gram in grams.items()]
        return self._weights.style * torch.stack(losses).sum()

    def _local(self, tile: Tile, part: Tensor) -> Tensor:
        """What the pixels in the core of a part of the image add to the losses without features."""
        places = self._content.numel()
        loss = self._weights.tv * _squared_steps(tile, part) / places
        if self._prior is not None:
            apart = (part - tile.of(self._prior.picture)).square() * tile.of(self._prior.confidence)
            loss = loss + self._weights.temporal * tile.core(apart).sum() / places
        return loss

    def _content_loss(
        self, tile: Tile, seen: dict[str, Tensor], photo: dict[str, Tensor]
    ) -> Tensor:
        """The mean over all content layers, of which only those that were seen add to it."""
        loss = self._content.new_zeros(())
        for name, square in self._content_squares.items():
            if name in seen:
                apart = tile.core(seen[name] - photo[name])
                loss = loss + apart.square().sum() / square
        return self._weights.content * loss / len(self._content_squares)


def _back(loss: Tensor) -> float:
    """Add a loss's gradient to its leaf's, and let go of all that was kept for that."""
    loss.backward()  # type: ignore[no-untyped-call]
    return float(loss.detach())


def _squared_steps(tile: Tile, part: Tensor) -> Tensor:
    """Squared steps to the right and down from each pixel of the core."""
    across = functional.pad(part[..., 1:] - part[..., :-1], (0, 1))
    down = functional.pad(part[..., 1:, :] - part[..., :-1, :], (0, 0, 0, 1))
    return tile.core(across.square() + down.square()).sum()
