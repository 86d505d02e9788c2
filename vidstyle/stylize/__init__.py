"""Stylization without PyTorch: ONNX generators, keyframes, optical flow, warping, cross-fade."""
