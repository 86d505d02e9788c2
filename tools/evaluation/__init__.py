"""The measurements behind `python -m tools.evaluate`, a module for each concern."""
