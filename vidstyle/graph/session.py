"""ONNX Runtime sessions of graphs that this program has just built."""

import onnxruntime

FATAL_ONLY = 4  # ONNX Runtime's log level; its exceptions are translated


def own_session(model: bytes, threads: int = 0) -> onnxruntime.InferenceSession:
    """Load a network that this program has just built, on the CPU and without the checks.

    Args:
        model: serialized ModelProto.
        threads: threads of one run; 0 for all cores.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = FATAL_ONLY
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"], enable_fallback=0
    )
