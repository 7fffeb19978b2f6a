# SPDX-License-Identifier: Apache-2.0
"""TLS to the broker: whom we trust, and who we are."""

import ssl
from pathlib import Path

from ipc.config import MqttTable
from publisher import secret
from publisher.errors import TlsError


def context(table: MqttTable) -> ssl.SSLContext | None:
    """Make what a TLS connection needs; None if it is to be a plain one.

    The broker's certificate and its name are always verified. TlsError, SecretError:
    a file cannot be used; the text names it, never what is in a key.
    """
    if not table.tls:
        return None
    made = ssl.create_default_context(cafile=_trusted(table.ca_file))
    if table.certificate_file is not None and table.key_file is not None:
        secret.refuse_open(Path(table.key_file))
        try:
            made.load_cert_chain(table.certificate_file, table.key_file, _no_password)
        except (OSError, ValueError) as error:
            raise TlsError(
                f"{table.certificate_file}, {table.key_file}: no certificate with its"
                f" key ({_reason(error)}): correct mqtt.certificate_file or mqtt.key_file"
            ) from None
    return made


def _trusted(ca_file: str | None) -> str | None:
    """Give the file if it holds certificates; None stands for the system's."""
    if ca_file is None:
        return None
    try:
        ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise TlsError(
            f"{ca_file}: no CA certificate ({_reason(error)}): correct mqtt.ca_file"
        ) from None
    return ca_file


def _no_password() -> str:
    """Answer OpenSSL, which else would ask on a terminal and wait."""
    raise ValueError("the key is encrypted: store it without a passphrase")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
