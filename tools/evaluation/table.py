"""Result rows of an evaluation, and their Markdown tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Figure = float | int | str | bool


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one network, or of a reference."""

    name: str
    kind: str  # "model", "peer", "optimizer", "unstyled" or "delivered"
    painting: str | None  # file name
    figures: dict[str, Figure] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Name, kind and painting, then all figures."""
        fields = asdict(self)
        figures: dict[str, Any] = fields.pop("figures")
        return fields | figures


@dataclass(frozen=True, slots=True)
class Column:
    """Column of a table: its figure and format."""

    key: str
    heading: str
    form: str = ".3f"
    factor: float = 1

    def cell(self, figures: Mapping[str, Figure]) -> str:
        """The figure as text; a dash where there is none."""
        figure = figures.get(self.key)
        if figure is None:
            return "-"
        if isinstance(figure, bool):
            return "yes" if figure else "NO"
        if isinstance(figure, str):
            return figure
        return f"{figure * self.factor:{self.form}}"


@dataclass(frozen=True, slots=True)
class Table:
    """Table: heading, explanation and columns; rows without any of the figures are left out."""

    heading: str
    note: str
    columns: tuple[Column, ...]


TABLES = (
    Table(
        "Style and content",
        "Style: Gram distance to the painting by SqueezeNet, lower is closer; x peer: over the "
        "peer's on this painting. Content: fire5 distance to the photo, lower is closer. SSIM of "
        "the luminance with the photo's, a similarity: 1 is the same. LPIPS: perceptual distance "
        "to the photo, lower is closer; only with a backbone file. Feature distance: like LPIPS on "
        "SqueezeNet, but without learned weights, lower is closer. Second judge: covariances of a "
        "network of random weights, or Gram matrices of the one whose weights are given. Grid: how "
        "far the periods of 4 and 2 px stand out, over the photo's; 1 is no grid.",
        (
            Column("size_class", "class"),
            Column("style", "style"),
            Column("style_conv1", "of it conv1"),
            Column("style_to_peer", "x peer", ".2f"),
            Column("content", "content"),
            Column("content_to_peer", "x peer", ".2f"),
            Column("second_style", "style, second judge"),
            Column("second_content", "content, second judge"),
            Column("ssim", "SSIM"),
            Column("lpips", "LPIPS"),
            Column("feature_distance", "feature distance"),
            Column("grid_4", "grid 4 px", ".2f"),
            Column("grid_2", "grid 2 px", ".2f"),
        ),
    ),
    Table(
        "Steadiness",
        "Each: every frame painted by itself; keyed: keyframes and warping. e_stab is the root of "
        "the mean squared warping error, E_warp its square, here in thousandths. Noise gain: "
        "flicker of a still picture under sensor noise, over that of the noise. Sharpness: mean "
        "gradient of the luma, levels per pixel; a blurred picture would be steady, too.",
        (
            Column("sample_e_stab_each", "sample e_stab each", ".4f"),
            Column("sample_e_stab_keyed", "keyed", ".4f"),
            Column("sample_e_warp_each", "sample E_warp each", ".3f", 1000),
            Column("sample_e_warp_keyed", "keyed", ".3f", 1000),
            Column("sample_sharpness_each", "sample sharpness each", ".2f"),
            Column("sample_sharpness_keyed", "keyed", ".2f"),
            Column("clips_e_warp_each", "clips E_warp each", ".3f", 1000),
            Column("clips_e_warp_keyed", "keyed", ".3f", 1000),
            Column("noise_gain", "noise gain", ".2f"),
        ),
    ),
    Table(
        "Size and speed",
        "Milliseconds of the bare network in ONNX Runtime on two threads (one, where only one core "
        "may be used), medians; x: times as fast as the peer in the same run.",
        (
            Column("size_class", "class"),
            Column("bytes", "bytes", ","),
            Column("keeps_limit", "in its limit"),
            Column("ms_720p", "1280x720 ms", ".2f"),
            Column("times_peer_720p", "x peer", ".0f"),
            Column("ms_256", "256x256 ms", ".2f"),
            Column("times_peer_256", "x peer", ".0f"),
        ),
    ),
    Table(
        "The int8 form",
        "Time and style loss over those of float32; SSIM of its pictures with those of float32.",
        (
            Column("int8_bytes", "bytes", ","),
            Column("int8_keeps_limit", "in its limit"),
            Column("int8_ms_720p", "1280x720 ms", ".2f"),
            Column("int8_time_720p", "time", ".2f"),
            Column("int8_times_peer_720p", "x peer", ".0f"),
            Column("int8_ms_256", "256x256 ms", ".2f"),
            Column("int8_time_256", "time", ".2f"),
            Column("int8_ssim", "SSIM"),
            Column("int8_style", "style", ".3f"),
        ),
    ),
    Table(
        "As delivered",
        "Correlation of the luma's detail bands with the photo's: fine, sigma 0.5 to 1 px; middle, "
        "2 to 4 px. Face: standard deviation of L* inside a face. Eyes: their contrast over the "
        "photo's. Darkest: 2nd percentile of L*. Chroma: 95th percentile. a*: standard deviation.",
        (
            Column("lines", "lines", "d"),
            Column("mode", "mode"),
            Column("fine", "fine", ".2f"),
            Column("middle", "middle", ".2f"),
            Column("face", "face", ".1f"),
            Column("eyes", "eyes", ".2f"),
            Column("darkest", "darkest", ".1f"),
            Column("chroma", "chroma", ".1f"),
            Column("spread_a", "a*", ".1f"),
        ),
    ),
)


def markdown(rows: Sequence[Row], notes: Sequence[str] = ()) -> str:
    """All tables with rows, then the notes as a list."""
    parts = [part for table in TABLES if (part := "\n".join(_lines(table, rows)))]
    if notes:
        parts.append("\n".join(f"- {note}" for note in notes))
    return "\n\n".join(parts) + "\n"


def _lines(table: Table, rows: Sequence[Row]) -> Iterator[str]:
    measured = {column.key for column in table.columns} - {"size_class"}
    shown = [row for row in rows if measured & row.figures.keys()]
    if not shown:
        return
    headings = ("painting", "by", *(column.heading for column in table.columns))
    cells = [
        (row.painting or "", row.name, *(column.cell(row.figures) for column in table.columns))
        for row in shown
    ]
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    yield f"### {table.heading}\n\n{table.note}\n"
    yield _line([text.ljust(width) for text, width in zip(headings, widths, strict=True)])
    yield _line(["-" * width for width in widths[:2]] + ["-" * (w - 1) + ":" for w in widths[2:]])
    for row_cells in cells:
        padded = [
            text.ljust(width) if place < 2 else text.rjust(width)
            for place, (text, width) in enumerate(zip(row_cells, widths, strict=True))
        ]
        yield _line(padded)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
