"""PyTorch device for the option `device`: CPU, CUDA or Apple's MPS."""

import torch

from vidstyle.errors import OptionError
from vidstyle.options import AUTO, CPU


def torch_device(name: str = AUTO, number: int = 0) -> torch.device:
    """Device that computes.

    Args:
        name: "cpu", "cuda", "mps", or "auto" for CUDA where there is a GPU, else the CPU. MPS is
            never taken unasked: nothing was measured there.
        number: of the process on this machine; processes share out the GPUs.

    Raises:
        OptionError: this PyTorch has no such device, or the machine has none.
    """
    if name == AUTO:
        name = "cuda" if torch.cuda.is_available() else CPU
    if name == "cuda":
        if not torch.cuda.is_available():
            raise OptionError(_no_cuda(), "device")
        return torch.device("cuda", number % torch.cuda.device_count())
    if name == "mps" and not torch.backends.mps.is_available():
        raise OptionError(
            f"device mps is not there: it needs a Mac with an Apple processor and macOS 14, and "
            f"PyTorch's build for it; this is {torch.__version__}.",
            "device",
        )
    return torch.device(name)


def _no_cuda() -> str:
    if torch.version.cuda is None:
        return (
            f"device cuda is not in this PyTorch, {torch.__version__}. Install its build for CUDA: "
            "pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/cu130"
        )
    return (
        f"device cuda is not there: PyTorch {torch.__version__} finds no NVIDIA GPU. Install its "
        "driver, or choose auto."
    )
