"""Stand-in for ONNX Runtime with a second provider, which computes on the CPU in truth."""

from dataclasses import dataclass, field
from typing import Any

import onnxruntime
import pytest

from vidstyle.stylize import onnx_session

CUDA, ON_CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


@dataclass
class Part:
    """Part of a network that is assigned to a provider."""

    ep_name: str
    nodes: int

    def get_nodes(self) -> list[None]:
        return [None] * self.nodes


@dataclass
class FakeCuda:
    """Behavior of the provider: how it starts, and what it does to a painting."""

    starts: bool = True
    takes: int = 3  # operators, of 4
    error: str = ""  # of opening a session
    added: float = 0.0  # to each painting, in shares of white
    opened: list[str] = field(default_factory=list)  # first providers of all sessions

    def session(self, file: Any, options: Any, providers: Any, **more: Any) -> Any:
        first, *_ = (each[0] if isinstance(each, tuple) else each for each in providers)
        self.opened.append(first)
        real = SESSION(file, options, providers=[ON_CPU], **more)
        if first == ON_CPU:
            return real
        if self.error:
            raise RuntimeError(self.error)
        return FakeSession(real, self)


class FakeSession:
    """Session on the provider."""

    def __init__(self, real: onnxruntime.InferenceSession, cuda: FakeCuda) -> None:
        self._real, self._cuda = real, cuda
        self.get_inputs, self.get_outputs = real.get_inputs, real.get_outputs
        self.get_modelmeta = real.get_modelmeta

    def get_providers(self) -> list[str]:
        return [CUDA, ON_CPU] if self._cuda.starts else [ON_CPU]

    def get_provider_graph_assignment_info(self) -> list[Part]:
        return [Part(CUDA, self._cuda.takes), Part(ON_CPU, 4 - self._cuda.takes)]

    def run(self, *arguments: Any) -> Any:
        return [output + self._cuda.added for output in self._real.run(*arguments)]


SESSION = onnxruntime.InferenceSession


def install(monkeypatch: pytest.MonkeyPatch, cuda: FakeCuda | None = None) -> FakeCuda:
    """Replace sessions by those of a runtime that has CUDA."""
    cuda = cuda or FakeCuda()
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, ON_CPU])
    monkeypatch.setattr(onnxruntime, "InferenceSession", cuda.session)
    monkeypatch.setattr(onnx_session, "_preload_libraries", lambda: None)
    return cuda
