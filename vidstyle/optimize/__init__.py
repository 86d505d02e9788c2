"""With PyTorch: paint by optimizing the pixels themselves, one picture or one scene at a time."""
