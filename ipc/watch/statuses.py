# SPDX-License-Identifier: Apache-2.0
"""Reads the files in which the processes say how they are."""

import os
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from ipc.status import PublisherStatus, SamplerStatus

LARGEST_FILE = 1_000_000
"""Bytes that are read of one."""

T = TypeVar("T", SamplerStatus, PublisherStatus)


class Found(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What stood in a status file.

    status  None: there is none that can be read
    reason  why not; None without a file too: then its process does not run
    """

    status: T | None = None
    reason: str | None = None


def read(path: Path, kind: type[T]) -> Found[T]:
    """Read a status. It never raises: a file may be missing, foreign or half."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with open(os.open(path, flags), "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
            content = file.read(LARGEST_FILE)
        return Found(status=msgspec.json.decode(content or b"", type=kind))
    except FileNotFoundError:
        return Found()
    except OSError as error:
        return Found(reason=f"{path}: cannot be read: {error.strerror}")
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return Found(reason=f"{path}: not a status of this release: {error}")
