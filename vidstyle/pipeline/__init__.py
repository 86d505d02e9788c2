"""Threads and queues. Knows frames, but not files, models or pictures."""
