"""Training preview: contact sheet of painted photos over time, and loss curves."""

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional

from vidstyle.assets import catalog_section, intact_file
from vidstyle.errors import SinkError, reason
from vidstyle.frame import RGBImage
from vidstyle.media.atomic import write_whole
from vidstyle.media.image_file import read_photo, write_result
from vidstyle.media.result_mark import MARK
from vidstyle.network.architecture import GRID
from vidstyle.network.generator import Generator
from vidstyle.perceptual.color_transfer import to_tensor
from vidstyle.stylize.exposure import with_normal_exposure
from vidstyle.stylize.generator import WIDEST_BORDER
from vidstyle.training.results import LOSS_WORDS

PHOTOS = 4  # on the sheet
ROW_HEIGHT = 192  # px, of a picture on the sheet
LARGEST_WIDTH = 320  # px, of a picture on the sheet
COLUMNS = 6  # of painted pictures, evenly spaced from the first to the last
GAP = 4  # px between pictures


class ContactSheet:
    """Contact sheet: photos by rows, training steps by columns; rewritten with each new column."""

    def __init__(self, folder: Path, photos: list[RGBImage]) -> None:
        """Prepare the sheet.

        Args:
            folder: for `preview.png` and the column images; those of a resumed run are kept.
            photos: photos to paint, HxWx3 uint8 RGB.
        """
        self.folder = folder
        self.photos = [_fitted(photo) for photo in photos]
        self.first = _column(self.photos)

    def add(self, generator: Generator, step: int) -> None:
        """Paint the photos, save them as a column and write `preview.png`.

        Args:
            generator: generator to run, on any device.
            step: training step, the column's name.

        Raises:
            SinkError: a file cannot be written.
        """
        self.folder.mkdir(exist_ok=True)
        painted = [paint(generator, photo) for photo in self.photos]
        write_result(self.folder / f"step-{step:07d}.png", _column(painted))
        files = sorted(self.folder.glob("step-*.png"))
        chosen = sorted({round(i) for i in np.linspace(0, len(files) - 1, COLUMNS)})
        columns = [self.first, *(read_photo(files[i]) for i in chosen)]
        write_result(self.folder / "preview.png", np.asarray(cv2.hconcat(columns), np.uint8))


def preview_photos(content: list[RGBImage]) -> list[RGBImage]:
    """Photos for the sheet: the first ones of the content, and the shipped portrait.

    Faces are where a style fails first, and the content may have none.

    Args:
        content: training pictures with normalized exposure, HxWx3 uint8 RGB.

    Raises:
        StyleError: the portrait is missing or altered.
    """
    (entry,) = catalog_section("photos")
    portrait = read_photo(intact_file(entry["file"], entry["sha256"]))
    return [with_normal_exposure(portrait), *content[: PHOTOS - 1]]


def paint(generator: Generator, image: RGBImage) -> RGBImage:
    """Run the generator on a picture, on its own device, with mirrored borders as at inference.

    Args:
        generator: generator in evaluation mode.
        image: HxWx3 uint8 RGB; sides are multiples of 4, over 56 px.

    Returns:
        HxWx3 uint8 RGB.
    """
    device = next(generator.parameters()).device
    bordered = functional.pad(
        to_tensor(image)[None].to(device), (WIDEST_BORDER,) * 4, mode="reflect"
    )
    with torch.no_grad():
        painted = generator(bordered)[0].clamp(0, 1)
    inside = painted[:, WIDEST_BORDER:-WIDEST_BORDER, WIDEST_BORDER:-WIDEST_BORDER]
    pixels = (inside * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(pixels)


def plot_losses(history: list[dict[str, float]], file: Path) -> None:
    """Plot all losses over the steps, smoothed, on a logarithmic scale.

    Args:
        history: records of step, seconds and weighted losses.
        file: .png to write.

    Raises:
        SinkError: the file cannot be written.
    """
    from matplotlib.figure import Figure  # the import takes half a second, and is used once

    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots()
    steps = [record["step"] for record in history]
    for name in (name for name in history[0] if name not in ("step", "seconds")):
        label = ": ".join(LOSS_WORDS[name])
        axes.plot(steps, _smoothed([record[name] for record in history]), label=label)
    axes.set(xlabel="step", ylabel="loss times its weight (lower is better)", yscale="log")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, fontsize="small")
    encoded = BytesIO()
    figure.savefig(encoded, dpi=110, metadata={"Software": MARK})
    try:
        write_whole(file, encoded.getvalue())
    except OSError as error:
        raise SinkError(f"Cannot write {file}: {reason(error)}.") from error


def _smoothed(values: list[float], window: int = 15) -> list[float]:
    """Moving average over the last `window` values."""
    return [float(np.mean(values[max(0, i - window + 1) : i + 1])) for i in range(len(values))]


def _fitted(photo: RGBImage) -> RGBImage:
    """Resize a photo for the sheet, to multiples of the generator's grid; wide ones are cropped."""
    height, width = photo.shape[:2]
    shown = min(width, height * LARGEST_WIDTH // ROW_HEIGHT)
    left = (width - shown) // 2
    across = max(WIDEST_BORDER + GRID, round(shown * ROW_HEIGHT / height / GRID) * GRID)
    middle = photo[:, left : left + shown]
    resized = cv2.resize(middle, (across, ROW_HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8)


def _column(images: list[RGBImage]) -> RGBImage:
    """Stack pictures vertically, centered, on white."""
    width = max(image.shape[1] for image in images) + GAP
    padded = []
    for image in images:
        free = width - image.shape[1]
        padded.append(
            cv2.copyMakeBorder(
                image, 0, GAP, free // 2, free - free // 2, cv2.BORDER_CONSTANT, value=(255,) * 3
            )
        )
    return np.asarray(cv2.vconcat(padded), np.uint8)
