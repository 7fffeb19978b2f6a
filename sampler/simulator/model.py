# SPDX-License-Identifier: Apache-2.0
"""What makes a model: its name, its limits, its registers."""

from collections.abc import Callable

import msgspec

from sampler.simulator.device import Device, LoadAt
from sampler.simulator.frame import WRITE_REGISTERS
from sampler.simulator.image import Table


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What tells one meter of a model from the next."""

    unit_id: int
    serial_number: int


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of meter.

    name            as the configuration names it
    turnaround_ns   from the end of the silence after a request to the answer
    largest_read    registers of one request; one more is an illegal value
    tables          its registers, given who it is
    largest_write   registers of one request; one more is an illegal value
    write_codes     the function codes that write; another is an illegal function
    boot_ns         from the return of the mains to the first answer
    device          what it has beside its tables, if it has it
    """

    name: str
    turnaround_ns: int
    largest_read: int
    tables: Callable[[Identity], tuple[Table, ...]]
    largest_write: int = 123
    write_codes: frozenset[int] = frozenset({WRITE_REGISTERS})
    boot_ns: int = 0
    device: Callable[[Identity, LoadAt], Device] | None = None
