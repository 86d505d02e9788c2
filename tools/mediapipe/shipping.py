"""Shipping of a converted network: its file in models/, and its entry in the catalog."""

from collections.abc import Mapping

import onnx
from onnx import helper

from tools.styles.catalog import Entry, change_section, file_entry
from tools.styles.textures import with_half_weights
from vidstyle.assets import models_folder
from vidstyle.media.atomic import write_whole


def ship(
    model: onnx.ModelProto, name: str, section: str, notice: Mapping[str, str], command: str
) -> None:
    """Write models/NAME.onnx with float16 weights, as the only entry of a section.

    Args:
        model: converted network.
        name: of the file and the entry.
        section: of the catalog.
        notice: license, source and changes, for the file's metadata.
        command: that makes the file again.
    """
    model = with_half_weights(model)
    helper.set_model_props(model, dict(notice))
    onnx.checker.check_model(model)
    file = models_folder() / f"{name}.onnx"
    write_whole(file, model.SerializeToString(deterministic=True))
    entry: Entry = {
        "name": name,
        **file_entry(file),
        "licence": notice["license"],
        "source": notice["source"],
        "training": command,
    }
    change_section(section, lambda _: [entry])
