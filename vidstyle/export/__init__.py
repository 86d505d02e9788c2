"""Export of trained generators: to ONNX, and from there to other runtimes."""
