"""End-to-end test of the live filter with real V4L2 devices, in a virtual machine."""
