"""Keys of a cluster: a certificate and its key, with which all of its machines know each other."""

import datetime
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from vidstyle.errors import ClusterError, MissingExtraError, SinkError, reason
from vidstyle.extras import install_hint

CERTIFICATE, KEY = "cluster.crt", "cluster.key"
FOLDER_VARIABLE = "VIDSTYLE_CLUSTER_KEYS"
VALID_DAYS = 3650


def keys_folder() -> Path:
    """Folder of the keys: that of the environment variable, or of the user's settings."""
    given = os.environ.get(FOLDER_VARIABLE)
    return Path(given) if given else user_config_path("vidstyle", appauthor=False) / "cluster"


def make_keys(folder: Path) -> list[Path]:
    """Write a new certificate, signed by itself, and its key, readable for the user alone.

    Raises:
        SinkError: there are keys already, or the folder cannot be written to.
        MissingExtraError: the extra is not installed.
    """
    with cluster_extra():
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vidstyle cluster")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    contents = {
        KEY: key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        CERTIFICATE: certificate.public_bytes(serialization.Encoding.PEM),
    }
    return [_written(folder / name, content) for name, content in contents.items()]


def _written(file: Path, content: bytes) -> Path:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
    except FileExistsError:
        raise SinkError(f"{file} exists, and machines may rely on it. Delete it first.") from None
    except OSError as error:
        raise SinkError(f"Cannot write {file}: {reason(error)}.") from error
    return file


def security_of(folder: Path) -> Any:
    """Security settings of Dask with the keys of a folder.

    Raises:
        ClusterError: there are none.
    """
    from distributed.security import Security

    certificate, key = folder / CERTIFICATE, folder / KEY
    if not (certificate.is_file() and key.is_file()):
        raise ClusterError(
            f"There are no keys in {folder}. Make them with vidstyle cluster-keys on one machine, "
            "and copy the folder to the others."
        )
    names = {
        f"tls_{role}_{kind}": str(file)
        for role in ("scheduler", "worker", "client")
        for kind, file in (("cert", certificate), ("key", key))
    }
    return Security(tls_ca_file=str(certificate), require_encryption=True, **names)


@contextmanager
def cluster_extra() -> Iterator[None]:
    """Raise a missing module as `MissingExtraError`."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"Work on a cluster needs the package {error.name}. Install the extra: "
            f"{install_hint('cluster')}."
        ) from error
