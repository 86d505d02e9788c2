"""The live filter with real V4L2 and ALSA devices, where somebody gives a folder for the machine.

VIDSTYLE_VM=FOLDER pytest -n 0 -m slow tests/tools/test_vm.py
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MACHINE = Path(__file__).parents[2] / "tools" / "vm_test" / "machine.sh"
FOLDER = os.environ.get("VIDSTYLE_VM")


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not FOLDER, reason="VIDSTYLE_VM names no folder; needs root and apt")
def test_a_webcam_s_day_in_a_virtual_machine(inverter: Path) -> None:
    """Doctor, idle, readers that come and go, unplugged, taken, SIGTERM; then YUYV."""
    style = Path(str(FOLDER)).absolute() / "inverter.onnx"  # /tmp may be another one in there
    style.parent.mkdir(parents=True, exist_ok=True)
    style.write_bytes(inverter.read_bytes())
    command = f"{sys.executable} -m tools.vm_test.guest {style}"
    done = subprocess.run(
        [str(MACHINE), str(FOLDER), command],
        cwd=MACHINE.parents[2],
        env={**os.environ, "VM_SECONDS": "1000"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "all is well" in done.stdout, done.stdout + done.stderr
    assert "WRONG" not in done.stdout
    assert done.returncode == 0
