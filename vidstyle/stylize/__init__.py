"""Picture to picture, without PyTorch."""
