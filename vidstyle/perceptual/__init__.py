"""With PyTorch: what a pretrained network sees in a picture, and the losses built on it."""
