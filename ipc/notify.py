# SPDX-License-Identifier: Apache-2.0
"""What a service manager hears of us: ready, alive, what we do, that we end.

The protocol of sd_notify(3): datagrams of KEY=value lines to the socket that the
environment names. So the same beats serve systemd and our watchdog for supervisord.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ipc.clock import Clock
from ipc.units import NS_PER_MS, NS_PER_US

if TYPE_CHECKING:
    import socket

NEVER_NS = 2**63 - 1
"""A deadline for nothing."""

BEATS = 4
"""Per watchdog period, so that a lost one does no harm; sd_watchdog_enabled(3): 2."""

SHORTEST_NS = 40 * NS_PER_MS
"""A watchdog that asks for more is not believed."""


class Notify:
    """Tells the manager, if there is one; it never waits for it and never fails.

    due_ns  when alive() wants to be called again (CLOCK_MONOTONIC); NEVER_NS if
            nobody watches
    """

    def __init__(self, environment: Mapping[str, str], *, clock: Clock) -> None:
        self._clock = clock
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self._socket = _open() if self._address else None
        self._period_ns = _watchdog_ns(environment) // BEATS if self._socket else 0
        self._status: str | None = None
        self.due_ns = clock.monotonic_ns() if self._period_ns else NEVER_NS

    def ready(self, status: str) -> None:
        """Say that start-up is over, and what we do; again whenever that changes."""
        if status != self._status and self._send(f"READY=1\nSTATUS={status}"):
            self._status = status

    def alive(self) -> None:
        """Say that the loop still turns, as often as the manager wants to hear it."""
        if not self._period_ns:
            return
        now_ns = self._clock.monotonic_ns()
        if now_ns >= self.due_ns:
            self.due_ns = now_ns + self._period_ns
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the end has begun, and why nothing is heard of us any more."""
        self._send("STOPPING=1\nSTATUS=stopping")

    def close(self) -> None:
        """Give the socket back; after that nothing is said."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, text: str) -> bool:
        """Give whether it was taken. A manager that is gone or slow is weather."""
        if self._socket is None:
            return False
        try:
            self._socket.sendto(text.encode(), self._address)
        except OSError:
            return False
        return True


def _address(name: str) -> str:
    """Give the address of a socket's name: "@" stands for an abstract one."""
    return "\0" + name[1:] if name.startswith("@") else name


def _open() -> "socket.socket":
    """Open a socket that never blocks: a full queue must not stop the loop."""
    import socket  # noqa: PLC0415 - no memory for it where nobody listens

    opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    opened.setblocking(False)
    return opened


def _watchdog_ns(environment: Mapping[str, str]) -> int:
    """Give the longest silence allowed, 0 if nobody watches this process.

    Never less than SHORTEST_NS, or the loop would do nothing but beat.
    """
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0
    period_us = environment.get("WATCHDOG_USEC", "")
    # Digits of ASCII, and not more than a century: it is an environment, not ours.
    if not (period_us.isascii() and period_us.isdigit() and len(period_us) <= 15):
        return 0
    silence_ns = int(period_us) * NS_PER_US
    return max(silence_ns, SHORTEST_NS) if silence_ns else 0
