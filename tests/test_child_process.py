"""Children in the background: Ctrl-C is for their parent, and it goes first."""

import subprocess
import sys

import pytest

from vidstyle.child_process import background


def test_a_child_has_a_session_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert background() == background(idle=True) == {"start_new_session": True}


def test_on_windows_a_child_has_a_group_and_a_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    for name, flag in (
        ("CREATE_NEW_PROCESS_GROUP", 1),
        ("IDLE_PRIORITY_CLASS", 2),
        ("BELOW_NORMAL_PRIORITY_CLASS", 4),
    ):
        monkeypatch.setattr(subprocess, name, flag, raising=False)
    assert background() == {"creationflags": 1 | 4}
    assert background(idle=True) == {"creationflags": 1 | 2}
