# SPDX-License-Identifier: Apache-2.0
"""A BSM-WS36A and a host that knows how to charge with it, for the tests beside it."""

import struct

from sampler.simulator.meter import Meter
from sampler.simulator.signing.bsm_layout import Kind
from sampler.simulator.signing.models import bsm
from tests.sampler.simulator.signing.host import Host

NOON_S = 1_657_267_552  # 2022-07-08T10:05:52 in Berlin, as in the real record
VALID, INVALID, UPDATING, FAILED_GENERAL = range(4)

METAS = (
    "contract-id: rfid:12345678abcdef",
    "evse-id: DE*BDO*E8025334492*2",
    "csc-sw-version: v1.2.34",
)


class BSMHost(Host):
    """Begins a second after the meter, with nothing set."""

    def __init__(self, *, load_w=11_000):
        super().__init__(Meter(bsm(), load_w=load_w), now_s=1.0)

    def set_clock(self, utc_s=NOON_S, zone_min=120):
        self.write(40260, struct.pack(">Ih", utc_s, zone_min))

    def assign(self, metas=METAS):
        first, second, third = (
            meta.encode().ljust(size, b"\0")
            for meta, size in zip(metas, (140, 100, 100), strict=True)
        )
        self.write(40279, first + second)
        self.write(40399, third)

    def ask_for(self, kind: Kind):
        self.write(kind.snapshot + 3, 2)

    def made(self, kind: Kind):
        """Have a snapshot made, and wait as long as the meter may need."""
        self.ask_for(kind)
        self.wait(0.8)
        assert self.status(kind) == VALID

    def charge(self, seconds=60.0):
        self.made(Kind.START)
        self.wait(seconds)
        self.made(Kind.END)

    def status(self, kind: Kind) -> int:
        status = self.number(kind.snapshot + 3)
        assert self.number(kind.ocmf + 3) == status
        return status

    def snapshot(self, kind: Kind) -> bytes:
        return self.read_long(kind.snapshot + 2, 252, largest=125)

    def record(self, kind: Kind) -> str:
        return self.read_long(kind.ocmf + 4, 496, largest=125).rstrip(b"\0").decode()

    def spki(self) -> bytes:
        words, size = struct.unpack(">HH", self.read(40449, 2))
        return self.read(40451, words)[:size]
