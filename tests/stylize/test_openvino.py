"""A second real provider: needs an environment with onnxruntime-openvino, named in a variable.

VIDSTYLE_OPENVINO_PYTHON=/path/of/venv/bin/python pytest -m slow tests/stylize/test_openvino.py
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("VIDSTYLE_OPENVINO_PYTHON", "")
SCRIPT = """
import json, sys
from pathlib import Path
from vidstyle.errors import OptionError
from vidstyle.stylize import providers
from vidstyle.stylize.catalog import find_style, find_weights
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.provider_choice import ChoiceStore, ModelForms, choose

forms = ModelForms(find_style("great-wave"), find_weights("great-wave"))
store = ChoiceStore(Path(sys.argv[1]))
trials = choose(forms, store)
providers.TABLE["openvino"].options.update(device_type="AUTO")  # leaves all to the CPU
try:
    OnnxGenerator(forms.plain, provider="openvino")
    refused = ""
except OptionError as error:
    refused = str(error)
trial = trials[1]
print(json.dumps([trial.provider, trial.operators, trial.difference, store.get(forms), refused]))
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON, reason="VIDSTYLE_OPENVINO_PYTHON names no Python"),
]


def test_openvino_paints_the_cpus_picture_and_is_refused_where_it_computes_nothing(
    tmp_path: Path,
) -> None:
    run = subprocess.run(
        [PYTHON, "-c", SCRIPT, str(tmp_path / "providers.json")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert run.returncode == 0, run.stderr
    provider, operators, difference, chosen, refused = json.loads(run.stdout)
    assert provider == "openvino"
    assert operators[0] == operators[1] > 50
    assert difference <= 1
    assert chosen in ("cpu", "openvino")
    assert refused.startswith("provider openvino runs none of the operators of great-wave.onnx")
