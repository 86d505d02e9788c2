"""The page's benchmark counts the CPU time of its own processes, and serves what it compares."""

import base64
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from tools.benchmarks import web_page
from tools.benchmarks.web_page import ORT, bench_folder, children_cpu_ms
from tools.web_page import served

BURN = "sum(range(2_000_000)); print('burned', flush=True); input()"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_time_of_children_is_counted_and_that_of_others_is_not() -> None:
    before_ms = children_cpu_ms(os.getpid())
    command = [sys.executable, "-c", BURN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"burned\n"
        assert children_cpu_ms(os.getpid()) > before_ms
        assert children_cpu_ms(child.pid) > 0
        child.communicate(b"\n", timeout=60)
    assert children_cpu_ms(child.pid) == 0


def test_both_runtimes_and_their_networks_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as files:
        for path in ORT.files.values():
            info = tarfile.TarInfo(path)
            info.size = 4
            files.addfile(info, io.BytesIO(b"text"))
    digest = base64.b64encode(hashlib.sha512(content.getvalue()).digest()).decode()
    monkeypatch.setattr(web_page, "ORT", replace(ORT, sha512=digest))
    (tmp_path / "onnxruntime-web-1.30.0.tgz").write_bytes(content.getvalue())
    page = tmp_path / "page"
    page.mkdir()
    with bench_folder(page, tmp_path) as folder, served(folder) as address:
        for name in ("bench.html", "bench_worker.js", "ort/udnie.int8.onnx", *ORT.files):
            path = name if "/" in name or name.startswith("bench") else f"ort/{name}"
            with urllib.request.urlopen(address + path, timeout=30) as answer:
                assert answer.status == 200
