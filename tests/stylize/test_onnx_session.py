"""Networks from anywhere: what would take forever or all memory is refused while loading."""

import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import NodeProto, TensorProto, helper

from tests.toys import save_network
from vidstyle.errors import StyleError
from vidstyle.stylize import onnx_session
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.onnx_session import first_run, load_session

SHAPE: list[int | str] = [1, 3, "h", "w"]


def endless_loop() -> list[NodeProto]:
    """A loop without a condition and with a trip count of 2^62."""
    body = helper.make_graph(
        [helper.make_node("Identity", [a], [b]) for a, b in (("on", "on_"), ("v", "v_"))],
        "body",
        [
            helper.make_tensor_value_info("number", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on_", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v_", TensorProto.FLOAT, None),
        ],
    )
    count = helper.make_tensor("count", TensorProto.INT64, [], [2**62])
    return [
        helper.make_node("Constant", [], ["count"], value=count),
        helper.make_node("Loop", ["count", "", "x"], ["y"], body=body),
    ]


def branch() -> list[NodeProto]:
    """An If with two graphs that do nothing."""
    output = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["z"])], "same", [], [output])
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    return [
        helper.make_node("Constant", [], ["yes"], value=yes),
        helper.make_node("If", ["yes"], ["y"], then_branch=graph, else_branch=graph),
    ]


@pytest.mark.parametrize(("nodes", "name"), [(endless_loop(), "Loop"), (branch(), "If")])
def test_loops_and_branches_are_refused(tmp_path: Path, nodes: list[NodeProto], name: str) -> None:
    file = tmp_path / "toy.onnx"
    save_network(file, nodes, SHAPE, SHAPE)
    with pytest.raises(StyleError, match=f"has the operator {name}, which may run forever"):
        OnnxGenerator(file)


def test_a_loop_in_a_function_of_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "toy.onnx"
    save_network(file, [helper.make_node("Paint", ["x"], ["y"], domain="own")], SHAPE, SHAPE)
    model = onnx.load(file)
    opsets = [helper.make_opsetid("", 20)]
    function = helper.make_function("own", "Paint", ["x"], ["y"], endless_loop(), opsets)
    model.functions.append(function)
    model.opset_import.append(helper.make_opsetid("own", 1))
    onnx.save(model, file)
    with pytest.raises(StyleError, match="has the operator Loop"):
        OnnxGenerator(file)


def test_a_run_that_takes_too_long_is_terminated(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless:
        def run(self, outputs: None, inputs: dict[str, Any], options: Any) -> list[int]:
            while not options.terminate:
                pass
            ended.set()
            return [0]

    ended = threading.Event()
    monkeypatch.setattr(onnx_session, "LOAD_LIMIT_S", 0.01)
    with pytest.raises(StyleError, match=r"toy.onnx needs more than 0.01 s for a small picture"):
        first_run(Path("toy.onnx"), Endless(), {})
    assert ended.wait(30)


def test_a_network_that_is_terminated_is_one_that_fails(tmp_path: Path) -> None:
    """ONNX Runtime itself ends a run when told."""
    file = tmp_path / "toy.onnx"
    save_network(file, [helper.make_node("Neg", ["x"], ["y"])], SHAPE, SHAPE)
    session = load_session(file, 1)
    inputs = {"x": np.ones((1, 3, 4, 4), np.float32)}
    assert np.array_equal(first_run(file, session, inputs), -inputs["x"])
    options = onnxruntime.RunOptions()
    options.terminate = True
    with pytest.raises(Exception, match="terminate flag"):
        session.run(None, inputs, options)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "toy.onnx"
    with file.open("wb") as opened:
        opened.truncate(40 << 30)  # without a block on the disk
    with pytest.raises(StyleError, match=r"has 40960 MB. A generator has 256 MB at most"):
        load_session(file, 1)


def test_a_graph_of_too_many_operators_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "toy.onnx"
    nodes = [helper.make_node("Neg", ["x"], ["z"]), helper.make_node("Neg", ["z"], ["y"])]
    save_network(file, nodes, SHAPE, SHAPE)
    load_session(file, 1)
    monkeypatch.setattr(onnx_session, "MAX_NODES", 1)
    with pytest.raises(StyleError, match="has 2 operators, more than 1"):
        load_session(file, 1)


def test_damaged_files_are_said_in_one_line(tmp_path: Path) -> None:
    file, draw = tmp_path / "toy.onnx", np.random.default_rng(7)
    save_network(file, endless_loop(), SHAPE, SHAPE)
    whole = np.frombuffer(file.read_bytes(), np.uint8)
    for _ in range(60):
        damaged = whole.copy()
        damaged[draw.integers(0, len(whole), 20)] = draw.integers(0, 256, 20)
        file.write_bytes(damaged[: draw.integers(1, len(whole))].tobytes())
        with pytest.raises(StyleError) as raised:
            OnnxGenerator(file)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "raw"), [("f4", True), ("f4", False), ("f2", True), ("f8", False)]
)
def test_weights_that_are_not_numbers_are_refused(tmp_path: Path, kind: str, raw: bool) -> None:
    """Also in a network that gives bytes, which would be 0."""
    element = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    refused = pytest.raises(StyleError, match=r"not numbers \(NaN\) among its weights")
    for values, fine in (([1.0, np.inf, 3.0], True), ([1.0, np.nan, 3.0], False)):
        array = np.array(values, np.dtype(kind))
        given = array.tobytes() if raw else array.tolist()
        weights = helper.make_tensor("weights", element, [3], given, raw=raw)
        file = tmp_path / "toy.onnx"
        save_network(file, [helper.make_node("Neg", ["x"], ["y"])], SHAPE, SHAPE)
        model = onnx.load(file)
        model.graph.initializer.append(weights)
        onnx.save(model, file)
        with nullcontext() if fine else refused:
            load_session(file, 1)
        constant = helper.make_node("Constant", [], ["constant"], value=weights)
        save_network(file, [helper.make_node("Neg", ["x"], ["y"]), constant], SHAPE, SHAPE)
        with nullcontext() if fine else refused:
            load_session(file, 1)


MEMORY_TEST = """
import sys
from pathlib import Path
from vidstyle.errors import StyleError
from vidstyle.stylize import onnx_session
from vidstyle.stylize.generator import OnnxGenerator

onnx_session.memory_gb = lambda: 0.1
try:
    OnnxGenerator(Path(sys.argv[1]))
except StyleError as error:
    print(error)
"""


def test_a_network_that_wants_more_memory_than_there_is_is_refused(tmp_path: Path) -> None:
    """Of 0.1 GB, it is given three quarters; it wants 74 MB twice."""
    times = helper.make_tensor("times", TensorProto.INT64, [4], [1, 1, 100, 10])
    nodes = [
        helper.make_node("Constant", [], ["times"], value=times),
        helper.make_node("Tile", ["x", "times"], ["tiled"]),
        helper.make_node("Neg", ["tiled"], ["negative"]),
        helper.make_node("ReduceMax", ["negative"], ["most"]),
        helper.make_node("Add", ["x", "most"], ["y"]),
    ]
    save_network(tmp_path / "toy.onnx", nodes, SHAPE, SHAPE)
    words = [sys.executable, "-c", MEMORY_TEST, str(tmp_path / "toy.onnx")]
    run = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert "is not a generator that can be run" in run.stdout
    assert "memory" in run.stdout


@pytest.mark.parametrize("part", [b"xxxx", b"yyyy", b"kkkk", b"vvvv"])
def test_names_and_metadata_that_are_no_text_are_refused(tmp_path: Path, part: bytes) -> None:
    file = tmp_path / "toy.onnx"
    node = helper.make_node("Identity", ["xxxx"], ["yyyy"])
    arguments = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in ("xxxx", "yyyy")
    ]
    graph = helper.make_graph([node], "toy", arguments[:1], arguments[1:])
    opsets = [helper.make_opsetid("", 20)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    helper.set_model_props(model, {"kkkk": "vvvv"})
    onnx.save(model, file)
    load_session(file, threads=1)
    file.write_bytes(file.read_bytes().replace(part, b"\xff\xd0\x80\xfe"))
    with pytest.raises(StyleError, match=r"toy\.onnx is (damaged|not a generator)"):
        load_session(file, threads=1)


def test_a_lack_of_memory_is_not_blamed_on_the_network(tmp_path: Path) -> None:
    error = onnx_session.not_runnable(tmp_path / "a.onnx", RuntimeError("6 : std::bad_alloc"))
    assert str(error).startswith(f"Memory ran out for {tmp_path / 'a.onnx'} (6 : std::bad_alloc).")


def test_sessions_are_made_in_one_place() -> None:
    """Where ONNX Runtime is kept from computing elsewhere than it was told."""
    package = Path(onnx_session.__file__).parents[1]
    makers = {
        file.name
        for file in package.rglob("*.py")
        if "InferenceSession(" in file.read_text(encoding="utf-8")
    }
    assert makers == {"session.py"}
