"""ONNX Runtime sessions of .onnx files from anywhere: checked, loaded and tried under limits.

Bounded are the file's size, the number of its nodes, the memory of all sessions, and the time of
loading and of the first run. Operators that run a graph of their own (Loop, If, Scan) are refused.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import onnxruntime

from vidstyle.errors import StyleError, reason
from vidstyle.hardware import memory_gb

MAX_FILE_BYTES = 256 << 20  # the largest shipped network has 200 KB
MAX_NODES = 10_000  # of a graph; shipped networks have about 100
MAX_FOLDED_BYTES = 16 << 20  # of a constant computed while loading: as large as its weights are
MEMORY_SHARE = 0.75  # of the physical memory, for all sessions together
LOAD_LIMIT_S = 60.0  # to load a network, and to run it on a small picture; 0.1 s is usual
FATAL_ONLY = 4  # ONNX Runtime's log level; its exceptions are translated

# Field numbers of onnx.proto, by message; https://onnx.ai/onnx/repo-docs/IR.html
GRAPH, FUNCTIONS = 7, 25  # ModelProto
NODE, FUNCTION_NODE = 1, 7  # GraphProto, FunctionProto
OPERATOR, ATTRIBUTE = 4, 5  # NodeProto
SUBGRAPHS = {6, 11}  # AttributeProto: one graph, several graphs

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

    return _limited(file, load, lambda: options.set_load_cancellation_flag(True))


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
        with_graph = _operators_with_graphs(memoryview(file.read_bytes()))
    except (IndexError, ValueError, OSError) as error:
        raise not_runnable(file, error) from error
    if with_graph:
        raise StyleError(
            f"{file} has the operator {with_graph[0]}, which may run forever. "
            "A generator has no loops and no branches."
        )


def _limited(file: Path, call: Callable[[], Item], cancel: Callable[[], None]) -> Item:
    """Return the result of a call of ONNX Runtime, made on a thread of its own.

    A call that takes too long is cancelled, which ONNX Runtime notices after the current operator;
    it is not waited for.

    Raises:
        StyleError: the call failed, or takes longer than `LOAD_LIMIT_S`.
    """
    result: Future[Item] = Future()

    def run() -> None:
        try:
            result.set_result(call())
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=run, name="first-run", daemon=True).start()
    try:
        return result.result(LOAD_LIMIT_S)
    except TimeoutError:
        cancel()
        raise StyleError(
            f"{file} needs more than {LOAD_LIMIT_S:g} s for a small picture. "
            "A generator for videos must be faster."
        ) from None
    except Exception as error:  # ONNX Runtime's errors have no common base class
        raise not_runnable(file, error) from error


def not_runnable(file: Path, error: Exception) -> StyleError:
    """Error of a file that ONNX Runtime refuses."""
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


def _operators_with_graphs(model: memoryview) -> list[str]:
    """Names of the operators with a graph among their attributes, of a serialized ModelProto.

    Raises:
        ValueError, IndexError: the content is no ModelProto, or has more than `MAX_NODES` nodes.
    """
    nodes = list[memoryview]()
    for number, content in _parts(model):
        if number in (GRAPH, FUNCTIONS):
            wanted = NODE if number == GRAPH else FUNCTION_NODE
            nodes += [node for inner, node in _parts(content) if inner == wanted]
    if len(nodes) > MAX_NODES:
        raise ValueError(f"it has {len(nodes)} operators, more than {MAX_NODES}.")
    return [_operator(node) for node in nodes if _has_graph(node)]


def _has_graph(node: memoryview) -> bool:
    attributes = [content for number, content in _parts(node) if number == ATTRIBUTE]
    return any(number in SUBGRAPHS for each in attributes for number, _ in _parts(each))


def _operator(node: memoryview) -> str:
    return next((bytes(c).decode() for number, c in _parts(node) if number == OPERATOR), "?")


def _parts(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield number and content of the fields of a protobuf message that are bytes or messages.

    Raises:
        ValueError, IndexError: the content is no protobuf message.
    """
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        match key & 7:
            case 0:  # varint
                _, position = _varint(message, position)
            case 1:  # 64 bits
                position += 8
            case 2:  # bytes, text, message
                length, position = _varint(message, position)
                if length > len(message) - position:
                    raise ValueError("it is cut off.")
                yield key >> 3, message[position : position + length]
                position += length
            case 5:  # 32 bits
                position += 4
            case _:
                raise ValueError("it is no ONNX file.")


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """Decode a protobuf integer; return it and the position behind it."""
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("it is no ONNX file.")
