# SPDX-License-Identifier: Apache-2.0
"""What the kernel says of its clock: synchronised or not, and which boot this is."""

import ctypes
from collections.abc import Callable
from pathlib import Path

from publisher.ocmf import Sync

TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronised (Linux, include/uapi/linux/timex.h)."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_TIMEX_SIZE = 512
"""Bytes; struct timex has 208 on 64-bit Linux. All zero: adjtimex only looks."""


class ClockSync:
    """The letter for TM that is true now; R is not ours to claim.

    S while the kernel holds its clock for synchronised; I if that was so at an earlier
    look, because the clock drifts slowly from there; U if it never was.
    """

    def __init__(
        self, *, is_synchronised: Callable[[], bool], boot_id: Path = BOOT_ID
    ) -> None:
        self._is_synchronised = is_synchronised
        self._was_synchronised = False
        self.boot_id = boot_id.read_text().strip()

    def sync(self) -> Sync:
        """Ask the kernel now."""
        if self._is_synchronised():
            self._was_synchronised = True
            return Sync.SYNCHRONISED
        return Sync.INFORMATIVE if self._was_synchronised else Sync.UNKNOWN


def kernel_is_synchronised() -> bool:
    """Whether the kernel holds CLOCK_REALTIME for synchronised (NTP, PTP, PPS).

    A kernel that cannot be asked vouches for nothing.
    """
    adjtimex = ctypes.CDLL(None).adjtimex
    state: int = adjtimex(ctypes.create_string_buffer(_TIMEX_SIZE))
    return 0 <= state < TIME_ERROR
