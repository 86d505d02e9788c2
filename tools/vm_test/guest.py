"""Guest side of the virtual machine test: camera, live filter, and a consumer program.

    tools/vm_test/machine.sh FOLDER 'PYTHON -m tools.vm_test.guest STYLE.onnx'

The style must be one that inverts colors, so that stylized frames differ from the camera's.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from vidstyle.live.devices import examine_devices

CAMERA, VIRTUAL = Path("/dev/video0"), Path("/dev/video10")
LAYOUT = Path("/sys/devices/virtual/video4linux/video10/format")
WIDTH, HEIGHT, FPS = 320, 180, 2
DRIVER = Path("/sys/bus/platform/drivers/vivid")
WAIT_S = 300.0  # emulation is slow, and slower on a busy machine
PLACEHOLDER_S = 5 / FPS  # between two placeholders, without a consumer
MICROPHONE = "hw:0,1"  # one end of a loopback
DARK = 60  # mean luma under which a picture is the placeholder

Image = NDArray[np.int64]  # HxWx3 RGB


class Consumer:
    """Consumer: another program that reads the virtual camera."""

    def __init__(self) -> None:
        self._container = av.open(str(VIRTUAL), format="v4l2")
        self.stream = self._container.streams.video[0]
        self._frames = self._container.decode(video=0)

    def read(self) -> Image:
        return np.asarray(next(self._frames).to_ndarray(format="rgb24"), np.int64)

    def close(self) -> None:
        self._container.close()


def main() -> None:
    """Run all scenarios, about two minutes; exit with 1 at the first failure."""
    style = sys.argv[1]
    found = examine_devices()
    expect("doctor lists the camera and its modes", str(CAMERA) in found["cameras"][0])
    expect("doctor lists real sizes", f"{WIDTH}x{HEIGHT} at" in found["cameras"][0])
    expect("doctor lists the virtual camera", str(VIRTUAL) in found["virtual cameras"][0])
    expect("doctor lists the microphone", any(MICROPHONE in m for m in found["microphones"]))
    watch(style)
    feed_yuyv(style)
    say("all is well")


def watch(style: str) -> None:
    """Scenarios of consumers that come and go, and of a camera that is unplugged or in use."""
    filmed = film()
    product = start_product(style)
    try:
        wait_for("the virtual camera is fed in I420", lambda: "YU12" in LAYOUT.read_text())
        wait_for("nobody looks: the camera is let go", lambda: not holds(product, CAMERA))
        idle_s = cpu_s(product)
        time.sleep(10)
        say(f"CPU while nobody looks: {10 * (cpu_s(product) - idle_s):.1f} % (emulated)")
        with closing(Consumer()) as reader:
            stream = reader.stream
            expect("it has the size asked for", (stream.width, stream.height) == (WIDTH, HEIGHT))
            expect("it is I420", stream.pix_fmt == "yuv420p")
            wait_for("another program sees it stylized", lambda: is_negative(reader.read(), filmed))
            subprocess.run(["v4l2-ctl", "-d", str(CAMERA), "-c", "disconnect=1"], check=True)
            (DRIVER / "unbind").write_text("vivid.0")  # prevents vivid from reconnecting
            wait_for("unplugged: the placeholder is shown", lambda: reader.read().mean() < DARK)
            (DRIVER / "bind").write_text("vivid.0")
            wait_for("plugged in: it is back", lambda: is_negative(reader.read(), filmed))
        wait_for("the reader left: the camera is let go", lambda: not holds(product, CAMERA))
        time.sleep(2 * PLACEHOLDER_S)  # the last stylized frame has been replaced by then
        with closing(open_camera()) as other, closing(Consumer()) as reader:
            next(other.decode(video=0))
            time.sleep(2 * PLACEHOLDER_S)
            expect("taken meanwhile: the placeholder is shown", reader.read().mean() < DARK)
            other.close()
            wait_for("free again: it is back", lambda: is_negative(reader.read(), filmed))
        wait_for("nobody looks again", lambda: not holds(product, CAMERA))
        time.sleep(2 * PLACEHOLDER_S)
        began_s = time.monotonic()
        with closing(Consumer()) as reader:
            wait_for("a new reader: it is on again", lambda: is_negative(reader.read(), filmed))
        say(f"back after {time.monotonic() - began_s:.1f} s (emulated)")
        product.send_signal(signal.SIGTERM)
        expect("SIGTERM ends it", product.wait(WAIT_S) == 143)
    finally:
        product.kill()


def feed_yuyv(style: str) -> None:
    """Scenario of a virtual camera in YUYV."""
    product = start_product(style, "--pixels", "yuyv", "--hold")
    try:
        # Read from sysfs: v4l2loopback changes its pixel format only while the device is closed.
        wait_for("the virtual camera is fed in YUYV", lambda: "YUYV" in LAYOUT.read_text())
        with closing(Consumer()) as reader:
            expect("it is YUYV", reader.stream.pix_fmt == "yuyv422")
    finally:
        product.kill()


def start_product(style: str, *more: str) -> "subprocess.Popen[bytes]":
    """Run the live filter from the camera to the virtual camera."""
    words = ["live", "--camera", str(CAMERA), "--virtual-camera", str(VIRTUAL), "--no-window"]
    words += ["--size", f"{WIDTH}x{HEIGHT}", "--fps", str(FPS), "--style", style, "--lines", "96"]
    return subprocess.Popen([sys.executable, "-m", "vidstyle", *words, *more])


def open_camera() -> av.container.InputContainer:
    """Open the camera from another program."""
    return av.open(str(CAMERA), format="v4l2", options={"video_size": f"{WIDTH}x{HEIGHT}"})


def film() -> Image:
    """A frame of the camera itself, without the filter."""
    with open_camera() as camera:
        return np.asarray(next(camera.decode(video=0)).to_ndarray(format="rgb24"), np.int64)


def is_negative(seen: Image, filmed: Image) -> bool:
    """Whether a picture is the negative of the camera's frame, except for moving text on it."""
    return bool(np.median(np.abs(seen - (255 - filmed))) < 24 and seen.mean() > DARK)


def holds(process: "subprocess.Popen[bytes]", device: Path) -> bool:
    """Whether a process has a device open."""
    for file in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(OSError):  # closed in between
            if file.readlink() == device:
                return True
    return False


def cpu_s(process: "subprocess.Popen[bytes]") -> float:
    """CPU time of a process since its start, in seconds."""
    fields = (
        Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    )
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(claim: str, holds_now: Callable[[], bool]) -> None:
    """Poll until a claim holds; fail after `WAIT_S`."""
    deadline = time.monotonic() + WAIT_S
    while not holds_now():
        if time.monotonic() > deadline:
            expect(claim, False)
        time.sleep(0.05)
    expect(claim, True)


def expect(claim: str, right: bool) -> None:
    """Report a claim, and exit if it does not hold."""
    say(f"{'ok' if right else 'WRONG'}: {claim}")
    if not right:
        sys.exit(1)


def say(line: str) -> None:
    """Print and flush, as the machine may stop at any moment."""
    print(f"[{time.monotonic():6.1f}] {line}", flush=True)


if __name__ == "__main__":
    main()
