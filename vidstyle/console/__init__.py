"""Console output: progress bars, outcomes as text and JSON, tables."""
