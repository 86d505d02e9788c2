"""Generator network: its architecture, and the PyTorch module that is trained."""
