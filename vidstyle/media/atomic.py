"""Where a file is written before it gets its name."""

import secrets
from pathlib import Path


def partial_path(path: Path) -> Path:
    """A hidden name beside the final one that nobody else uses, with the same suffix."""
    return path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial{path.suffix}")


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write all of it or nothing; what stood there before stays until then."""
    partial = partial_path(path)
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:  # Ctrl-C comes here too
        partial.unlink(missing_ok=True)
