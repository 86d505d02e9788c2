"""ONNX Runtime sessions: made here only, so that none computes elsewhere than it was told."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnxruntime

FATAL_ONLY = 4  # ONNX Runtime's log level; its exceptions are translated


def open_session(
    model: bytes | Path, options: onnxruntime.SessionOptions, providers: Sequence[Any]
) -> onnxruntime.InferenceSession:
    """Load a network; an error where a provider does not start, instead of the CPU in its place.

    Args:
        model: serialized ModelProto, or its file.
        options: of the session.
        providers: execution providers by ONNX Runtime's names, the preferred one first.
    """
    return onnxruntime.InferenceSession(model, options, providers=providers, enable_fallback=0)


def own_session(model: bytes, threads: int = 0) -> onnxruntime.InferenceSession:
    """Load a network that this program has just built, on the CPU and without the checks.

    Args:
        model: serialized ModelProto.
        threads: threads of one run; 0 for all cores.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = FATAL_ONLY
    options.intra_op_num_threads = threads
    return open_session(model, options, ["CPUExecutionProvider"])
