# SPDX-License-Identifier: Apache-2.0
"""A secret from a file: never from a command line, never into a log."""

import stat
from pathlib import Path

from publisher.errors import SecretError

LONGEST = 4096


def read(path: Path) -> str:
    """Read a secret of one line; its file must be closed to group and others.

    Raises SecretError, which names the file and never its content.
    """
    try:
        found = path.stat().st_mode
        if not stat.S_ISREG(found):  # to open a pipe could wait for ever
            raise SecretError(f"{path}: not a regular file")
        mode = stat.S_IMODE(found)
        if mode & 0o077:
            raise SecretError(
                f"{path}: mode {mode:04o} lets others read it: chmod 600 {path}"
            )
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
    except OSError as error:
        if isinstance(error, SecretError):
            raise
        raise SecretError(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > LONGEST:
        raise SecretError(f"{path}: longer than {LONGEST} bytes: not a password")
    try:
        secret = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretError(f"{path}: not UTF-8 text") from None
    if not secret or "\n" in secret:
        raise SecretError(f"{path}: must be one line with the secret in it")
    return secret
