# SPDX-License-Identifier: Apache-2.0
"""A WM3M4C and a host that knows how to charge with it, for the tests beside it."""

import struct

from sampler.simulator.meter import Meter
from sampler.simulator.signing.models import wm3m4c
from sampler.simulator.variant import Variant
from tests.sampler.simulator.signing.host import Host

NOON_S = 1_681_473_066  # 2023-04-14T11:51:06, as in the real record
IDLE, ACTIVE, AFTER_POWER_FAILURE, AFTER_RESET = range(4)
SIGNED = 15

DATASET = (
    '{"FV":"1.0","GI":"eSystemsMtg OcppChargePoint_v0 ESY-00101.01.2201234567"'
    ',"GS":"000007","GV":"PWR P0037","PG":"","MV":"","MM":"","MS":"","MF":""'
    ',"IS":true,"IF":[],"IT":"UNDEFINED","ID":"0480423a4b5880","CT":"CBIDC"'
    ',"CI":"KHStation","RD":[]}'
)


class WM3M4CHost(Host):
    """Begins a second after the meter, with nothing set."""

    def __init__(self, *, load_w=11_000, **variant):
        model = wm3m4c(Variant(**variant))
        super().__init__(Meter(model, load_w=load_w), now_s=1.0)

    def set_clock(self, utc_s=NOON_S, zone_min=0):
        self.write(7054, struct.pack(">I", utc_s))
        self.write(7053, zone_min)
        self.write(7071, 2)

    def assign(self, dataset=DATASET):
        data = dataset.encode()
        padded = data + bytes(len(data) % 2)
        for at in range(0, len(padded), 240):
            self.write(7100 + at // 2, padded[at : at + 240])
        self.write(7056, len(data))

    def command(self, letter):
        self.write(7051, ord(letter) << 8)

    def obeyed(self, letter):
        """Command, and wait as long as the meter may need."""
        self.command(letter)
        self.wait(1)
        assert self.status == SIGNED

    def charge(self, seconds=217.0):
        self.obeyed("B")
        self.wait(seconds - 1)
        self.obeyed("r")

    @property
    def state(self):
        return self.number(7000)

    @property
    def status(self):
        return self.number(7052)

    def output(self) -> bytes:
        return self.read_of(7612, self.number(7057))

    def signature(self) -> bytes:
        return self.read_of(8188, self.number(7058))

    def read_of(self, address, size):
        words = -(-size // 2)
        return self.read_long(address, words, largest=120)[:size]

    def record(self) -> str:
        tail = f'{{"SD":"{self.signature().hex().upper()}"}}'
        return f"OCMF|{self.output().decode()}|{tail}"

    def spki(self) -> bytes:
        head = "3059301306072A8648CE3D020106082A8648CE3D03010703420004"
        return bytes.fromhex(head) + self.read(8124, 32)
