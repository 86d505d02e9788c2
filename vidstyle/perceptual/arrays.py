"""Weight file reader: named arrays from .npz and both PyTorch formats, safe and memory-saving."""

import logging
import math
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vidstyle.errors import StyleError

log = logging.getLogger(__name__)

MAX_EXPANSION = 20  # of the arrays in an archive
SMALL_BYTES = 1 << 20  # that may expand from nothing
ADVICE = "Give the one that torchvision publishes, or none to have that downloaded."

Array = NDArray[np.float32]


def read_convolutions(
    file: Path, shapes: Mapping[str, tuple[int, ...]], network: str, advice: str = ADVICE
) -> dict[str, tuple[Array, Array]]:
    """Read weight (OIHW float32) and bias (O float32) of the named convolutions only.

    Args:
        file: an .npz, or a state dict saved by PyTorch, with arrays `NAME.weight`, `NAME.bias`.
        shapes: expected shape of the weight by name of the convolution.
        network: name of the network, for error messages.
        advice: remedy, for error messages: one sentence.

    Returns:
        Weight and bias by name of the convolution.

    Raises:
        StyleError: the file cannot be read, lacks an array, or an array has another shape.
    """
    parts: dict[str, tuple[int, ...]] = {}
    for name, shape in shapes.items():
        parts |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    arrays = read_arrays(file, parts, network, advice)
    return {name: (arrays[f"{name}.weight"], arrays[f"{name}.bias"]) for name in shapes}


def read_arrays(
    file: Path, shapes: Mapping[str, tuple[int, ...]], network: str, advice: str = ADVICE
) -> dict[str, Array]:
    """Read the named arrays only, as float32.

    Args:
        file: an .npz, or a state dict saved by PyTorch.
        shapes: expected shape by name of the array.
        network: name of the network, for error messages.
        advice: remedy, for error messages: one sentence.

    Raises:
        StyleError: the file cannot be read, lacks an array, or an array has another shape.
    """

    def misfit(reason: str) -> StyleError:
        return StyleError(f"{file} is not a {network} weight file: {reason}. {advice}")

    try:
        arrays = (_read_npz if file.suffix == ".npz" else _read_pth)(file, shapes)
    except Exception as error:  # a damaged pickle can raise any exception
        reason = error.strerror if isinstance(error, OSError) else None
        raise misfit(reason or "damaged, or of another kind") from error
    for name, wanted in shapes.items():
        if name not in arrays:
            raise misfit(f"it holds no {name}")
        if (found := arrays[name].shape) != wanted:
            raise misfit(f"{name} is {found}, not {wanted}")
    return arrays


def check_archive(file: Path) -> None:
    """Check that a zip archive of arrays, an .npz or .pth, expands to no more than its size allows.

    Arrays of weights hardly shrink; an archive of zeros would fill the memory.

    Raises:
        zipfile.BadZipFile: the file is no zip archive.
        ValueError: its arrays are more than `MAX_EXPANSION` times as large as the file.
    """
    with zipfile.ZipFile(file) as archive:
        expanded = sum(entry.file_size for entry in archive.infolist())
    if expanded > MAX_EXPANSION * file.stat().st_size + SMALL_BYTES:
        raise ValueError(f"it would expand to {expanded / 1e9:.1f} GB")


def _read_npz(file: Path, names: Iterable[str]) -> dict[str, Array]:
    check_archive(file)
    with np.load(file) as arrays:
        return {name: arrays[name].astype(np.float32) for name in names if name in arrays}


def _read_pth(file: Path, names: Iterable[str]) -> dict[str, Array]:
    """Read named arrays of a state dict in either PyTorch format, without loading the others.

    torchvision's VGG files of 2017 are in the old stream format, which torch.load cannot map.
    """
    zipped = zipfile.is_zipfile(file)
    if zipped:
        check_archive(file)
    if not zipped:
        try:
            return _read_stream(file, names)
        except pickle.UnpicklingError:
            log.debug("%s holds more than plain tensors, read in one piece", file)
    state = torch.load(file, map_location="cpu", weights_only=True, mmap=zipped)
    return {name: state[name].detach().float().numpy() for name in names if name in state}


def _read_stream(file: Path, names: Iterable[str]) -> dict[str, Array]:
    """Read named float32 tensors of PyTorch's stream format (before 1.6)."""
    starts = {}
    with file.open("rb") as opened:
        if _StreamReader(opened).load() != 0x1950A86A20F9469CFC6C:
            raise ValueError("neither of PyTorch's formats")
        for _ in ("version", "sizes of C types"):
            _StreamReader(opened).load()
        slots: dict[str, _Slot] = _StreamReader(opened).load()
        for key in _StreamReader(opened).load():
            (count,) = struct.unpack("<q", opened.read(8))
            starts[key] = opened.tell()
            opened.seek(4 * count, 1)
    arrays = {}
    for name in slots.keys() & set(names):
        slot = slots[name]
        start = starts[slot.key] + 4 * slot.offset
        flat = np.fromfile(file, np.dtype("<f4"), math.prod(slot.shape), offset=start)
        arrays[name] = flat.reshape(slot.shape)
    return arrays


@dataclass(frozen=True, slots=True)
class _Slot:
    """Location of a tensor in the stream: storage key, first element in the storage, shape."""

    key: str
    offset: int
    shape: tuple[int, ...]


def _slot(key: str, offset: int, shape: tuple[int, ...], stride: Any, *_rest: Any) -> _Slot:
    if tuple(stride) != torch.empty(shape, device="meta").stride():
        raise pickle.UnpicklingError("not in C order")
    return _Slot(key, offset, tuple(shape))


STREAM_NAMES = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "FloatStorage"): np.float32,
    ("torch._utils", "_rebuild_tensor"): _slot,  # before PyTorch 0.4
    ("torch._utils", "_rebuild_tensor_v2"): _slot,
}


class _StreamReader(pickle.Unpickler):
    """Unpickler of float32 tensor locations without their data; calls no other constructors."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return STREAM_NAMES[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name}") from None

    def persistent_load(self, saved: Any) -> str:
        _storage, _type, key, _device, _count, view = saved
        if view is not None:
            raise pickle.UnpicklingError("a view of a storage")
        return str(key)
