# SPDX-License-Identifier: Apache-2.0
"""An EM580 and a host that knows how to charge with it, for the tests beside it."""

import struct

from sampler.simulator.meter import Meter
from sampler.simulator.signing.models import em580
from sampler.simulator.variant import Variant
from tests.sampler.simulator.signing.host import Host

NOON_S = 1_765_969_756  # 2025-12-17T12:09:16 in Berlin
UUID = "12345678-1234-5678-1234-567812345678"
NOT_READY, RUNNING, READY, CORRUPTED = range(4)


def low_first(number: int, words: int) -> bytes:
    return b"".join(struct.pack(">H", number >> 16 * n & 0xFFFF) for n in range(words))


class EM580Host(Host):
    """Begins after the two seconds in which the meter takes no time."""

    def __init__(self, *, now_s=3.0, load_w=11_000, **variant):
        model = em580(Variant(**variant))
        super().__init__(Meter(model, load_w=load_w), now_s=now_s, read_code=4)

    def set_clock(self, utc_s=NOON_S, offset_min=60):
        self.write(0x7032, low_first(utc_s, 4))
        self.write(0x7031, offset_min)

    def assign(self, *, data="04A1B2C3", tariff=f"0.30 EUR/kWh<=>{UUID}"):
        self.write(0x7000, 1)
        self.write(0x7001, 3)
        self.write(0x7002, struct.pack(">4H", 1, 2, 0, 0))
        self.write(0x7006, 10)
        self.write_text(0x7007, data)
        self.write(0x701B, 0)
        self.write_text(0x701C, "DE*ENBW*BER001*EVSE01")
        self.write_text(0x6900, tariff)

    def write_text(self, address, text):
        """Write the used part and one NUL, in whole words, as EVerest does."""
        data = text.encode() + b"\0"
        data += bytes(len(data) % 2)
        for at in range(0, len(data), 246):
            self.write(address + at // 2, data[at : at + 246])

    def begin(self):
        self.write(0x7040, ord("B"))

    def end(self):
        self.write(0x7040, ord("E"))

    def charge(self, seconds=60.0):
        self.begin()
        self.wait(seconds)
        self.end()
        self.wait(0.8)

    def long(self, address: int, words: int) -> int:
        """Read an integer, low word first."""
        data = self.read(address, words)
        parts = struct.unpack(f">{words}H", data)
        return sum(part << 16 * n for n, part in enumerate(parts))

    @property
    def state(self):
        return self.number(0x7100)

    def file(self) -> bytes:
        return self.read_long(0x7110, self.number(0x7101), largest=125)

    def record(self) -> str:
        return self.file().rstrip(b"\0").decode()

    def spki(self) -> bytes:
        words = {0: 46, 1: 62}[self.number(0x24FF)]
        return self.read(0x2600, words)
