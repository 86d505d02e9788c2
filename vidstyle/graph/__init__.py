"""ONNX graphs of generators: compact storage, int8 layout and quantization; no PyTorch."""
