"""Auto takes the fastest provider that paints the CPU's picture, and remembers it."""

import json
import logging
from pathlib import Path

import onnxruntime
import pytest

from tests.stylize.runtime_stand_in import FakeCuda, install
from vidstyle.errors import StyleError
from vidstyle.stylize import provider_choice
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.generator_pool import load_generator
from vidstyle.stylize.provider_choice import (
    ChoiceStore,
    ModelForms,
    ProviderTrial,
    choose,
    describe_trial,
    fastest,
    open_generator,
    try_providers,
)
from vidstyle.stylize.providers import accelerators


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    return install(monkeypatch)


@pytest.fixture
def times_ms(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Times of the providers, which a test may change."""
    times_ms = {"cpu": 50.0, "cuda": 5.0}
    monkeypatch.setattr(provider_choice, "_painting_ms", lambda painter: times_ms[painter.provider])
    return times_ms


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(provider_choice, "user_cache_path", lambda *_, **__: tmp_path / "cache")
    return tmp_path / "cache" / "providers.json"


@pytest.fixture
def forms(inverter: Path) -> ModelForms:
    return ModelForms(inverter, inverter)


def opened(forms: ModelForms) -> str:
    return open_generator(forms, 1, "auto").provider


def test_the_fastest_is_taken_measured_once_and_remembered(
    cuda: FakeCuda, times_ms: dict[str, float], forms: ModelForms, cache: Path
) -> None:
    assert opened(forms) == "cuda"
    assert list(json.loads(cache.read_bytes())["chosen"].values()) == ["cuda"]
    sessions, times_ms["cuda"] = len(cuda.opened), 500.0
    assert opened(forms) == "cuda"
    assert len(cuda.opened) == sessions + 1


def test_the_cpu_stays_without_a_clear_gain(
    cuda: FakeCuda, times_ms: dict[str, float], forms: ModelForms
) -> None:
    times_ms["cuda"] = 45.0
    assert opened(forms) == "cpu"


def test_another_picture_is_not_taken_however_fast(
    cuda: FakeCuda, times_ms: dict[str, float], forms: ModelForms
) -> None:
    cuda.added = 0.02  # 5 levels of 255
    trial = try_providers(forms, ["cuda"])[1]
    assert not trial.agrees
    assert 3 < trial.difference < 6
    assert describe_trial(trial).endswith("another picture, not for auto")
    assert opened(forms) == "cpu"


def test_a_provider_that_does_not_start_is_a_finding(
    cuda: FakeCuda, times_ms: dict[str, float], forms: ModelForms
) -> None:
    cuda.starts = False
    trial = try_providers(forms, ["cuda"])[1]
    assert describe_trial(trial).startswith("cuda: does not start here, and")
    assert opened(forms) == "cpu"


def test_the_choice_is_forgotten_with_the_runtime_the_machine_or_the_network(
    cuda: FakeCuda,
    times_ms: dict[str, float],
    forms: ModelForms,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = ChoiceStore(cache)
    store.put(forms, "cuda")
    assert store.get(forms) == "cuda"
    other = tmp_path / "other.onnx"
    other.write_bytes(b"another network")
    assert store.get(ModelForms(other, other)) is None
    with monkeypatch.context() as changed:
        changed.setattr(onnxruntime, "__version__", "9.9.9")
        assert store.get(forms) is None
    with monkeypatch.context() as changed:
        changed.setattr("platform.node", lambda: "another-machine")
        assert store.get(forms) is None
        store.put(forms, "cpu")
        assert store.get(forms) == "cpu"
    assert store.get(forms) is None  # the file holds one machine's choices


def test_a_choice_that_does_not_start_any_more_is_made_anew(
    cuda: FakeCuda,
    times_ms: dict[str, float],
    forms: ModelForms,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert opened(forms) == "cuda"
    cuda.starts = False
    with caplog.at_level(logging.WARNING):
        assert opened(forms) == "cpu"
    assert "cuda was the fastest and is tried anew" in caplog.text
    caplog.clear()
    assert opened(forms) == "cpu"
    assert not caplog.text


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"valid_for": 1, "chosen": 2}', "\\x00", '"chosen"', "null"]
)
def test_a_damaged_store_is_an_empty_one(forms: ModelForms, cache: Path, content: str) -> None:
    cache.parent.mkdir()
    cache.write_text(content, encoding="utf-8")
    store = ChoiceStore(cache)
    assert store.get(forms) is None
    store.put(forms, "cpu")
    assert store.get(forms) == "cpu"


def test_a_store_keeps_the_newest(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_choice, "MAX_REMEMBERED", 2)
    store, files = ChoiceStore(cache), [tmp_path / name for name in "abc"]
    for file in files:
        file.write_text(file.name)
        store.put(ModelForms(file, file), "cpu")
    assert [store.get(ModelForms(file, file)) for file in files] == [None, "cpu", "cpu"]


def test_a_folder_that_cannot_be_written_to_costs_the_memory_alone(
    cuda: FakeCuda, times_ms: dict[str, float], forms: ModelForms, cache: Path
) -> None:
    cache.parent.write_text("a file in the way")
    assert opened(forms) == "cuda"


def test_with_the_cpu_alone_auto_measures_nothing(
    shelf: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    monkeypatch.setattr(provider_choice, "try_providers", lambda *forms: pytest.fail("measured"))
    for provider in ("auto", "cpu"):
        generator = load_generator("negative", provider=provider)
        assert isinstance(generator, OnnxGenerator)
        assert generator.provider == "cpu"
    assert not cache.exists()


def test_a_shipped_style_is_computed_in_float32_elsewhere_than_on_the_cpu(
    cuda: FakeCuda, times_ms: dict[str, float], shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = list[str]()
    made = OnnxGenerator.__init__

    def note(generator: OnnxGenerator, file: Path, *more: object, **named: object) -> None:
        files.append(file.name)
        made(generator, file, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(OnnxGenerator, "__init__", note)
    monkeypatch.setattr(
        "vidstyle.stylize.generator_pool.find_style", lambda name: shelf / "warm.onnx"
    )
    load_generator("negative", provider="cpu")
    assert files == ["warm.onnx"]
    load_generator("negative", provider="cuda")
    assert files == ["warm.onnx", "negative.onnx"]


def test_errors_of_the_network_itself_are_errors(cuda: FakeCuda, tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"broken")
    forms = ModelForms(tmp_path / "broken.onnx", tmp_path / "broken.onnx")
    with pytest.raises(StyleError, match=r"broken\.onnx is not a generator"):
        opened(forms)


def test_the_cpu_wins_among_equals() -> None:
    trials = [ProviderTrial("cpu", 10.0), ProviderTrial("cuda", 10.0), ProviderTrial("coreml", 8.0)]
    assert fastest(trials) == "coreml"
    assert fastest(trials[:2]) == "cpu"


def test_tensorrt_is_tried_by_the_doctor_and_never_chosen(
    times_ms: dict[str, float], forms: ModelForms, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    install(monkeypatch)
    names = ["TensorrtExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)
    assert opened(forms) == "cpu"
    assert not cache.exists()
    trials = choose(forms, ChoiceStore(cache), accelerators())
    assert [each.provider for each in trials] == ["cpu", "tensorrt"]
    assert fastest([ProviderTrial("cpu", 50.0), ProviderTrial("tensorrt", 1.0)]) == "cpu"


def test_the_real_measurement_gives_a_time(forms: ModelForms) -> None:
    assert try_providers(forms, [])[0].ms > 0
