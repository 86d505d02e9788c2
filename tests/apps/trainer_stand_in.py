"""A stand-in for `vidstyle train`: writes two files, or fails, or goes on until it is ended."""

import json
import shutil
import sys
import threading
from pathlib import Path

MODE, MODEL, PAINTING, OUTPUT, *FLAGS = sys.argv[1:]
NOTES = Path(MODEL).with_suffix(".calls")


def main() -> int:
    with NOTES.open("a") as notes:
        notes.write(json.dumps({"painting": PAINTING, "flags": FLAGS}) + "\n")
    if MODE == "endless":
        threading.Event().wait()
    if MODE == "fails":
        print("vidstyle: a crack in the paint", file=sys.stderr)
        return 1
    for suffix in (".onnx", ".int8.onnx"):
        shutil.copy(MODEL, Path(OUTPUT).with_suffix(suffix))
    print(json.dumps({"steps": 3 if MODE == "slow" else 60}))
    return 0


sys.exit(main())
