"""PyTorch computes where it is told to, or says why it cannot."""

import pytest
import torch

from vidstyle.errors import OptionError
from vidstyle.flags import with_flags
from vidstyle.perceptual.device import torch_device


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


def test_auto_is_the_cpu_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert torch_device("auto") == torch_device("cpu") == torch.device("cpu")
    assert torch_device("mps") == torch.device("mps")


def test_auto_is_a_gpu_where_there_is_one(gpus: None) -> None:
    assert torch_device("auto") == torch.device("cuda", 0)
    assert torch_device("cpu") == torch.device("cpu")


def test_processes_share_out_the_gpus(gpus: None) -> None:
    assert [torch_device("cuda", rank).index for rank in range(3)] == [0, 1, 0]


@pytest.mark.parametrize(
    ("built_for", "said"),
    [(None, "is not in this PyTorch"), ("13.0", r"finds no NVIDIA GPU\. Install its driver")],
)
def test_a_missing_gpu_is_said_with_the_cure(
    monkeypatch: pytest.MonkeyPatch, built_for: str | None, said: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", built_for)
    with pytest.raises(OptionError, match=said) as raised:
        torch_device("cuda")
    assert with_flags(raised.value).startswith("--device cuda is not ")


def test_a_missing_mps_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(OptionError, match=r"^device mps is not there: it needs a Mac"):
        torch_device("mps")
