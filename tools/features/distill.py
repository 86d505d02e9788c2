"""Distillation of the slim feature network from SqueezeNet, into models/.

Three stages. First the coarse branch is fitted to the teacher by least squares, layer by layer.
Then the fine branch learns feature maps: linear heads are solved by least squares at every step
(gradient descent does not find a linear map to many correlated channels), and the branch is trained
to improve that solution; the coarse branch continues from its fit. Last, both learn Gram matrices
and their differences, on batches with pictures between a photo and a painting that follow the
gradients of the slim style loss itself. Without those pictures the gradients lead to adversarial
noise, which has the painting's style for the slim features only.

Losses are divided by a running mean of the teacher's energy, not by each picture's own: a smooth
sky has almost none and would dominate.

Batch norms keep the fine branch's units alive (without them many died) and are folded.
"""

import argparse
import math
import random
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tools.features.fit import fit_coarse
from tools.styles.catalog import change_section, file_entry
from vidstyle.assets import models_folder
from vidstyle.export.onnx import fold_norms
from vidstyle.frame import with_short_side
from vidstyle.media.image_file import PHOTO_SUFFIXES, read_photo
from vidstyle.network.generator import ConvNorm, freeze_norms
from vidstyle.perceptual.color_transfer import color_map, recolored
from vidstyle.perceptual.losses import gram_matrix
from vidstyle.perceptual.slim import (
    COARSE_LAYERS,
    FINE_STAGES,
    HEADS,
    SlimBody,
    pack,
    with_constant,
)
from vidstyle.perceptual.squeezenet import SqueezeNet
from vidstyle.training.data.dataset import Content

SIZE = 144  # px of the pictures
CLOSE = 72  # px of the crop for the teacher at its slow stride of 1
LARGEST_SIDE = 420  # px, short side of photos and paintings
EDGE = 2  # cells affected by zero padding, per side
STRIDES = {"stage1": 1, "stage2": 2}  # px, of the fine branch
# The teacher does not pad its first layer: the stage's cell at the position of its cell 0.
OFFSETS = {"conv1": 3, "fire2": 2, "fire3": 2, "fire4": 2}
RIDGE = 1e-3  # of the mean energy
MEMORY = 0.6  # decay per step of the least-squares sums
HEAD_SUMS = 60  # steps before the last stage that the final heads are solved from
# The highest learning rates, of the fine branch and of the coarse one.
MAP_RATES, STYLE_RATES = (3e-3, 3e-4), (8e-4, 3e-4)
FIT_BATCHES = 24  # for the fit of the coarse branch
Pairs = dict[str, tuple[Tensor, Tensor]]  # by layer: the teacher's map, and the stage


class Student(nn.Module):
    """Slim body in training, with batch norms and full-rank heads on the fine branch.

    Heads are scaled by their first solution, since the teacher's channels differ by factors of
    hundreds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = SlimBody(ConvNorm)
        self.heads = nn.ParameterDict(
            {layer: torch.zeros(1, FINE_STAGES[stage][-1] + 1) for layer, stage in HEADS.items()}
        )
        self.units = {layer: torch.ones(1, 1) for layer in HEADS}

    def head(self, layer: str) -> Tensor:
        """Linear head Tx(C+1), from a stage's channels and a constant to the teacher's."""
        head: Tensor = self.heads[layer] * self.units[layer]
        return head

    def set_head(self, layer: str, head: Tensor) -> None:
        """Initialize a head for gradient descent."""
        self.units[layer] = head.norm(dim=1, keepdim=True).clamp_min(1e-3)
        self.heads[layer] = nn.Parameter(head / self.units[layer])


class Teacher:
    """SqueezeNet at first strides of 1 and 2."""

    def __init__(self, weight_file: Path) -> None:
        self.fine, self.coarse = (SqueezeNet(weight_file, (stride,)) for stride in (1, 2))


class Heads:
    """Recursive least squares from stages to the teacher's layers, with decaying sums."""

    def __init__(self, memory: float) -> None:
        self.memory = memory
        self.inner: dict[str, Tensor] = {}
        self.cross: dict[str, Tensor] = {}

    def add(self, layer: str, stage: Tensor, target: Tensor, energy: Tensor) -> Tensor:
        """Add a batch (NxCxP, NxTxP, and N energies to divide by); return the solved head."""
        weighted = stage / energy[:, None, None]
        inner = (weighted @ stage.transpose(1, 2)).sum(dim=0)
        cross = (target @ weighted.transpose(1, 2)).sum(dim=0)
        if layer in self.inner:
            inner = inner + self.memory * self.inner[layer]
            cross = cross + self.memory * self.cross[layer]
        self.inner[layer], self.cross[layer] = inner, cross
        ridge = RIDGE * inner.diagonal().mean() * torch.eye(len(inner))
        head: Tensor = cross.double() @ torch.linalg.inv((inner + ridge).double())
        return head.float()


class Walkers:
    """Pictures being optimized from a photo towards a painting, by the slim style loss."""

    def __init__(self, draw: "Pictures", life: int) -> None:
        photos, self.paintings = draw.photos(2), draw.paintings(2)
        starts = [draw.matched(a, b) for a, b in zip(photos, self.paintings, strict=True)]
        noisy = random.random() < 0.15
        self.images = torch.rand_like(photos) if noisy else torch.stack(starts)
        self.images.requires_grad_()
        self.optimizer = torch.optim.Adam([self.images], random.choice([0.01, 0.02, 0.03, 0.05]))
        self.life = life

    def step(self, gradient: Tensor) -> None:
        """Take one optimization step with a gradient."""
        self.images.grad = gradient
        self.optimizer.step()
        with torch.no_grad():
            self.images.clamp_(0, 1)
        self.life -= 1


class Pictures:
    """Random crops of photos, paintings and mixtures of both; Nx3xSxS RGB 0..1."""

    def __init__(self, photos: Content, paintings: Content, seed: int) -> None:
        self._photos, self._paintings, self._seed, self._drawn = photos, paintings, seed, 0

    def photos(self, count: int) -> Tensor:
        self._drawn += 1
        return self._photos.crops(count, SIZE, self._drawn, self._seed)

    def paintings(self, count: int) -> Tensor:
        self._drawn += 1
        return self._paintings.crops(count, SIZE, self._drawn, self._seed)

    def mixed(self, count: int) -> Tensor:
        """Photos, some with noise, blended with a painting, or in its colors."""
        return torch.stack([self._mixed() for _ in range(count)])

    def _mixed(self) -> Tensor:
        photo, painting, kind = self.photos(1)[0], self.paintings(1)[0], random.random()
        if kind < 0.4:
            return photo
        if kind < 0.5:
            return painting
        if kind < 0.65:
            return (photo + random.uniform(0.02, 0.2) * torch.randn_like(photo)).clamp(0, 1)
        if kind < 0.85:
            return torch.lerp(photo, painting, random.uniform(0.2, 0.8))
        return self.matched(photo, painting)

    @staticmethod
    def matched(photo: Tensor, painting: Tensor) -> Tensor:
        """A photo (3xSxS) in a painting's colors."""
        return recolored(photo[None], *color_map(photo.flatten(1), painting.flatten(1)))[0]


class Energies:
    """Running means of the energy by layer, which limit the weight of smooth pictures."""

    def __init__(self) -> None:
        self._means: dict[str, Tensor] = {}

    def of(self, name: str, values: Tensor) -> Tensor:
        """Divisors of the pictures' squared errors (N), from each picture's energy (N)."""
        old = self._means.get(name, values.mean())
        self._means[name] = 0.95 * old + 0.05 * values.mean()
        return 0.3 * values + 0.7 * self._means[name]


def learn_maps(student: Student, teacher: Teacher, draw: Pictures, steps: int) -> None:
    """Second stage: train the body; heads are solved by least squares."""
    optimizer = torch.optim.Adam(_groups(student, MAP_RATES))
    recent, whole, energies, started = Heads(MEMORY), Heads(1.0), Energies(), time.monotonic()
    for step in range(steps):
        _set_rates(optimizer, MAP_RATES, step, steps)
        student.train()
        if step > 0.7 * steps:
            freeze_norms(student)
        images = torch.cat([draw.mixed(6), draw.paintings(2)])
        losses = []
        for layer, (target, stage) in aligned(student.body, teacher, images).items():
            energy = energies.of(layer, target.square().sum(dim=(1, 2)))
            found = stage
            if layer in HEADS:
                with torch.no_grad():
                    head = recent.add(layer, stage, target, energy)
                    if step >= steps - HEAD_SUMS:
                        student.set_head(layer, whole.add(layer, stage, target, energy))
                found = head @ stage
            losses.append(((found - target).square().sum(dim=(1, 2)) / energy).mean())
        _descend(optimizer, student, torch.stack(losses).sum())
        _report(step, started, maps=torch.stack(losses).mean())


def learn_styles(student: Student, teacher: Teacher, draw: Pictures, steps: int) -> None:
    """Last stage: train body and heads on Gram matrices of pictures being optimized."""
    optimizer = torch.optim.Adam(_groups(student, STYLE_RATES))
    energies, started = Energies(), time.monotonic()
    walkers = [Walkers(draw, 8), Walkers(draw, 4)]
    for step in range(steps):
        _set_rates(optimizer, STYLE_RATES, step, steps)
        walking = walkers[step % 2]
        if walking.life <= 0:
            walking = walkers[step % 2] = Walkers(draw, min(70, 8 + step // 6))
        images = torch.cat([walking.images, walking.paintings, draw.mixed(2)])
        maps, grams, changes, style = [], [], [], torch.zeros(())
        for layer, (target, stage) in aligned(student.body, teacher, images).items():
            seen = student.head(layer) @ stage if layer in HEADS else stage
            energy = energies.of(layer, target.square().sum(dim=(1, 2)))
            maps.append(((seen - target).square().sum(dim=(1, 2)) / energy).mean())
            found, wanted = (gram_matrix(them[..., None]) for them in (seen, target))
            energy = energies.of(f"gram {layer}", wanted.square().sum(dim=(1, 2)))
            grams.append(((found - wanted).square().sum(dim=(1, 2)) / energy).mean())
            change, wanted_change = found[:2] - found[2:4], wanted[:2] - wanted[2:4]
            scale = wanted_change.square().sum(dim=(1, 2)) + 0.05 * energy[2:4]
            missed = (change - wanted_change).square().sum(dim=(1, 2)) / scale
            changes.append(missed.clamp(max=4).mean())
            to_painting = (found[:2] - found[2:4].detach()).square().sum(dim=(1, 2))
            style = style + (to_painting / energy[2:4]).sum()
        (gradient,) = torch.autograd.grad(style, walking.images, retain_graph=True)
        losses = [torch.stack(values).sum() for values in (maps, grams, changes)]
        _descend(optimizer, student, losses[0] + 2 * losses[1] + losses[2])
        walking.step(gradient)
        names = ("maps", "grams", "changes")
        _report(step, started, **dict(zip(names, torch.stack(losses) / len(maps), strict=True)))


def aligned(body: SlimBody, teacher: Teacher, images: Tensor) -> Pairs:
    """The teacher's maps (NxTxP) and the student's, by layer, at the same positions.

    The student's is the stage with a constant (Nx(C+1)xP) for a fine layer, and the map itself for
    a coarse one. At stride 1 the teacher gets a random crop.
    """
    seen = body(images)
    top, left = (8 * random.randint(0, (SIZE - CLOSE) // 8) for _ in range(2))
    with torch.no_grad():
        coarse = teacher.coarse(images)
        fine = teacher.fine(images[..., top : top + CLOSE, left : left + CLOSE])
    pairs = {layer: (coarse[layer].flatten(2), seen[layer].flatten(2)) for layer in COARSE_LAYERS}
    for layer, name in HEADS.items():
        row, column, side = (px // STRIDES[name] for px in (top, left, CLOSE))
        stage = seen[name][..., row : row + side, column : column + side]
        offset, target = OFFSETS[layer], fine[layer]
        size = min(target.shape[-1], side - offset)
        target, stage = _crop(target, 0, size), _crop(stage, offset, size)
        pairs[layer] = target.flatten(2), with_constant(stage).flatten(2)
    return pairs


def register(file: Path, agreement: str, training: str) -> None:
    """Enter the file into the catalog."""
    about = {"licence": "MIT", "agreement": agreement, "training": training}
    entry = {"name": "slim", **file_entry(file), **about}
    change_section("features", lambda _: [entry])


def main() -> None:
    """Train, pack and register the slim features."""
    parsed = _parser().parse_args()
    torch.manual_seed(parsed.seed)
    random.seed(parsed.seed)
    left_out = set(parsed.leave_out.read_text(encoding="utf-8").split())
    photos, paintings = (
        _pictures(folder, left_out) for folder in (parsed.photos, parsed.paintings)
    )
    student, teacher = Student(), Teacher(parsed.teacher)
    draw = Pictures(photos, paintings, parsed.seed)
    fit_coarse(
        student.body,
        teacher.coarse,
        [torch.cat([draw.mixed(6), draw.paintings(2)]) for _ in range(FIT_BATCHES)],
    )
    learn_maps(student, teacher, draw, parsed.map_steps)
    learn_styles(student, teacher, draw, parsed.style_steps)
    heads = {layer: student.head(layer).detach() for layer in HEADS}
    file = models_folder() / "slim.npz"
    size = pack(folded_body(student), heads, file)
    register(file, parsed.agreement, parsed.recipe)
    print(f"{file.name}: {size:,} bytes")


def folded_body(student: Student) -> SlimBody:
    """The body with batch norms folded."""
    body = fold_norms(student.body)
    assert isinstance(body, SlimBody)
    return body


def _pictures(folder: Path, left_out: set[str]) -> Content:
    """Pictures of a folder, large ones reduced, without the names in `left_out`."""
    images = []
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() not in PHOTO_SUFFIXES or file.name in left_out:
            continue
        images.append(with_short_side(read_photo(file), LARGEST_SIDE, enlarge=False))
    return Content(images)


def _groups(student: Student, rates: tuple[float, float]) -> list[dict[str, Any]]:
    """Parameter groups: randomly initialized weights, and fitted ones."""
    fine = [p for stage in FINE_STAGES for p in student.body.get_submodule(stage).parameters()]
    new = [*fine, *student.heads.parameters()]
    known = set(map(id, new))
    fitted = [p for p in student.parameters() if id(p) not in known]
    return [{"params": new, "lr": rates[0]}, {"params": fitted, "lr": rates[1]}]


def _set_rates(
    optimizer: torch.optim.Optimizer, highest: tuple[float, float], step: int, steps: int
) -> None:
    """Learning rates: linear warm-up, then a cosine."""
    share = max(0.05, (1 + math.cos(math.pi * step / steps)) / 2) * min(1.0, (step + 1) / 30)
    for group, rate in zip(optimizer.param_groups, highest, strict=True):
        group["lr"] = rate * share


def _descend(optimizer: torch.optim.Optimizer, student: Student, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(student.body.parameters(), 2.0)
    optimizer.step()


def _report(step: int, started: float, **losses: Tensor) -> None:
    if step % 50 == 49:
        parts = " ".join(f"{name} {float(value.detach()):.3f}" for name, value in losses.items())
        print(f"{step + 1} {time.monotonic() - started:.0f}s {parts}", flush=True)


def _crop(maps: Tensor, offset: int, size: int) -> Tensor:
    """The cells from `offset` on, without those at the edges."""
    inside = slice(offset + EDGE, offset + size - EDGE)
    return maps[..., inside, inside]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teacher", type=Path, required=True, help="SqueezeNet v1.0 weights")
    parser.add_argument("--photos", type=Path, required=True, help="folder")
    parser.add_argument("--paintings", type=Path, required=True, help="folder")
    parser.add_argument(
        "--leave-out", type=Path, required=True, help="text file: names of pictures not to use"
    )
    parser.add_argument("--map-steps", type=int, default=400)
    parser.add_argument("--style-steps", type=int, default=700)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--agreement", default="", help="as the catalog shows it")
    parser.add_argument("--recipe", default="", help="the command, as the catalog shows it")
    return parser


if __name__ == "__main__":
    main()
