"""What the machine has."""

import json

from vidstyle.apps.doctor import examine


def test_findings_are_plain_and_name_what_the_issue_asks_for() -> None:
    findings = examine()
    json.dumps(findings)
    assert findings["cores"] >= 1
    assert "libx264" in findings["encoders"]
    assert "CPUExecutionProvider" in findings["providers"]
    assert findings["styles"].endswith("checksums right")
    assert "painting" in findings["settings"]["threads"]


def test_only_extras_that_exist_are_offered() -> None:
    assert list(examine()["extras"]) == ["torch"]
