"""A provider is used if it is there and computes; else one line says what to do."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from tests.stylize.runtime_stand_in import CUDA, FakeCuda, install
from tests.textures import noise_image
from tests.toys import save_network
from vidstyle.errors import OptionError, StyleError
from vidstyle.flags import with_flags
from vidstyle.options import AUTO, CPU, PROVIDERS
from vidstyle.stylize import providers
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.generator_pool import GeneratorPool, load_generator
from vidstyle.stylize.providers import (
    TABLE,
    accelerators,
    installed_package,
    missing,
    provider_arguments,
    resolved,
)


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    return install(monkeypatch)


@pytest.fixture
def bare_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["AzureExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)
    monkeypatch.setattr(providers, "installed_package", lambda: "onnxruntime")


def test_the_runtime_knows_every_provider_of_the_table() -> None:
    known = {row.runtime_name for row in TABLE.values()}
    assert known <= set(onnxruntime.get_all_providers())
    assert (AUTO, *TABLE) == PROVIDERS


def test_without_another_provider_auto_is_the_cpu(bare_runtime: None) -> None:
    assert (resolved(AUTO), accelerators()) == (CPU, [])


@pytest.mark.parametrize("name", [name for name in TABLE if name != CPU])
def test_a_missing_provider_is_said_in_one_line_with_its_package(
    bare_runtime: None, inverter: Path, name: str
) -> None:
    with pytest.raises(OptionError) as raised:
        load_generator(str(inverter), provider=name)
    line = with_flags(raised.value)
    assert line.startswith(f"--provider {name} is not in this ONNX Runtime, which has cpu. It ")
    package = TABLE[name].package
    assert "uninstall onnxruntime, then" in line or package == "onnxruntime"
    assert f'install "{package}"' in line or "part of the build for macOS" in line
    assert "\n" not in line


def test_the_build_that_is_there_is_the_one_to_replace(monkeypatch: pytest.MonkeyPatch) -> None:
    def distribution(name: str) -> object:
        if name != "onnxruntime-directml":
            raise metadata.PackageNotFoundError(name)
        return object()

    monkeypatch.setattr(metadata, "distribution", distribution)
    assert installed_package() == "onnxruntime-directml"
    assert "uninstall onnxruntime-directml, then" in str(missing("cuda"))
    monkeypatch.setattr(metadata, "distribution", Mock(side_effect=metadata.PackageNotFoundError))
    assert installed_package() == "onnxruntime"


def test_a_provider_paints_and_says_how_much_it_runs(cuda: FakeCuda, inverter: Path) -> None:
    image = noise_image(60, 40, seed=1)
    generator = OnnxGenerator(inverter, provider="cuda")
    assert (generator.provider, generator.operators) == ("cuda", (3, 4))
    assert np.array_equal(generator.paint(image), OnnxGenerator(inverter).paint(image))
    assert cuda.opened == [CUDA, "CPUExecutionProvider"]
    with GeneratorPool(provider="cuda") as pool:
        assert getattr(pool.get(str(inverter)), "provider", "") == "cuda"


def test_a_provider_that_the_runtime_left_out_is_refused(cuda: FakeCuda, inverter: Path) -> None:
    cuda.starts = False
    with pytest.raises(OptionError, match=r"^provider cuda does not start here, and ONNX"):
        OnnxGenerator(inverter, provider="cuda")


def test_a_provider_that_computes_nothing_is_refused(cuda: FakeCuda, inverter: Path) -> None:
    """As OpenVINO's did with the device AUTO: it is listed, and the CPU runs all operators."""
    cuda.takes = 0
    with pytest.raises(OptionError, match=r"^provider cuda runs none of the operators of inverter"):
        OnnxGenerator(inverter, provider="cuda")


def test_an_error_of_a_provider_is_not_blamed_on_the_style(cuda: FakeCuda, inverter: Path) -> None:
    cuda.error = "CUDA failure 999\nand more"
    with pytest.raises(OptionError, match=r"^provider cuda does not run inverter.onnx: CUDA fail"):
        OnnxGenerator(inverter, provider="cuda")


def test_tensorrt_is_not_asked_for_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    shape: list[int | str] = ["n", "h", "w", 4]
    node = helper.make_node("Identity", ["x"], ["y"])
    save_network(tmp_path / "bytes.onnx", [node], shape, shape, TensorProto.UINT8)
    with pytest.raises(StyleError, match=r"bytes.onnx takes uint8 pictures, which tensorrt refus"):
        OnnxGenerator(tmp_path / "bytes.onnx", provider="tensorrt")


def test_operators_that_tensorrt_lacks_stay_on_the_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "user_cache_path", lambda *_, **__: tmp_path / "new" / "cache")
    first, *others = provider_arguments("tensorrt")
    assert isinstance(first, tuple)
    name, options = first
    assert (name, others) == ("TensorrtExecutionProvider", [CUDA, "CPUExecutionProvider"])
    assert options["trt_engine_cache_path"] == str(tmp_path / "new" / "cache" / "tensorrt")
    assert (tmp_path / "new" / "cache").is_dir()
    assert provider_arguments("cpu") == [("CPUExecutionProvider", {})]


def test_one_session_of_directml_runs_once_at_a_time(
    monkeypatch: pytest.MonkeyPatch, inverter: Path
) -> None:
    assert [name for name, row in TABLE.items() if not row.several_runs] == ["directml"]
    install(monkeypatch)
    monkeypatch.setitem(
        TABLE, "cuda", TABLE["directml"].__class__(CUDA, "", "", several_runs=False)
    )
    generator = OnnxGenerator(inverter, provider="cuda")
    with generator._turn:
        assert not generator._turn.acquire(blocking=False)  # type: ignore[attr-defined]
    assert generator.paint(noise_image(20, 20, seed=2)).shape == (20, 20, 3)


def test_the_runtime_never_falls_back_by_itself(tmp_path: Path, inverter: Path) -> None:
    """Nor prints to standard output, where the video may go."""
    code = (
        "import sys, pathlib, onnxruntime\n"
        "onnxruntime.get_available_providers = lambda: "
        "['CUDAExecutionProvider', 'CPUExecutionProvider']\n"
        "from vidstyle.stylize.generator import OnnxGenerator\n"
        "from vidstyle.errors import OptionError\n"
        "try:\n"
        "    OnnxGenerator(pathlib.Path(sys.argv[1]), provider='cuda')\n"
        "except OptionError as error:\n"
        "    sys.exit(3)\n"
    )
    words = [sys.executable, "-c", code, str(inverter)]
    run = subprocess.run(words, capture_output=True, timeout=60, check=False)
    assert (run.returncode, run.stdout) == (3, b"")
