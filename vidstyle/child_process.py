"""Child processes in the background: out of reach of Ctrl-C, and at a lower priority."""

import subprocess
import sys
from typing import Any


def background(*, idle: bool = False) -> dict[str, Any]:
    """Arguments of `subprocess.Popen` for a child that the parent ends in an orderly way.

    On POSIX, the priority is not set here: the command begins with `nice`, or the child calls
    `os.nice`.

    Args:
        idle: on Windows, run only when nothing else does.
    """
    if sys.platform == "win32":
        priority = "IDLE_PRIORITY_CLASS" if idle else "BELOW_NORMAL_PRIORITY_CLASS"
        flags = ("CREATE_NEW_PROCESS_GROUP", priority)
        first, second = (int(getattr(subprocess, name)) for name in flags)
        return {"creationflags": first | second}
    return {"start_new_session": True}
