"""Imports point downwards only, and a plain install never meets PyTorch."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "vidstyle"
BASE = {
    "allocator",
    "child_process",
    "closable",
    "errors",
    "frame",
    "options",
    "stats",
    "hardware",
    "style_plan",
    "style_spec",
    "output_spec",
    "times",
    "assets",
    "extras",
    "metrics",
    "results",
}
MAY_IMPORT = {
    "cli": {"commands", "completion", "parser", "signals", "standard_streams", "flags"},
    "completion": {"stylize"},
    "commands": {
        "apps",
        "cluster",
        "stylize",
        "media",
        "console",
        "flags",
        "standard_streams",
        "server",
    },
    "parser": {"completion", "flags", "standard_streams"},
    "signals": set[str](),
    "standard_streams": {"flags"},
    "flags": set[str](),
    "console": {"apps", "live", "stylize", "training", "flags"},
    "__init__": {"apps", "live", "stylize", "training"},
    "__main__": {"cli"},
    "server": {"apps", "stylize", "media", "flags"},
    "apps": {
        "cluster",
        "live",
        "pipeline",
        "media",
        "stylize",
        "perceptual",
        "training",
        "optimize",
        "export",
    },
    "cluster": {"media"},
    "live": {"pipeline", "stylize", "media"},
    "optimize": {"perceptual", "stylize", "media"},
    "training": {"perceptual", "stylize", "media", "network", "graph", "export"},
    "export": {"network", "graph", "media"},
    "graph": {"network", "media"},
    "network": set[str](),
    "pipeline": set[str](),
    "media": set[str](),
    "stylize": {"graph", "media", "network"},
    "perceptual": set[str](),
    "allocator": set[str](),
    "child_process": set[str](),
    "closable": set[str](),
    "errors": set[str](),
    "frame": set[str](),
    "hardware": set[str](),
    "metrics": {"frame"},
    "results": set[str](),
    "stats": set[str](),
    "style_plan": {"errors", "style_spec", "times"},
    "style_spec": {"errors"},
    "output_spec": set[str](),
    "times": set[str](),
    "options": {"errors", "output_spec", "style_plan", "style_spec", "times"},
    "assets": {"errors"},
    "extras": set[str](),
}


def test_imports_point_downwards() -> None:
    wrong = []
    for file in PACKAGE.rglob("*.py"):
        layer = file.relative_to(PACKAGE).with_suffix("").parts[0]
        base = set[str]() if layer in BASE else BASE
        allowed = MAY_IMPORT[layer] | base | {layer}
        wrong += [f"{file.name}: {name}" for name in own_imports(file) if name not in allowed]
    assert not wrong


def test_only_training_parts_import_torch() -> None:
    for file in PACKAGE.rglob("*.py"):
        layer = file.relative_to(PACKAGE).parts[0]
        if layer not in ("perceptual", "training", "optimize", "network", "export"):
            assert "torch" not in file.read_text(encoding="utf-8").replace("PyTorch", "").split()


def test_converting_imports_no_torch_no_server_and_no_cluster() -> None:
    code = (
        "import sys, vidstyle.apps.convert, vidstyle.apps.image, vidstyle.apps.live, vidstyle.cli; "
        "import vidstyle.commands, vidstyle.console; vidstyle.cli.build_parser(); "
        "extras = {'torch', 'scenedetect', 'starlette', 'uvicorn', 'websockets', 'onnx', 'dask'}; "
        "assert not extras & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_only_the_command_line_prints() -> None:
    printing = {"cli", "commands", "standard_streams"}
    for file in PACKAGE.rglob("*.py"):
        calls = [node for node in ast.walk(parsed(file)) if isinstance(node, ast.Call)]
        prints = [node for node in calls if ast.unparse(node.func) == "print"]
        assert not prints or file.stem in printing, f"{file}:{prints[0].lineno}"


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def own_imports(file: Path) -> set[str]:
    """First parts of the vidstyle modules a file imports; the package itself counts as nothing."""
    names = set()
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("vidstyle.")}
