"""Media files: demuxing, decoding, encoding, stream copy, image files and atomic outputs."""
