"""Training data: photos, augmentation, generated pictures, the painting."""
