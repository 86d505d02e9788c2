"""Toy of the conversion process: what it does is written in the input."""

import base64
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

PROBLEM = {
    "status": 415,
    "title": "Unsupported Media Type",
    "detail": "It is no video.",
    "settings": [],
    "cures": [],
}


def answer(request: dict[str, Any], content: bytes) -> dict[str, Any]:
    operation = request["operation"]
    if operation == "still":
        return {"jpeg": base64.b64encode(content).decode()}
    if operation == "probe":
        kind = "video" if content.startswith(b"video") else "photo"
        return {"kind": kind, "width": 4, "height": 3, "frames": 2}
    shutil.copy(request["input"], request["output"])
    facts = {"bytes": len(content), "width": 4, "height": 3, "frames": 2}
    return facts | {"duration_s": 0.08, "seconds": 0.1, "warnings": [], "damage": []}


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        content = Path(request["input"]).read_bytes()
        converts = request["operation"] == "convert"
        if b"crash" in content or (converts and b"die" in content):
            os._exit(11)
        if converts:
            print(json.dumps({"progress": {"frames": 1, "share": 0.5}}), flush=True)
        if converts and b"slow" in content:
            time.sleep(600)  # until it is killed
        if b"no video" in content:
            message = {"problem": PROBLEM}
        else:
            message = {"answer": answer(request, content)}
        print(json.dumps(message), flush=True)


main()
