"""Applications: conversions, live filter, training and Python API, on top of all packages."""
