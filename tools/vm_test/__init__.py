"""The live filter with real V4L2 devices, in a virtual machine."""
