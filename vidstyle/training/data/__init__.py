"""Training data: photos and video frames, augmentation, generated pictures, the painting."""
