import pickle
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from vidstyle.errors import StyleError
from vidstyle.perceptual.arrays import check_archive, read_convolutions

STATE = OrderedDict(
    {
        "a.weight": torch.rand(4, 3, 3, 3),
        "a.bias": torch.rand(4),
        "b.weight": torch.rand(2, 4, 1, 1).half(),
        "b.bias": torch.rand(2),
        "classifier.weight": torch.rand(10, 10),
    }
)
SHAPES = {"a": (4, 3, 3, 3), "b": (2, 4, 1, 1)}


def plain(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.float() for name, tensor in state.items()}


def views(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same in one storage, which another tensor begins."""
    flat = torch.cat([torch.rand(7), *(tensor.float().flatten() for tensor in state.values())])
    found, start = {}, 7
    for name, tensor in state.items():
        found[name] = flat[start : start + tensor.numel()].view(tensor.shape)
        start += tensor.numel()
    return found


def strided(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same with the channels last in memory."""
    last = torch.channels_last
    return {
        name: tensor.float().to(memory_format=last) if tensor.ndim == 4 else tensor.float()
        for name, tensor in state.items()
    }


def learning(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: torch.nn.Parameter(tensor.float()) for name, tensor in state.items()}


def write_zip(file: Path, state: dict[str, Tensor]) -> None:
    torch.save(state, file)


def write_stream(file: Path, state: dict[str, Tensor]) -> None:
    torch.save(state, file, _use_new_zipfile_serialization=False)


def write_stream_of_2017(file: Path, state: dict[str, Tensor]) -> None:
    """What torch.save wrote before PyTorch 0.4: tensors that know nothing of gradients."""
    tensors = {str(id(tensor)): tensor for tensor in state.values()}

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: Any) -> Any:
            if isinstance(value, torch.UntypedStorage):
                key = next(k for k, tensor in tensors.items() if same(tensor, value))
                return "storage", torch.FloatStorage, key, "cpu", tensors[key].numel(), None
            return None

        def reducer_override(self, value: Any) -> Any:
            if not isinstance(value, Tensor):
                return NotImplemented
            arguments = (value.untyped_storage(), 0, tuple(value.shape), value.stride())
            return torch._utils._rebuild_tensor, arguments

    def same(tensor: Tensor, storage: torch.UntypedStorage) -> bool:
        return tensor.untyped_storage().data_ptr() == storage.data_ptr()

    sizes = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
    with file.open("wb") as opened:
        for value in (0x1950A86A20F9469CFC6C, 1001, sizes, OrderedDict(state), sorted(tensors)):
            Pickler(opened, protocol=2).dump(value)
        for key in sorted(tensors):
            opened.write(struct.pack("<q", tensors[key].numel()) + tensors[key].numpy().tobytes())


@pytest.mark.parametrize("write", [write_zip, write_stream])
@pytest.mark.parametrize("form", [dict, plain, views, strided, learning])
def test_convolutions_come_out_of_every_form_of_file(
    form: Callable[[dict[str, Tensor]], dict[str, Tensor]],
    write: Callable[[Path, dict[str, Tensor]], None],
    tmp_path: Path,
) -> None:
    write(tmp_path / "a.pth", form(STATE))
    found = read_convolutions(tmp_path / "a.pth", SHAPES, "toy")
    assert list(found) == ["a", "b"]
    for name, (weight, bias) in found.items():
        assert weight.dtype == bias.dtype == np.float32
        assert np.array_equal(weight, STATE[f"{name}.weight"].float().numpy())
        assert np.array_equal(bias, STATE[f"{name}.bias"].numpy())


def test_a_stream_of_2017_is_read(tmp_path: Path) -> None:
    write_stream_of_2017(tmp_path / "a.pth", plain(STATE))
    as_pytorch_does = torch.load(tmp_path / "a.pth", weights_only=True)
    for name, (weight, bias) in read_convolutions(tmp_path / "a.pth", SHAPES, "toy").items():
        assert np.array_equal(weight, as_pytorch_does[f"{name}.weight"].numpy())
        assert np.array_equal(bias, STATE[f"{name}.bias"].numpy())


def test_a_stream_may_hold_more_than_tensors_but_not_run_it(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (tmp_path / "sprung",)

    state = plain(STATE) | {"trap": Trap()}
    write_stream(tmp_path / "a.pth", state)  # type: ignore[arg-type]
    with pytest.raises(StyleError, match="not a toy weight file"):
        read_convolutions(tmp_path / "a.pth", SHAPES, "toy")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own count of memory")
@pytest.mark.parametrize("write", [write_zip, write_stream, write_stream_of_2017])
def test_what_is_not_named_never_comes_into_memory(
    write: Callable[[Path, dict[str, Tensor]], None], tmp_path: Path
) -> None:
    write(tmp_path / "a.pth", plain(STATE) | {"classifier.weight": torch.ones(15_000_000)})  # 60 MB
    write(tmp_path / "b.pth", plain(STATE))
    read_convolutions(tmp_path / "b.pth", SHAPES, "toy")  # imports what it needs
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # resets the peak
    before = memory_mb("VmRSS")
    read_convolutions(tmp_path / "a.pth", SHAPES, "toy")
    assert memory_mb("VmHWM") - before < 20


def memory_mb(what: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    raise AssertionError(what)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none.pth", "No such file or directory"),
        ("empty.pth", "damaged, or of another kind"),
        ("text.pth", "damaged, or of another kind"),
        ("text.npz", "damaged, or of another kind"),
        ("cut.pth", "damaged, or of another kind"),
        ("cut_stream.pth", "damaged, or of another kind"),
        ("list.pth", "it holds no a.weight"),
        ("other.npz", "it holds no a.weight"),
        ("half.pth", "it holds no b.weight"),
        ("half_stream.pth", "it holds no b.weight"),
        ("shape.pth", "b.bias is (3,), not (2,)"),
        ("bomb.npz", "damaged, or of another kind"),
    ],
)
def test_a_file_of_something_else_is_said(name: str, reason: str, tmp_path: Path) -> None:
    write_misfits(tmp_path)
    with pytest.raises(StyleError) as raised:
        read_convolutions(tmp_path / name, SHAPES, "toy")
    assert str(raised.value) == (
        f"{tmp_path / name} is not a toy weight file: {reason}. "
        "Give the one that torchvision publishes, or none to have that downloaded."
    )


def write_misfits(folder: Path) -> None:
    whole, stream = folder / "whole.pth", folder / "stream.pth"
    half = {name: STATE[name] for name in ("a.weight", "a.bias")}
    write_zip(whole, plain(STATE))
    write_stream(stream, plain(STATE))
    write_zip(folder / "half.pth", half)
    write_stream(folder / "half_stream.pth", half)
    write_zip(folder / "shape.pth", plain(STATE) | {"b.bias": torch.zeros(3)})
    torch.save([torch.zeros(3)], folder / "list.pth")
    np.savez(folder / "other.npz", x=np.zeros(3))
    bomb: dict[str, Any] = {"a.weight": np.zeros(2_000_000)}
    np.savez_compressed(folder / "bomb.npz", **bomb)
    (folder / "empty.pth").touch()
    (folder / "cut.pth").write_bytes(whole.read_bytes()[:900])
    (folder / "cut_stream.pth").write_bytes(stream.read_bytes()[:-900])
    for name in ("text.pth", "text.npz"):
        (folder / name).write_text("<html>Not found</html>", encoding="utf-8")


def test_an_archive_that_expands_too_far_is_refused_unread(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", zeros=np.zeros(2_000_000))
    with pytest.raises(ValueError, match=r"would expand to 0\.0 GB"):
        check_archive(tmp_path / "bomb.npz")
    np.savez_compressed(tmp_path / "small.npz", zeros=np.zeros(100_000))
    check_archive(tmp_path / "small.npz")
    write_zip(tmp_path / "a.pth", plain(STATE))
    check_archive(tmp_path / "a.pth")
