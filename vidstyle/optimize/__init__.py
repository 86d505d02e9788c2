"""Offline quality (PyTorch): pixels optimized by L-BFGS and Adam, per picture and per scene."""
