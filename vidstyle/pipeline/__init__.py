"""Thread pipeline: bounded queues, thread groups, source -> stylizer -> sink; no file access."""
