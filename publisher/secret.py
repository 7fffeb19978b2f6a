# SPDX-License-Identifier: Apache-2.0
"""A secret from a file: never from a command line, never into a log."""

import stat
from collections.abc import Mapping
from pathlib import Path

from ipc.config import MqttTable
from publisher.errors import SecretError

LONGEST = 4096


CREDENTIAL = "mqtt-password"


def password(table: MqttTable, environment: Mapping[str, str]) -> str | None:
    """Find the broker's password: its file, or systemd's credential, or none.

    A credential's mode is systemd's business: its directory is closed to others.
    SecretError: it is there, but cannot be used.
    """
    if table.password_file is not None:
        path = Path(table.password_file)
        refuse_open(path)
        return read(path)
    directory = environment.get("CREDENTIALS_DIRECTORY")
    if table.username is None or directory is None:
        return None
    path = Path(directory) / CREDENTIAL
    return read(path) if path.exists() else None


def refuse_open(path: Path) -> None:
    """Raise SecretError unless the file is closed to group and others."""
    mode = stat.S_IMODE(_regular(path))
    if mode & 0o077:
        raise SecretError(
            f"{path}: mode {mode:04o} lets others read it: chmod 600 {path}"
        )


def read(path: Path) -> str:
    """Read a secret of one line.

    Raises SecretError, which names the file and never its content.
    """
    _regular(path)
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
    except OSError as error:
        raise SecretError(
            f"{path}: cannot be read: {error.strerror}: correct the path, or make it"
            " this user's"
        ) from None
    if len(content) > LONGEST:
        raise SecretError(
            f"{path}: longer than {LONGEST} bytes, no password: correct the path"
        )
    try:
        secret = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretError(f"{path}: not UTF-8 text: store it so") from None
    if not secret or "\n" in secret:
        raise SecretError(f"{path}: must be one line with the secret in it")
    return secret


def _regular(path: Path) -> int:
    """Give the file's mode; to open a pipe could wait for ever."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise SecretError(
            f"{path}: cannot be read: {error.strerror}: correct the path, or make it"
            " this user's"
        ) from None
    if not stat.S_ISREG(mode):
        raise SecretError(f"{path}: not a regular file: correct the path")
    return mode
