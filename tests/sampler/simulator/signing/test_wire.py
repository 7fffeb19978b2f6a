# SPDX-License-Identifier: Apache-2.0
"""The signing meters on a pseudo-terminal, before a master of others (pymodbus)."""

import contextlib
import struct

import pytest
from pymodbus import FramerType
from pymodbus.client import ModbusSerialClient

from ipc.clock import NS_PER_MS
from sampler.simulator.meter import Meter
from sampler.simulator.signing import bsm, em580, models, wm3m4c
from sampler.simulator.signing.bsm_layout import Kind
from tests.sampler.served import FAST, serving
from tests.sampler.simulator.signing.em580 import low_first
from tests.sampler.simulator.signing.host import openssl_verifies
from tests.sampler.simulator.signing.wm3m4c import DATASET

UNIT = 5
SOON_NS = 5 * NS_PER_MS


class Master:
    """Asks, and gives bytes; a refusal is its exception code."""

    def __init__(self, client):
        self.client = client

    def read(self, address, count=1, *, largest=125):
        data = b""
        for first in range(0, count, largest):
            answer = self.client.read_holding_registers(
                address + first, count=min(largest, count - first), device_id=UNIT
            )
            assert not answer.isError(), answer
            data += struct.pack(f">{len(answer.registers)}H", *answer.registers)
        return data

    def number(self, address):
        return int.from_bytes(self.read(address))

    def write(self, address, data, *, largest=123):
        words = struct.unpack(f">{len(data) // 2}H", data)
        for first in range(0, len(words), largest):
            answer = self.client.write_registers(
                address + first, [*words[first : first + largest]], device_id=UNIT
            )
            if answer.isError():
                return answer.exception_code
        return None

    def write_one(self, address, value):
        answer = self.client.write_register(address, value, device_id=UNIT)
        return answer.exception_code if answer.isError() else None

    def until(self, address, value):
        """Poll; the meter's times are short here, and the test has a time-out."""
        while self.number(address) != value:
            pass


@contextlib.contextmanager
def mastering(model):
    with serving(Meter(model, unit_id=UNIT)) as server:
        client = ModbusSerialClient(
            server.path, framer=FramerType.RTU, baudrate=FAST.baudrate, timeout=2
        )
        assert client.connect()
        try:
            yield Master(client)
        finally:
            client.close()


@pytest.mark.slow
@pytest.mark.parametrize("key_size", ["256", "384"])
def test_an_independent_master_charges_with_an_em580(tmp_path, key_size):
    timing = em580.Timing(
        signing_ns=(SOON_NS, 2 * SOON_NS),
        clock_refused_ns=0,
    )
    variant = models.Variant(key_size=key_size)
    with mastering(models.em580(variant, timing=timing)) as master:
        assert master.write(0x7032, low_first(1_765_969_756, 4)) is None
        assert master.write(0x6900, (b"x" * 211 + b"<=>").ljust(252, b"\0")) is None
        assert master.write_one(0x7040, ord("B")) is None
        assert master.number(0x7100) == 1
        assert master.write_one(0x7040, ord("E")) is None
        master.until(0x7100, 2)
        assert master.write_one(0x7040, ord("B")) == 4
        file = master.read(0x7110, master.number(0x7101))
        spki = master.read(0x2600, 46 if key_size == "256" else 62)
        assert openssl_verifies(tmp_path, file.rstrip(b"\0").decode(), spki)
        assert master.write_one(0x7100, 0) is None
        assert master.number(0x7100) == 0


@pytest.mark.slow
def test_an_independent_master_charges_with_a_wm3m4c(tmp_path):
    timing = wm3m4c.Timing(state_ns=(0, SOON_NS), signing_ns=(SOON_NS, 2 * SOON_NS))
    with mastering(models.wm3m4c(timing=timing)) as master:
        data = DATASET.encode()
        assert master.write(7054, struct.pack(">I", 1_681_473_066)) is None
        assert master.write_one(7071, 2) is None
        padded = data + bytes(len(data) % 2)
        assert master.write(7100, padded, largest=120) is None
        assert master.write_one(7056, len(data)) is None
        for letter, state in (("B", 1), ("r", 0)):
            assert master.write_one(7051, ord(letter) << 8) is None
            master.until(7000, state)
            master.until(7052, 15)
        sizes = master.number(7057), master.number(7058)
        payload, signature = (
            master.read(address, -(-size // 2), largest=120)[:size]
            for address, size in zip((7612, 8188), sizes, strict=True)
        )
        record = f'OCMF|{payload.decode()}|{{"SD":"{signature.hex()}"}}'
        head = "3059301306072A8648CE3D020106082A8648CE3D03010703420004"
        spki = bytes.fromhex(head) + master.read(8124, 32)
        assert openssl_verifies(tmp_path, record, spki)


@pytest.mark.slow
def test_an_independent_master_charges_with_a_bsm(tmp_path):
    timing = bsm.Timing(updating_ns=(SOON_NS, 2 * SOON_NS))
    with mastering(models.bsm(timing=timing)) as master:
        assert master.write(40260, struct.pack(">Ih", 1_657_267_552, 120)) is None
        assert master.write(40279, b"user".ljust(140, b"\0")) is None
        size = master.number(40450)
        spki = master.read(40451, 48)[:size]
        for kind in (Kind.START, Kind.END):
            assert master.write(kind.snapshot + 3, b"\0\2") is None
            master.until(kind.snapshot + 3, 0)
            record = master.read(kind.ocmf + 4, 496).rstrip(b"\0").decode()
            assert '"ID":"user"' in record
            assert openssl_verifies(tmp_path, record, spki)


@pytest.mark.slow
def test_a_power_cut_can_be_made_from_another_thread():
    timing = em580.Timing(boot_ns=0, clock_refused_ns=0)
    meter = Meter(models.em580(timing=timing), unit_id=UNIT)
    with serving(meter) as server:
        client = ModbusSerialClient(
            server.path, framer=FramerType.RTU, baudrate=FAST.baudrate, timeout=2
        )
        assert client.connect()
        master = Master(client)
        assert master.write_one(0x7040, ord("B")) is None
        meter.cut_power(at_ns=server.elapsed_ns(), for_ns=0)
        assert master.number(0x7100) == 2
        client.close()
