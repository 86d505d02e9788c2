"""ONNX Runtime sessions of .onnx files from anywhere: checked, loaded and tried under limits.

Bounded are the file's size, the number of its nodes, the memory of all sessions, and the time of
loading and of the first run. Operators that run a graph of their own (Loop, If, Scan) are refused.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnxruntime

from vidstyle.errors import OUT_OF_MEMORY, StyleError, reason
from vidstyle.hardware import memory_gb
from vidstyle.stylize.protobuf import fields, messages

MAX_FILE_BYTES = 256 << 20  # the largest shipped network has 200 KB
MAX_NODES = 10_000  # of a graph; shipped networks have about 100
MAX_FOLDED_BYTES = 16 << 20  # of a constant computed while loading: as large as its weights are
MEMORY_SHARE = 0.75  # of the physical memory, for all sessions together
LOAD_LIMIT_S = 30.0  # to load a network, and to run it on a small picture; 0.1 s is usual
CANCEL_PATIENCE_S = 5.0  # for the operator at work when a call is cancelled
FATAL_ONLY = 4  # ONNX Runtime's log level; its exceptions are translated

# Field numbers of onnx.proto, by message; https://onnx.ai/onnx/repo-docs/IR.html
GRAPH, FUNCTIONS = 7, 25  # ModelProto
NODE, INITIALIZER, FUNCTION_NODE = 1, 5, 7  # GraphProto; FunctionProto
OPERATOR, ATTRIBUTE = 4, 5  # NodeProto
TENSOR, SUBGRAPHS = 5, (6, 11)  # AttributeProto; one graph, several graphs
DATA_TYPE, FLOAT_DATA, RAW_DATA, DOUBLE_DATA = 2, 4, 9, 10  # TensorProto
FLOAT, FLOAT16, DOUBLE = 1, 10, 11  # data types
FLOATS = {FLOAT: "<f4", FLOAT16: "<f2", DOUBLE: "<f8"}  # NumPy's names

Item = TypeVar("Item")


def load_session(file: Path, threads: int) -> onnxruntime.InferenceSession:
    """Load a network.

    Args:
        file: .onnx file.
        threads: threads of one run.

    Raises:
        StyleError: the file is too large, broken, has an operator with a graph of its own, or
            takes too long to load.
    """
    _check_file(file)
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry(
        "optimization.constant_folding_max_output_size_in_bytes", str(MAX_FOLDED_BYTES)
    )
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = FATAL_ONLY
    options.enable_mem_pattern = False  # input sizes vary between frames and patches
    # Busy waiting would take the cores that decoder, warp and encoder need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")

    def load() -> onnxruntime.InferenceSession:
        _share_memory()
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    session = _limited(file, load, lambda: options.set_load_cancellation_flag(True))
    _check_names(file, session)
    return session


def first_run(file: Path, session: onnxruntime.InferenceSession, inputs: dict[str, Any]) -> Any:
    """Run a network for the first time; return its first output.

    Args:
        file: of the session, for messages.
        session: from `load_session`.
        inputs: arrays by name.

    Raises:
        StyleError: the network fails or takes too long.
    """
    options = onnxruntime.RunOptions()

    def terminate() -> None:
        options.terminate = True

    return _limited(file, lambda: session.run(None, inputs, options)[0], terminate)


def _check_file(file: Path) -> None:
    size = file.stat().st_size
    if size > MAX_FILE_BYTES:
        raise StyleError(
            f"{file} has {size / 2**20:.0f} MB. A generator has {MAX_FILE_BYTES >> 20} MB at most."
        )
    try:
        _check_graphs(file, memoryview(file.read_bytes()))
    except (IndexError, ValueError, OSError) as error:
        raise not_runnable(file, error) from error


def _check_names(file: Path, session: onnxruntime.InferenceSession) -> None:
    """Check that the names and the metadata, which are decoded when asked for, are text."""
    try:
        for argument in (*session.get_inputs(), *session.get_outputs()):
            _ = argument.name, argument.shape
        _ = session.get_modelmeta().custom_metadata_map
    except UnicodeDecodeError as error:
        raise StyleError(f"{file} is damaged: its names or metadata are no UTF-8.") from error


def _limited(file: Path, call: Callable[[], Item], cancel: Callable[[], None]) -> Item:
    """Return the result of a call of ONNX Runtime, made on a thread of its own.

    A call that takes too long, or whose caller is interrupted, is cancelled, which ONNX Runtime
    notices after the current operator. It is waited for a while: an interpreter that ends while
    another thread is inside C++ may abort.

    Raises:
        StyleError: the call failed, or takes longer than `LOAD_LIMIT_S`.
    """
    result: Future[Item] = Future()

    def run() -> None:
        try:
            result.set_result(call())
        except BaseException as error:
            result.set_exception(error)

    try:
        threading.Thread(target=run, name="first-run", daemon=True).start()
        return result.result(LOAD_LIMIT_S)
    except TimeoutError:
        cancel()
        raise StyleError(
            f"{file} needs more than {LOAD_LIMIT_S:g} s for a small picture. "
            "A generator for videos must be faster."
        ) from None
    except Exception as error:  # ONNX Runtime's errors have no common base class
        raise not_runnable(file, error) from error
    finally:
        if not result.done():
            cancel()
            wait([result], CANCEL_PATIENCE_S)


def not_a_number(file: Path, where: str) -> StyleError:
    """Error of a network with NaN in its weights or paintings, which would become black."""
    return StyleError(
        f"{file} has values that are not numbers (NaN) {where}. Its training or conversion went "
        "astray: make it again, or choose another style."
    )


def not_runnable(file: Path, error: Exception) -> StyleError:
    """Error of a file that ONNX Runtime refuses, or has no memory for."""
    if OUT_OF_MEMORY.search(str(error)):
        return StyleError(
            f"Memory ran out for {file} ({reason(error)}). Close other programs, or choose a "
            "smaller network."
        )
    return StyleError(f"{file} is not a generator that can be run: {reason(error)}")


@cache
def _share_memory() -> None:
    """Register one memory arena for all ONNX Runtime sessions of this process.

    With an arena each, every loaded network keeps 129 MB after one picture of 480 lines.
    """
    kind, place = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, onnxruntime.OrtMemType.DEFAULT
    memory = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, place)
    onnxruntime.create_and_register_allocator(memory, _arena())


def _arena() -> onnxruntime.OrtArenaCfg | None:
    """Configuration of the shared arena: its largest size; None where the memory is unknown."""
    total_gb = memory_gb()
    if total_gb is None:
        return None
    return onnxruntime.OrtArenaCfg({"max_mem": int(MEMORY_SHARE * total_gb * 1e9)})


def _check_graphs(file: Path, model: memoryview) -> None:
    """Check nodes and weights of a serialized ModelProto.

    Raises:
        StyleError: an operator has a graph among its attributes, or a weight is not a number.
        ValueError, IndexError: the content is no ModelProto, or has more than `MAX_NODES` nodes.
    """
    graphs, functions = messages(model, GRAPH), messages(model, FUNCTIONS)
    nodes = [node for graph in graphs for node in messages(graph, NODE)]
    nodes += [node for function in functions for node in messages(function, FUNCTION_NODE)]
    if len(nodes) > MAX_NODES:
        raise ValueError(f"it has {len(nodes)} operators, more than {MAX_NODES}.")
    weights = [each for graph in graphs for each in messages(graph, INITIALIZER)]
    for node in nodes:
        attributes = messages(node, ATTRIBUTE)
        weights += [each for attribute in attributes for each in messages(attribute, TENSOR)]
        if any(messages(attribute, *SUBGRAPHS) for attribute in attributes):
            name = b"".join(messages(node, OPERATOR)).decode()
            raise StyleError(
                f"{file} has the operator {name}, which may run forever. "
                "A generator has no loops and no branches."
            )
    if any(map(_has_nan, weights)):
        raise not_a_number(file, "among its weights")


def _has_nan(tensor: memoryview) -> bool:
    """Whether a serialized TensorProto of floating-point numbers has one that is not a number."""
    kind = next((value for number, value, _ in fields(tensor) if number == DATA_TYPE), 0)
    numbers = FLOATS.get(kind) if isinstance(kind, int) else None
    if numbers is None:
        return False
    packed = FLOAT_DATA if kind == FLOAT else DOUBLE_DATA if kind == DOUBLE else RAW_DATA
    parts = messages(tensor, RAW_DATA, packed)
    return any(bool(np.isnan(np.frombuffer(part, numbers)).any()) for part in parts)
