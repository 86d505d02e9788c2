"""Export of trained generators: ONNX graphs, int8 layout, quantization."""
