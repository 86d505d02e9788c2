"""Execution providers of ONNX Runtime: their names, packages and options, and which are there."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata

import onnxruntime
from platformdirs import user_cache_path

from vidstyle.errors import OptionError
from vidstyle.extras import replacement_hint
from vidstyle.options import AUTO, CPU

RUNTIME = "onnxruntime"  # the package that vidstyle depends on


@dataclass(frozen=True, slots=True)
class Provider:
    """Row of the table: an execution provider, as ONNX Runtime names and configures it."""

    runtime_name: str
    package: str  # build of ONNX Runtime that has it, as pip installs it
    needs: str  # hardware and system
    options: Mapping[str, str] = field(default_factory=dict)
    takes_bytes: bool = True  # uint8 inputs
    several_runs: bool = True  # of one session at the same time
    automatic: bool = True  # may be chosen by "auto"
    others: Sequence[str] = (CPU,)  # keys of the table, for operators that it does not have


TABLE = {
    CPU: Provider("CPUExecutionProvider", RUNTIME, "any processor", others=()),
    "cuda": Provider(
        "CUDAExecutionProvider",
        "onnxruntime-gpu[cuda,cudnn]",
        "an NVIDIA GPU, on Linux or Windows",
        # The default tries all algorithms at each new size; patches have many sizes.
        {"cudnn_conv_algo_search": "HEURISTIC"},
    ),
    "tensorrt": Provider(
        "TensorrtExecutionProvider",
        "onnxruntime-gpu[cuda,cudnn]",
        "an NVIDIA GPU and TensorRT, on Linux or Windows",
        {"trt_engine_cache_enable": "1"},
        takes_bytes=False,
        automatic=False,  # an engine for each size of a patch, of seconds to minutes
        others=("cuda", CPU),
    ),
    "openvino": Provider(
        "OpenVINOExecutionProvider", "onnxruntime-openvino", "an Intel processor or GPU"
    ),
    "directml": Provider(
        "DmlExecutionProvider", "onnxruntime-directml", "Windows", several_runs=False
    ),
    "coreml": Provider(
        "CoreMLExecutionProvider", RUNTIME, "macOS 12 or later", {"ModelFormat": "MLProgram"}
    ),
    "webgpu": Provider("WebGpuExecutionProvider", "onnxruntime-webgpu", "a GPU"),
}


def accelerators() -> list[str]:
    """Providers besides the CPU's that this build of ONNX Runtime has; they may yet not start."""
    built_in = onnxruntime.get_available_providers()
    return [name for name, row in TABLE.items() if name != CPU and row.runtime_name in built_in]


def automatic_providers() -> list[str]:
    """Those of `accelerators` that "auto" may choose."""
    return [name for name in accelerators() if TABLE[name].automatic]


def resolved(provider: str) -> str:
    """Provider to use: that of the CPU for "auto" where it has no other choice.

    Args:
        provider: one of `PROVIDERS`.

    Raises:
        OptionError: this build of ONNX Runtime has no such provider.
    """
    if provider == AUTO:
        return AUTO if automatic_providers() else CPU
    if provider != CPU and provider not in accelerators():
        raise missing(provider)
    return provider


def missing(provider: str) -> OptionError:
    """Error on a provider that is not in this build of ONNX Runtime."""
    row, there = TABLE[provider], ", ".join([CPU, *accelerators()])
    how = "it is part of the build for macOS"
    if row.package != RUNTIME:
        how = replacement_hint(row.package, installed_package())
    return OptionError(
        f"provider {provider} is not in this ONNX Runtime, which has {there}. It needs "
        f"{row.needs}: {how}.",
        "provider",
    )


def installed_package() -> str:
    """Name of the installed build of ONNX Runtime."""
    for name in dict.fromkeys(row.package.partition("[")[0] for row in TABLE.values()):
        try:
            metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        return name
    return RUNTIME


def provider_arguments(provider: str) -> Sequence[str | tuple[str, dict[str, str]]]:
    """Argument `providers` of a session: the provider with its options, then its `others`.

    Args:
        provider: key of `TABLE`.
    """
    row, options = TABLE[provider], dict(TABLE[provider].options)
    if provider == "tensorrt":
        folder = user_cache_path("vidstyle", appauthor=False)
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        options["trt_engine_cache_path"] = str(folder / "tensorrt")
    return [(row.runtime_name, options), *(TABLE[name].runtime_name for name in row.others)]
