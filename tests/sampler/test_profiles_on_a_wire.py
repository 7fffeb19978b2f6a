# SPDX-License-Identifier: Apache-2.0
"""All models on one line: simulated, and read over a pseudo-terminal by the real bus."""

import pytest

from ipc.clock import SystemClock
from ipc.config import BusTable, MeterTable
from ipc.sample import QUANTITIES, is_present
from ipc.stop import Stop
from sampler import registermap
from sampler.bus import SerialBus
from sampler.plan import plan
from sampler.simulator import registry
from sampler.simulator.meter import Meter
from sampler.simulator.wire import Line
from sampler.wire import Wire
from tests.sampler.served import serving

WIRE = Wire(baudrate=1_000_000, bits=10)


@pytest.fixture
def stop():
    stop = Stop()
    yield stop
    stop.close()


def table_of(port: str) -> BusTable:
    meter = MeterTable(name="m", model="eastron_sdm630", unit_id=1, module_id="m")
    return BusTable(name="b", port=port, baudrate=WIRE.baudrate, meter=[meter])


@pytest.mark.slow
def test_every_model_is_read_whole_over_a_line_that_all_share(stop):
    names = dict(enumerate(registry.names(), 1))
    meters = [Meter(registry.find(name), unit_id=unit) for unit, name in names.items()]
    with serving(*meters, line=Line(baudrate=WIRE.baudrate)) as server:
        table = table_of(server.path)
        bus = SerialBus(table, wire=WIRE, clock=SystemClock(stop), stop=stop)
        assert bus.open() is None
        try:
            for unit, name in names.items():
                profile = registermap.load(name)
                planned = plan(profile, WIRE)
                answers = [bus.read(unit, block) for block in planned.blocks]
                assert all(isinstance(answer, bytes) for answer in answers), name
                decoded = planned.decode(answers)
                shown = zip(QUANTITIES, decoded.values, strict=True)
                present = {quantity for quantity, value in shown if is_present(value)}
                assert present == set(profile.registers), name
        finally:
            bus.close()
