# SPDX-License-Identifier: Apache-2.0
"""One meter: every reading is a sample, and a hole says why it is one."""

import math
import struct

import pytest

from ipc.config import MeterTable
from ipc.sample import ABSENT, QUANTITIES, PhaseSequence, Quality, Quantity
from ipc.units import NS_PER_MS, NS_PER_S
from sampler.encoding import Encoding
from sampler.fault import Fault
from sampler.meter import Meter
from sampler.patience import EAGER
from sampler.plan import plan
from sampler.plausibility import Gate
from sampler.registermap import Register
from sampler.tick import Tick
from sampler.wire import Wire
from tests.fakes import FakeBus, FakeClock
from tests.sampler.maps import profile_of

WIRE = Wire(baudrate=9600, bits=10)
REGISTERS = {
    Quantity.VOLTAGE_L1_V: Register(address=0, encoding=Encoding.FLOAT32),
    Quantity.POWER_W: Register(address=500, encoding=Encoding.FLOAT32),
    Quantity.ENERGY_IMPORT_MWH: Register(
        address=1000, encoding=Encoding.FLOAT32, scale=1_000_000
    ),
}
SHOWN = {0: 230.0, 500: 11_000.0, 1000: 12.5}
TABLE = MeterTable(name="m", model="x", unit_id=7, module_id="pm")


class Case:
    """A meter of three blocks; `faults` and `shown` are by address."""

    def __init__(self):
        self.clock = FakeClock(mono_ns=5 * NS_PER_S)
        self.faults = {}
        self.shown = dict(SHOWN)
        self.bus = FakeBus(self.clock, self._answer)
        self.meter = Meter(
            index=3,
            table=TABLE,
            plan=plan(profile_of(REGISTERS), WIRE),
            bus=self.bus,
            clock=self.clock,
            gate=Gate(REGISTERS),
        )

    def _answer(self, unit_id, block):
        assert unit_id == 7
        if fault := self.faults.get(block.address):
            return fault
        return struct.pack(">f", self.shown[block.address])

    def read(self, number=0):
        tick = Tick(number=number, deadline_ns=self.clock.mono_ns, missed=0)
        return self.meter.read(tick, lateness_us=11, overruns=4)

    def skip(self, number=0):
        tick = Tick(number=number, deadline_ns=self.clock.mono_ns, missed=0)
        return self.meter.skip(tick, lateness_us=11, overruns=4)


def fault_of(kind: Quality) -> Fault:
    return Fault(kind=kind, detail="why")


def values_of(sample):
    return tuple(getattr(sample, quantity.value) for quantity in QUANTITIES)


def test_a_sample_has_its_values_its_meter_its_tick_and_its_lateness():
    sample = Case().read(number=42).sample
    assert sample.is_good
    assert (sample.voltage_l1_v, sample.power_w) == (230.0, 11_000.0)
    assert sample.energy_import_mwh == 12_500_000
    assert math.isnan(sample.frequency_l1_hz)
    assert (sample.meter, sample.tick) == (3, 42)
    assert (sample.lateness_us, sample.overruns, sample.misses) == (11, 4, 0)
    assert sample.phase_sequence == PhaseSequence.UNKNOWN


def test_the_time_of_a_sample_is_the_middle_of_its_operations():
    case = Case()
    sample = case.read().sample
    assert sample.duration_us == 30_000
    assert sample.mono_ns == 5 * NS_PER_S + 15 * NS_PER_MS
    assert sample.wall_ns == case.clock.wall_ns() - 15 * NS_PER_MS


@pytest.mark.parametrize("kind", [Quality.TIMEOUT, Quality.GARBLED, Quality.NO_PORT])
def test_behind_a_fault_nothing_is_read_and_what_was_read_is_kept(kind):
    case = Case()
    case.faults[500] = fault_of(kind)
    outcome = case.read()
    assert outcome.sample.quality == kind
    assert outcome.fault == fault_of(kind)
    assert outcome.sample.voltage_l1_v == 230.0
    assert math.isnan(outcome.sample.power_w)
    assert [block.address for _, block in case.bus.reads] == [0, 500]


def test_a_refusal_leaves_a_hole_and_the_rest_is_read():
    case = Case()
    case.faults[500] = fault_of(Quality.REFUSED)
    outcome = case.read()
    assert outcome.sample.quality == Quality.REFUSED
    assert outcome.sample.energy_import_mwh == 12_500_000


def test_misses_count_every_sample_that_is_not_good():
    case = Case()
    case.read()
    case.faults[0] = fault_of(Quality.TIMEOUT)
    assert [case.read().sample.misses for _ in range(3)] == [1, 2, 3]
    assert case.skip().sample.misses == 4
    case.faults.clear()
    assert case.read().sample.misses == 4


@pytest.mark.parametrize(
    ("address", "shown", "quantity"),
    [
        (0, math.nan, Quantity.VOLTAGE_L1_V),
        (0, 2300.0, Quantity.VOLTAGE_L1_V),
        (500, math.inf, Quantity.POWER_W),
        (1000, -1.0, Quantity.ENERGY_IMPORT_MWH),
        (1000, 11.0, Quantity.ENERGY_IMPORT_MWH),
        (1000, 1200.0, Quantity.ENERGY_IMPORT_MWH),
    ],
    ids=["nan", "over range", "inf", "negative", "gone back", "jumped"],
)
def test_a_value_that_cannot_be_true_is_left_out_and_all_others_stay(
    address, shown, quantity
):
    case = Case()
    case.read()
    case.shown[address] = shown
    outcome = case.read()
    assert outcome.implausible == (quantity,)
    assert outcome.sample.quality == Quality.IMPLAUSIBLE
    for each, value in zip(QUANTITIES, values_of(outcome.sample), strict=True):
        if each is quantity or each not in REGISTERS:
            assert repr(value) == repr(ABSENT[QUANTITIES.index(each)])
        else:
            assert value == getattr(case.read().sample, each.value)


def test_a_counter_that_stays_where_it_jumped_is_told_and_taken():
    case = Case()
    case.read()
    case.shown[1000] = 3.0
    outcomes = []
    for _ in range(12):
        case.clock.advance(1)
        outcomes.append(case.read())
    [told] = [outcome.accepted for outcome in outcomes if outcome.accepted]
    assert told[0].after_mwh == 3_000_000
    assert outcomes[-1].sample.is_good
    assert outcomes[-1].sample.energy_import_mwh == 3_000_000


def test_a_silent_meter_is_a_hole_without_bus_time_while_it_is_skipped():
    case = Case()
    case.faults[0] = fault_of(Quality.GARBLED)
    case.read()
    reads = len(case.bus.reads)
    outcome = case.skip(number=9)
    assert len(case.bus.reads) == reads
    assert outcome.is_skipped
    assert outcome.sample.quality == Quality.GARBLED
    assert (outcome.sample.tick, outcome.sample.duration_us) == (9, 0)
    assert outcome.sample.mono_ns == case.clock.mono_ns
    assert repr(values_of(outcome.sample)) == repr(ABSENT)


@pytest.mark.parametrize("kind", [Quality.TIMEOUT, Quality.GARBLED])
def test_patience_is_lost_with_a_meter_that_says_nothing(kind):
    case = Case()
    case.faults[0] = fault_of(kind)
    for _ in range(EAGER + 1):
        case.read()
    assert case.meter.patience.failures == EAGER + 1
    assert case.meter.patience.due_ns > case.clock.mono_ns
    case.faults.clear()
    case.read()
    assert case.meter.patience.failures == 0


def test_patience_is_not_lost_with_one_that_answers_in_part_or_has_no_port():
    for address, kind in ((500, Quality.TIMEOUT), (0, Quality.NO_PORT)):
        case = Case()
        case.faults[address] = fault_of(kind)
        for _ in range(5):
            case.read()
        assert case.meter.patience.failures == 0


def test_counts_stop_where_their_field_ends():
    case = Case()
    case.meter._misses = 2**32 - 1
    case.faults[0] = Fault(kind=Quality.TIMEOUT, detail="no answer")
    tick = Tick(number=0, deadline_ns=0, missed=0)
    sample = case.meter.read(tick, lateness_us=2**40, overruns=2**33).sample
    counts = (sample.misses, sample.overruns, sample.lateness_us)
    assert counts == (2**32 - 1,) * 3
