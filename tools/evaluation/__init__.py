"""Measurements of `python -m tools.evaluate`: style, temporal stability, grid artifacts, speed."""
