"""ONNX Runtime sessions of .onnx files from anywhere: checked, loaded and tried under limits.

ONNX Runtime goes on with the CPU if a provider does not start, or takes no operator. Here, that is
an error.

Bounded are the file's size, the number of its nodes, the memory of all sessions, and the time of
loading and of the first run. Operators that run a graph of their own (Loop, If, Scan) are refused.
"""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnxruntime

from vidstyle.assets import catalog_section, intact_file
from vidstyle.errors import OUT_OF_MEMORY, OptionError, StyleError, reason
from vidstyle.graph.session import FATAL_ONLY, open_session
from vidstyle.hardware import memory_gb
from vidstyle.options import CPU
from vidstyle.stylize.protobuf import fields, messages
from vidstyle.stylize.providers import TABLE, provider_arguments, resolved

MAX_FILE_BYTES = 256 << 20  # the largest shipped network has 200 KB
MAX_NODES = 10_000  # of a graph; shipped networks have about 100
MAX_FOLDED_BYTES = 16 << 20  # of a constant computed while loading: as large as its weights are
MEMORY_SHARE = 0.75  # of the physical memory, for all sessions together
LOAD_LIMIT_S = 30.0  # to load a network, and to run it on a small picture; 0.1 s is usual
PROVIDER_LIMIT_S = 300.0  # likewise, on other processors: they compile; TensorRT takes minutes
CANCEL_PATIENCE_S = 5.0  # for the operator at work when a call is cancelled
RECORD_ASSIGNMENT = "session.record_ep_graph_assignment_info"

# Field numbers of onnx.proto, by message; https://onnx.ai/onnx/repo-docs/IR.html
GRAPH, FUNCTIONS = 7, 25  # ModelProto
NODE, INITIALIZER, FUNCTION_NODE = 1, 5, 7  # GraphProto; FunctionProto
OPERATOR, ATTRIBUTE = 4, 5  # NodeProto
TENSOR, SUBGRAPHS = 5, (6, 11)  # AttributeProto; one graph, several graphs
DATA_TYPE, FLOAT_DATA, RAW_DATA, DOUBLE_DATA = 2, 4, 9, 10  # TensorProto
FLOAT, FLOAT16, DOUBLE = 1, 10, 11  # data types
FLOATS = {FLOAT: "<f4", FLOAT16: "<f2", DOUBLE: "<f8"}  # NumPy's names

Item = TypeVar("Item")


@cache
def shipped_network(section: str) -> onnxruntime.InferenceSession:
    """Load the network of a section of the catalog, such as "faces", for one thread a run.

    Raises:
        StyleError: the catalog has no such network, or its file is missing or altered.
    """
    for entry in catalog_section(section):
        return load_session(intact_file(entry["file"], entry["sha256"]), threads=1)
    raise StyleError(f"catalog.json has no network for {section}. Install vidstyle again.")


def load_session(file: Path, threads: int, provider: str = CPU) -> onnxruntime.InferenceSession:
    """Load a network.

    Args:
        file: .onnx file.
        threads: threads of one run, on the CPU.
        provider: key of `providers.TABLE`.

    Raises:
        OptionError: the provider is missing, does not start, or takes none of the operators.
        StyleError: the file is too large, broken, has an operator with a graph of its own, or
            takes too long to load.
    """
    _check_file(file)
    resolved(provider)
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

    if provider != CPU:
        options.add_session_config_entry(RECORD_ASSIGNMENT, "1")
        _preload_libraries()

    def load() -> onnxruntime.InferenceSession:
        _share_memory()
        return open_session(file, options, provider_arguments(provider))

    session = _limited(file, load, lambda: options.set_load_cancellation_flag(True), provider)
    if provider != CPU:
        _check_provider(file, session, provider)
    _check_names(file, session)
    return session


def operators_on(session: onnxruntime.InferenceSession, provider: str) -> tuple[int, int]:
    """Operators of a network that a provider runs, and all of them; the CPU runs the others.

    Args:
        session: from `load_session`, with this provider.
        provider: key of `providers.TABLE`, but for the CPU's.
    """
    counts = [
        (part.ep_name == TABLE[provider].runtime_name, len(part.get_nodes()))
        for part in session.get_provider_graph_assignment_info()
    ]
    return sum(count for there, count in counts if there), sum(count for _, count in counts)


def first_run(
    file: Path,
    session: onnxruntime.InferenceSession,
    inputs: dict[str, Any],
    provider: str = CPU,
) -> Any:
    """Run a network for the first time; return its first output.

    Args:
        file: of the session, for messages.
        session: from `load_session`.
        inputs: arrays by name.
        provider: of the session.

    Raises:
        OptionError: it fails on a provider other than the CPU's.
        StyleError: the network fails or takes too long.
    """
    options = onnxruntime.RunOptions()

    def terminate() -> None:
        options.terminate = True

    return _limited(file, lambda: session.run(None, inputs, options)[0], terminate, provider)


def _check_provider(file: Path, session: onnxruntime.InferenceSession, provider: str) -> None:
    """Check that a session computes on its provider.

    Raises:
        OptionError: it computes on the CPU.
    """
    if TABLE[provider].runtime_name not in session.get_providers():
        raise OptionError(
            f"provider {provider} does not start here, and ONNX Runtime would compute on the CPU. "
            f"It needs {TABLE[provider].needs}, with the drivers and libraries of the "
            f"package {TABLE[provider].package}.",
            "provider",
        )
    if operators_on(session, provider)[0] == 0:
        raise OptionError(
            f"provider {provider} runs none of the operators of {file.name}; all would be "
            "computed on the CPU. Choose another provider, or auto.",
            "provider",
        )


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


def _limited(
    file: Path, call: Callable[[], Item], cancel: Callable[[], None], provider: str = CPU
) -> Item:
    """Return the result of a call of ONNX Runtime, made on a thread of its own.

    A call that takes too long, or whose caller is interrupted, is cancelled, which ONNX Runtime
    notices after the current operator. It is waited for a while: an interpreter that ends while
    another thread is inside C++ may abort.

    Raises:
        OptionError: the call failed on a provider other than the CPU's, or takes longer than
            `PROVIDER_LIMIT_S` there.
        StyleError: the call failed, or takes longer than `LOAD_LIMIT_S`.
    """
    result: Future[Item] = Future()
    limit_s = LOAD_LIMIT_S if provider == CPU else PROVIDER_LIMIT_S

    def run() -> None:
        try:
            result.set_result(call())
        except BaseException as error:
            result.set_exception(error)

    try:
        threading.Thread(target=run, name="first-run", daemon=True).start()
        return result.result(limit_s)
    except TimeoutError:
        cancel()
        if provider != CPU:
            raise OptionError(
                f"provider {provider} needs more than {limit_s:g} s for {file.name} and a small "
                "picture. Choose another provider, or auto.",
                "provider",
            ) from None
        raise StyleError(
            f"{file} needs more than {limit_s:g} s for a small picture. "
            "A generator for videos must be faster."
        ) from None
    except Exception as error:  # ONNX Runtime's errors have no common base class
        if provider != CPU:
            raise OptionError(
                f"provider {provider} does not run {file.name}: {reason(error).rstrip('.')}. "
                "Choose another provider, or auto.",
                "provider",
            ) from error
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
def _preload_libraries() -> None:
    """Load the libraries of CUDA that pip installed, which no system looks for."""
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        with redirect_stdout(sys.stderr):  # standard output may be the video
            onnxruntime.preload_dlls()


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
