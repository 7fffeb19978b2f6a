# SPDX-License-Identifier: Apache-2.0
"""Readers of a profile that is made for a test, on a bus that answers as it says."""

import struct

from ipc.sample import QUANTITIES, Quality
from sampler.encoding import Encoding
from sampler.fault import Fault
from sampler.plan import Block, plan
from sampler.reader import Reader
from sampler.registermap import Register
from sampler.wire import Wire
from tests.fakes import FakeBus, FakeClock
from tests.sampler.maps import profile_of

WIRE = Wire(baudrate=9600, bits=10)
NO_ANSWER = Fault(kind=Quality.TIMEOUT, detail="no answer")
GARBLED = Fault(kind=Quality.GARBLED, detail="checksum")
NO_PORT = Fault(kind=Quality.NO_PORT, detail="gone")
BUSY = Fault(kind=Quality.REFUSED, detail="busy", code=6)
NO_SUCH = Fault(kind=Quality.REFUSED, detail="illegal data address", code=2)


def words(block: Block) -> bytes:
    """Give registers that hold their own address."""
    return struct.pack(
        f">{block.count}H", *range(block.address, block.address + block.count)
    )


def profile_at(*addresses: int, **limits):
    """Give a profile of 16-bit values, each at its address."""
    registers = {
        quantity: Register(address=address, encoding=Encoding.UINT16)
        for quantity, address in zip(QUANTITIES, addresses, strict=False)
    }
    return profile_of(registers, **limits)


class Case:
    """A reader of a profile, on a bus that answers as the test says."""

    def __init__(self, profile, answer=None, *, may_learn=True):
        self.profile = profile
        self.answer = answer or words
        self.bus = FakeBus(FakeClock(), lambda _, block: self.answer(block))
        self.reader = Reader(
            unit_id=1,
            bus=self.bus,
            plan=plan(profile, WIRE),
            profile=profile if may_learn else None,
        )

    def read(self):
        self.bus.reads.clear()
        return self.reader.read(with_energy=True)

    def asked(self):
        return [(block.address, block.count) for _, block in self.bus.reads]

    def right(self, reading) -> bool:
        """Whether every value is there and holds its address."""
        return all(
            reading.values.values[QUANTITIES.index(quantity)] == register.address
            for quantity, register in self.profile.registers.items()
        )
