# SPDX-License-Identifier: Apache-2.0
"""The signing key's file: made once, closed to others, never overwritten."""

import contextlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from ipc.config import SigningTable
from publisher.ecdsa import LONGEST_KEY, SigningKey
from publisher.errors import KeyFileError, KeyMaterialError

CREDENTIAL = "signing-key"


def configured(table: SigningTable, environment: Mapping[str, str]) -> SigningKey:
    """Read the key of the configuration: its file, or systemd's credential.

    KeyFileError: there is none, or it cannot or must not be used.
    """
    if table.key_file is not None:
        return read(Path(table.key_file))
    if directory := environment.get("CREDENTIALS_DIRECTORY"):
        return read(Path(directory) / CREDENTIAL, is_credential=True)
    raise KeyFileError(
        "no key to sign with: make one (powermeter-publisher keygen FILE) and set"
        f" signing.key_file, or give it as systemd's credential {CREDENTIAL}"
    )


def read(path: Path, *, is_credential: bool = False) -> SigningKey:
    """Read a PEM file that only its owner may use.

    is_credential  systemd made it: its directory is closed to others, and the access
                   list that lets the service's user in shows as a group's right
    Raises KeyFileError, which names the file and the remedy.
    """
    try:
        # Not blocking: to open a pipe could wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            _refuse(path, os.fstat(descriptor).st_mode, is_credential=is_credential)
            content = os.read(descriptor, LONGEST_KEY + 1)
        finally:
            os.close(descriptor)
    except KeyFileError:
        raise
    except OSError as error:
        raise KeyFileError(
            f"{path}: cannot be read: {error.strerror}: correct signing.key_file, or"
            " make it this user's"
        ) from None
    if len(content) > LONGEST_KEY:
        raise KeyFileError(
            f"{path}: longer than {LONGEST_KEY} bytes, no key: correct signing.key_file"
        )
    try:
        return SigningKey.read(content)
    except KeyMaterialError as error:
        raise KeyFileError(f"{path}: {error}") from None


def create(path: Path, key: SigningKey) -> None:
    """Write a new file with mode 0600 and put it on the disk, or raise KeyFileError.

    A file that is there stays: records that it signed could not be continued.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        raise KeyFileError(
            f"{path}: exists and is not overwritten: give another name, or move it"
            " away for good"
        ) from None
    except OSError as error:
        raise KeyFileError(
            f"{path}: cannot be made: {error.strerror}: give another name"
        ) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)  # whatever the umask says
            file.write(key.pem())
            file.flush()
            os.fsync(descriptor)
        _sync_directory(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()  # half a key would stand in the way of a whole one
        raise KeyFileError(
            f"{path}: cannot be written: {error.strerror}: free some room, or give"
            " another name"
        ) from None


def _refuse(path: Path, found: int, *, is_credential: bool) -> None:
    if not stat.S_ISREG(found):
        raise KeyFileError(f"{path}: not a regular file: correct signing.key_file")
    mode = stat.S_IMODE(found)
    if mode & 0o077 and not is_credential:
        raise KeyFileError(
            f"{path}: mode {mode:04o} lets others use the key: chmod 600 {path}"
        )


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
