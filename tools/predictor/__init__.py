"""Weight predictor of paintings that are styles: its network, its training, its file."""
