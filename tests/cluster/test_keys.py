"""Keys of a cluster are made once, for their user alone."""

import stat
import sys
from pathlib import Path

import pytest

from vidstyle.cluster.keys import (
    CERTIFICATE,
    FOLDER_VARIABLE,
    KEY,
    cluster_extra,
    keys_folder,
    make_keys,
    security_of,
)
from vidstyle.errors import ClusterError, MissingExtraError, SinkError


def test_keys_are_a_certificate_and_its_key_for_the_user_alone(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    files = make_keys(tmp_path / "keys")
    assert {file.name for file in files} == {CERTIFICATE, KEY}
    for file in files:
        assert file.read_bytes().startswith(b"-----BEGIN")
        if sys.platform != "win32":
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_keys_are_never_replaced(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    make_keys(tmp_path)
    with pytest.raises(SinkError, match="exists, and machines may rely on it"):
        make_keys(tmp_path)


def test_security_demands_encryption(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    pytest.importorskip("cryptography")
    make_keys(tmp_path)
    security = security_of(tmp_path)
    assert security.require_encryption
    assert security.tls_worker_cert == str(tmp_path / CERTIFICATE)


def test_missing_keys_are_named_with_the_cure(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(ClusterError, match=r"no keys in .* vidstyle cluster-keys"):
        security_of(tmp_path)


def test_the_folder_of_the_environment_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert keys_folder() == tmp_path
    monkeypatch.delenv(FOLDER_VARIABLE)
    assert keys_folder().name == "cluster"


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    expected = r"needs the package no_such_package\. Install the extra: .*\[cluster\]"
    with pytest.raises(MissingExtraError, match=expected), cluster_extra():
        __import__("no_such_package")
