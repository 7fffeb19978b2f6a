# SPDX-License-Identifier: Apache-2.0
"""What a procedure asks of the bus: one request and its response, or to wait."""

from collections.abc import Callable

import msgspec

from ipc.commands import ClockTime
from ipc.units import NS_PER_S
from sampler.fault import Fault


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """Read registers; answered with their bytes.

    count   so many of them; with the bus short of time fewer will do,
    least   down to this many; None: all of them or none
    unlike  a count it must not have, because the read before it had that: RTU has no
            number that ties an answer to its request
    """

    function_code: int
    address: int
    count: int
    least: int | None = None
    unlike: int = 0


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """Write these bytes to consecutive registers; answered with no bytes."""

    address: int
    data: bytes

    @property
    def count(self) -> int:
        """Registers it writes."""
        return len(self.data) // 2


class WriteTime(msgspec.Struct, frozen=True, kw_only=True):
    """Write what time it is when the request goes out.

    form  from UTC, in whole seconds, to the registers' bytes
    """

    address: int
    time: ClockTime
    form: Callable[[int], bytes]

    def at(self, now_ns: int) -> Write:
        """Give the write for this instant of the monotonic clock."""
        passed_ns = now_ns - self.time.mono_ns
        utc_s = self.time.utc_s + (passed_ns + NS_PER_S // 2) // NS_PER_S
        return Write(address=self.address, data=self.form(utc_s))


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for nothing for so long; answered with no bytes."""

    seconds: float


Operation = Read | Write | WriteTime | Pause

Heard = bytes | Fault
"""What comes of an operation. A write with a Fault may have happened all the same."""
