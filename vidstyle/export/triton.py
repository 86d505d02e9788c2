"""Models for NVIDIA's Triton Inference Server: a folder with config.pbtxt and version 1.

Run by Triton's ONNX Runtime backend, with dynamic batching. See
https://github.com/triton-inference-server/server/blob/main/docs/user_guide/model_configuration.md
"""

import json

from onnx import ModelProto, TensorProto, ValueInfoProto

MAX_BATCH = 8
MAX_QUEUE_DELAY_US = 2000  # how long a picture waits for others
TYPES = {int(TensorProto.FLOAT): "TYPE_FP32", int(TensorProto.UINT8): "TYPE_UINT8"}
TENSORRT = """\
optimization {
  execution_accelerators {
    gpu_execution_accelerator: [
      {
        name: "tensorrt"
        parameters { key: "precision_mode" value: "FP16" }
        parameters { key: "trt_engine_cache_enable" value: "true" }
        parameters { key: "trt_engine_cache_path" value: "/tmp/vidstyle" }
      }
    ]
  }
}
"""


def triton_files(name: str, model: ModelProto, size: tuple[int, int] | None) -> dict[str, bytes]:
    """Files of a model's folder in a model repository, by their path in that folder.

    With a size, a GPU runs a float model by TensorRT, which builds an engine per picture size and
    takes no bytes.

    Args:
        name: of the model; the folder has to have it.
        model: a generator; its metadata become parameters.
        size: width and height of the only pictures that it takes; None for any.
    """
    ends = (*model.graph.input, *model.graph.output)
    given, taken = (_tensor(end, size) for end in ends)
    fast = size is not None and _kind(ends[0]) == TensorProto.FLOAT
    config = (
        f"name: {_quoted(name)}\n"
        'backend: "onnxruntime"\n'
        f"max_batch_size: {MAX_BATCH}\n"
        f"input [ {given} ]\n"
        f"output [ {taken} ]\n"
        f"dynamic_batching {{ max_queue_delay_microseconds: {MAX_QUEUE_DELAY_US} }}\n"
        f"{TENSORRT if fast else ''}"
        f"{''.join(_parameter(entry.key, entry.value) for entry in model.metadata_props)}"
    )
    network = model.SerializeToString(deterministic=True)
    return {"config.pbtxt": config.encode(), "1/model.onnx": network}


def _tensor(end: ValueInfoProto, size: tuple[int, int] | None) -> str:
    """Input or output in the words of the configuration, without the batch."""
    dims = [d.dim_value or -1 for d in end.type.tensor_type.shape.dim][1:]
    if size is not None:
        sides = iter(size[::-1])
        dims = [next(sides) if side == -1 else side for side in dims]
    numbers = ", ".join(map(str, dims))
    return f'{{ name: "{end.name}" data_type: {TYPES[_kind(end)]} dims: [ {numbers} ] }}'


def _kind(end: ValueInfoProto) -> int:
    return int(end.type.tensor_type.elem_type)


def _parameter(key: str, value: str) -> str:
    text = f"string_value: {_quoted(value)}"
    return f"parameters {{ key: {_quoted(key)} value: {{ {text} }} }}\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
