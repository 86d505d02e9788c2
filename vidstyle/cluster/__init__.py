"""Work on many machines: dispatch of tasks to the workers of a Dask cluster."""
