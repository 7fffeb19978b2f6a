# SPDX-License-Identifier: Apache-2.0
"""Three ways to read a whole sample: ours, minimalmodbus by block, and by value.

All read the same: a whole sample of a meter, or one large block.
"""

import contextlib
import struct

import minimalmodbus

from ipc.clock import SystemClock
from ipc.config import MeterTable
from ipc.stop import Stop
from sampler import registermap
from sampler.assembly import meters_of
from sampler.bus import SerialBus
from sampler.check import plan_bus
from sampler.plan import Block, plan
from sampler.tick import Tick
from sampler.tools.line import LineSettings

MODEL = "eastron_sdm630"

BLOCK = Block(function_code=4, address=0, count=70)
"""35 values in one read, none of them left out: what a block can do at its best."""

VALUES = len(registermap.load(MODEL).registers)


def plan_at(baudrate):
    """Give the blocks that the sampler reads of an SDM630 at this speed."""
    return plan(registermap.load(MODEL), wire_at(baudrate))


def wire_at(baudrate):
    return LineSettings(baudrate=baudrate).wire


def sample(path, baudrate):
    """Read as the sampler does: bus, blocks, decoding, judgement, one Sample."""
    meter = MeterTable(name="meter", model=MODEL, unit_id=1, module_id="none")
    with _bus(path, baudrate, meter) as (bus, planned, clock):
        (reader,) = meters_of(planned, bus=bus, clock=clock)
        tick = Tick(number=0, deadline_ns=0, missed=0)

        def read():
            sample = reader.read(tick, lateness_us=0, overruns=0).sample
            assert sample.is_good
            return sample.voltage_l1_v

        yield read


def sample_by_block(path, baudrate):
    """Read our blocks with plain minimalmodbus: read_registers, then one struct."""
    yield from _by_block(path, baudrate, plan_at(baudrate).blocks)


def sample_by_value(path, baudrate):
    """Read with plain minimalmodbus, as it is mostly done: a read_float a value."""
    registers = registermap.load(MODEL).registers.values()
    yield from _by_value(path, baudrate, [item.address for item in registers])


def block(path, baudrate):
    """Read the one block over our bus."""
    values = struct.Struct(">35f")
    meter = MeterTable(name="meter", model=MODEL, unit_id=1, module_id="none")
    with _bus(path, baudrate, meter) as (bus, _, _):
        yield lambda: values.unpack(bus.read(1, BLOCK))[0]


def block_by_block(path, baudrate):
    yield from _by_block(path, baudrate, [BLOCK])


def block_by_value(path, baudrate):
    yield from _by_value(path, baudrate, range(0, BLOCK.count, 2))


@contextlib.contextmanager
def _bus(path, baudrate, meter):
    stop = Stop()
    clock = SystemClock(stop)
    settings = LineSettings(baudrate=baudrate)
    planned = plan_bus(settings.table(path, timeout_s=0.5, meters=(meter,)))
    bus = SerialBus(planned.table, wire=planned.wire, clock=clock, stop=stop)
    assert bus.open() is None
    with contextlib.closing(bus):
        yield bus, planned, clock
    stop.close()


def _by_block(path, baudrate, blocks):
    def read():
        values = []
        for block in blocks:
            words = instrument.read_registers(
                block.address, block.count, block.function_code
            )
            data = struct.pack(f">{len(words)}H", *words)
            values += struct.unpack(f">{len(words) // 2}f", data)
        return values[0]

    with _instrument(path, baudrate) as instrument:
        yield read


def _by_value(path, baudrate, addresses):
    def read():
        values = [instrument.read_float(address, 4) for address in addresses]
        return values[0]

    with _instrument(path, baudrate) as instrument:
        yield read


@contextlib.contextmanager
def _instrument(path, baudrate):
    instrument = minimalmodbus.Instrument(path, 1)
    instrument.serial.baudrate = baudrate
    instrument.serial.timeout = 0.5
    with contextlib.closing(instrument.serial):
        yield instrument


WORKLOADS = {
    "SDM630, one sample": (sample, sample_by_block, sample_by_value),
    "70 registers, one block": (block, block_by_block, block_by_value),
}
"""Each way to read opens its port, gives a function that reads once, and closes."""
