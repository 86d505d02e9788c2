"""Evaluation of the slim features: pictures optimized with them, by the teacher's style loss.

Six pairs of photo and painting are held out from training. Each photo is optimized once with
SqueezeNet itself (both strides, all layers) and several times with the slim features at different
content weights. The teacher's Gram ratio loss is compared at equal content distance, by
interpolation. Writes a sheet of all pictures; the last line is JSON.
"""

import argparse
import json
import math
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.frame import RGBImage
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.media.style_image import read_painting
from vidstyle.perceptual.color_transfer import color_map, recolored
from vidstyle.perceptual.features import FeatureNetwork
from vidstyle.perceptual.losses import content_loss, style_loss, tv_loss
from vidstyle.perceptual.squeezenet import SqueezeNet
from vidstyle.perceptual.zoo import load_features
from vidstyle.training.data.painting import painting_tensor

PAIRS = (  # paintings and photos that tools/features/distill.py leaves out
    ("van-gogh-starry-night.jpg", 0),
    ("hokusai-great-wave.jpg", 1),
    ("picabia-udnie.jpg", 2),
    ("munch-the-scream.jpg", 3),
    ("monet-impression-sunrise.jpg", 4),
    ("klimt-the-kiss.jpg", 5),
)
SIDE = 224  # px of the pictures
PAINTING_SIDE = 320  # px, short side
CONTENT_WEIGHTS = (0.5, 1.0, 2.0)  # times that of the teacher
COARSE, FINE = "/2", ""  # the layers' names at a first stride of 2 and of 1


def main() -> None:
    """Optimize and compare all pairs, print the results and write the sheet."""
    parsed = _parser().parse_args()
    teacher = SqueezeNet(parsed.teacher)
    candidate = load_features(parsed.features, parsed.feature_weights)
    photos = sorted(parsed.photos.read_text(encoding="utf-8").split())
    rows, by_layer, sheet = [], [], []
    for painting_name, number in PAIRS:
        photo = _square(painting_tensor(read_photo(parsed.photo_folder / photos[number]), SIDE))
        painting = painting_tensor(read_painting(parsed.paintings / painting_name), PAINTING_SIDE)
        best = optimize(teacher, photo, painting, 1.0, parsed.steps)
        others = [optimize(candidate, photo, painting, w, parsed.steps) for w in CONTENT_WEIGHTS]
        row = compare(teacher, photo, painting, best, others)
        rows.append(row)
        by_layer.append([layer_losses(teacher, image, painting) for image in (best, others[1])])
        sheet.append(cv2.hconcat([_pixels(p) for p in (photo, best, *others)]))
        print(f"{painting_name:32}" + "  ".join(f"{k} {v:.3f}" for k, v in row.items()), flush=True)
        write_photo(parsed.sheet, np.asarray(cv2.vconcat(sheet), np.uint8))
    means = {
        key: float(np.exp(np.mean(np.log([row[key] for row in rows]))))
        for key in ("ratio_coarse", "ratio_fine")
    }
    layers = {
        name: [float(np.mean([pair[side][name] for pair in by_layer])) for side in (0, 1)]
        for name in by_layer[0][0]
    }
    for name, (own, found) in layers.items():
        print(f"{name:8} optimized with the teacher {own:.4f}, with slim {found:.4f}")
    names = [name for name, _ in PAIRS]
    pairs = dict(zip(names, rows, strict=True))
    print(json.dumps({"pairs": pairs, "geometric_means": means, "layers": layers}))


def optimize(
    features: FeatureNetwork, photo: Tensor, painting: Tensor, content_weight: float, steps: int
) -> Tensor:
    """Optimize pixels with Adam, from the photo in the painting's colors; 1x3xHxW RGB 0..1."""
    with torch.no_grad():
        grams, content = features.grams(features(painting)), features(photo)
    image = recolored(photo, *color_map(photo[0].flatten(1), painting[0].flatten(1)))
    image.requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.03)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, 0.003)
    for _ in range(steps):
        seen = features(image)
        own = features.grams(seen)
        loss = torch.stack([style_loss(own[name], gram) for name, gram in grams.items()]).sum()
        layers = features.content_layers
        kept = torch.stack([content_loss(seen[name], content[name]) for name in layers]).mean()
        optimizer.zero_grad()
        total = loss + content_weight * kept + 2 * tv_loss(image)
        total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            image.clamp_(0, 1)
    return image.detach()


def compare(
    teacher: SqueezeNet, photo: Tensor, painting: Tensor, best: Tensor, others: list[Tensor]
) -> dict[str, float]:
    """Teacher's style losses at equal content distance, coarse and fine, and their ratios."""
    result = {}
    content, *contents = (content_distance(teacher, image, photo) for image in (best, *others))
    result["content"] = content
    for suffix, name in ((COARSE, "coarse"), (FINE, "fine")):
        start, wanted, *styles = (
            gram_distance(teacher, image, painting, suffix) for image in (photo, best, *others)
        )
        order = np.argsort(contents)
        found = math.exp(
            np.interp(content, np.array(contents)[order], np.log(np.array(styles)[order]))
        )
        result |= {f"photo_{name}": start, f"teacher_{name}": wanted, f"slim_{name}": found}
        result[f"ratio_{name}"] = found / wanted
    return result


def gram_distance(teacher: SqueezeNet, image: Tensor, painting: Tensor, suffix: str) -> float:
    """Sum of `layer_losses` at a first stride of 2 or 1."""
    losses = layer_losses(teacher, image, painting)
    return sum(loss for name, loss in losses.items() if name.endswith("/2") == (suffix == COARSE))


def layer_losses(teacher: SqueezeNet, image: Tensor, painting: Tensor) -> dict[str, float]:
    """Squared Gram distance over the painting's squared Gram matrix, by layer."""
    with torch.no_grad():
        own, target = (teacher.grams(teacher(picture)) for picture in (image, painting))
    return {name: float(style_loss(own[name], target[name])) for name in own}


def content_distance(teacher: SqueezeNet, image: Tensor, photo: Tensor) -> float:
    """Relative squared feature distance at fire5, first stride 2."""
    with torch.no_grad():
        own, target = teacher(image)["fire5/2"], teacher(photo)["fire5/2"]
    return float(content_loss(own, target))


def _square(image: Tensor) -> Tensor:
    top, left = ((side - SIDE) // 2 for side in image.shape[2:])
    return image[..., top : top + SIDE, left : left + SIDE]


def _pixels(image: Tensor) -> RGBImage:
    return (image[0] * 255).round().byte().permute(1, 2, 0).contiguous().numpy()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teacher", type=Path, required=True, help="SqueezeNet v1.0 weights")
    parser.add_argument("--paintings", type=Path, required=True, help="folder")
    parser.add_argument("--photo-folder", type=Path, required=True)
    parser.add_argument(
        "--photos", type=Path, required=True, help="text file: names of six photos kept out"
    )
    parser.add_argument("--features", default="slim")
    parser.add_argument("--feature-weights", type=Path)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--sheet", type=Path, default=Path("features.png"))
    return parser


if __name__ == "__main__":
    main()
