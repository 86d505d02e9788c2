"""Live sources: webcams, video files, network streams."""
