"""One server works on a data folder, and leaves it in order."""

from pathlib import Path

import pytest

from tests.server.running import running
from vidstyle.errors import OptionError
from vidstyle.options import ServeOptions
from vidstyle.server.service import Service


def test_a_second_server_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with running(tmp_path), pytest.raises(OptionError, match="Another server uses the folder"):
        Service(ServeOptions(data=str(tmp_path)))
    Service(ServeOptions(data=str(tmp_path))).close()


def test_data_with_commas_cannot_be_mixed(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="without commas"):
        Service(ServeOptions(data=str(tmp_path / "a,b")))
