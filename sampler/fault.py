# SPDX-License-Identifier: Apache-2.0
"""Why there is no answer, and what a bus is to those who read from it."""

from typing import Protocol

import msgspec

from ipc.sample import Quality
from sampler.plan import Block


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no answer: expected weather, so a value and no exception.

    code  the Modbus exception of a refusal (Application Protocol V1.1b3, 7), else 0
    """

    kind: Quality
    detail: str
    code: int = 0


class Bus(Protocol):
    """One serial line with meters on it."""

    def read(self, unit_id: int, block: Block) -> bytes | Fault:
        """Read a block: its 2 x count bytes as they came, or why there are none."""
        ...


class WritableBus(Bus, Protocol):
    """One whose meters can be told something too."""

    def write(self, unit_id: int, address: int, data: bytes) -> Fault | None:
        """Write consecutive registers; a Fault if no answer says that it was done.

        Of a Fault that is no refusal it is not known whether it was.
        """
        ...
