# SPDX-License-Identifier: Apache-2.0
"""The small file in which a process says how it is; powermeter-watch reads it.

It lies beside the rings, on a tmpfs, so no flash is written. What goes wrong here is
told once an hour and disturbs nothing else.
"""

import contextlib
import os
from pathlib import Path

import msgspec

from ipc.clock import Clock
from ipc.log import Logger, RateLimit
from ipc.status import PublisherStatus, SamplerStatus, Stamp
from ipc.units import NS_PER_S

PERIOD_NS = NS_PER_S
"""Written at most this often, and only in steps that happen anyway."""

_DIRECTORY_MODE = 0o770
_MODE = 0o640
"""As of a segment: the owner writes, its group reads."""


class StatusFile:
    """Written by one process. Nothing here raises: a status is not worth an end."""

    def __init__(self, path: Path, *, clock: Clock, log: Logger) -> None:
        self._path = path
        self._new = path.with_name(f".{path.name}.new")
        self._clock = clock
        self._log = log
        self._limit = RateLimit(clock, interval_s=3600)
        self._started_ns = clock.wall_ns()
        self._due_ns = clock.monotonic_ns()

    @property
    def is_due(self) -> bool:
        """Whether a second has passed since it was written."""
        return self._clock.monotonic_ns() >= self._due_ns

    def stamp(self) -> Stamp:
        """Say who writes, and that it is now."""
        return Stamp(
            pid=os.getpid(),
            started_ns=self._started_ns,
            mono_ns=self._clock.monotonic_ns(),
        )

    def write(self, status: SamplerStatus | PublisherStatus) -> None:
        """Replace what stands there: a reader sees the old or the new, never half."""
        self._due_ns = self._clock.monotonic_ns() + PERIOD_NS
        try:
            self._replace(msgspec.json.encode(status))
        except OSError as error:
            event, remedy = "status_unwritable", "make ring.directory writable for us"
            self._limit(
                event,
                self._log.warning,
                event,
                path=str(self._path),
                detail=error.strerror,
                remedy=remedy,
            )

    def close(self) -> None:
        """Take it away: who left in order is not shown as one that hangs."""
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _replace(self, content: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            fd = os.open(self._new, flags, _MODE)
        except FileNotFoundError:
            self._path.parent.mkdir(mode=_DIRECTORY_MODE, exist_ok=True)
            fd = os.open(self._new, flags, _MODE)
        with open(fd, "wb") as file:  # noqa: PTH123 - a descriptor
            os.fchmod(fd, _MODE)  # whatever the umask is
            file.write(content)
        self._new.rename(self._path)
