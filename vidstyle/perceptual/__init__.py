"""Perceptual losses (PyTorch): pretrained feature networks, Gram matrices, color transfer."""
