# SPDX-License-Identifier: Apache-2.0
"""Reading one meter: what it denies is asked for differently, and never mixed up."""

import struct

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ipc.sample import QUANTITIES, Quality, Quantity, is_present
from sampler import registermap
from sampler.encoding import Encoding
from sampler.fallback import REFUSALS, REFUSALS_OF_ALL, SILENCES
from sampler.fault import Fault
from sampler.plan import Block, plan
from sampler.reader import PROBES, Reader
from sampler.registermap import Exponent, Register
from sampler.wire import Wire
from tests.fakes import FakeBus, FakeClock
from tests.sampler.test_plan import profile_of

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


def test_all_blocks_are_read_and_every_value_is_there():
    case = Case(profile_at(0, 1, 500))
    reading = case.read()
    assert case.right(reading)
    assert (reading.fault, reading.answered, reading.lesson) == (None, True, None)
    assert case.asked() == [(0, 2), (500, 1)]


def test_behind_a_silence_nothing_more_is_asked():
    for fault in (NO_ANSWER, GARBLED, NO_PORT):
        case = Case(profile_at(0, 500, 1000), lambda _, fault=fault: fault)
        reading = case.read()
        assert len(case.asked()) == 1
        assert (reading.fault, reading.answered) == (fault, False)
        assert not any(map(is_present, reading.values.values))


def test_a_refusal_does_not_end_the_reading():
    case = Case(profile_at(0, 500), lambda b: BUSY if b.address == 0 else words(b))
    reading = case.read()
    assert (reading.fault, reading.answered) == (BUSY, True)
    assert reading.values.values[1] == 500


def test_busy_is_tried_again_as_it_is_however_often():
    case = Case(profile_at(0, 1, 500), lambda _: BUSY)
    for _ in range(20):
        assert case.read().lesson is None
        assert case.asked() == [(0, 2), (500, 1)]


def test_after_a_silence_the_meter_is_probed_first_and_read_in_the_same_tick():
    case = Case(profile_at(0, 1, 500), lambda _: NO_ANSWER)
    case.read()
    case.read()
    probe = case.asked()
    assert len(probe) == 1
    assert probe[0][1] not in {2, 1}
    case.answer = words
    reading = case.read()
    assert case.right(reading)
    assert reading.fault is None
    assert case.asked() == [*probe, (0, 2), (500, 1)]
    case.read()
    assert case.asked() == [(0, 2), (500, 1)]


def test_a_meter_that_cannot_be_probed_is_read_as_it_is():
    profile = profile_at(0)
    profile.registers[Quantity.VOLTAGE_L1_V] = Register(
        address=0, encoding=Encoding.UINT16, alone=True
    )
    case = Case(profile, lambda _: NO_ANSWER)
    assert case.read().answered is False
    case.answer = words
    assert case.right(case.read())


def test_a_block_that_is_refused_is_read_in_halves_and_that_is_said_once():
    case = Case(profile_at(*range(12)), lambda b: NO_SUCH if b.count > 5 else words(b))
    lessons = [case.read().lesson for _ in range(10)]
    assert case.right(case.read())
    said = [lesson for lesson in lessons if lesson]
    assert [lesson.block.count for lesson in said] == [12, 6, 6]
    assert [piece.count for piece in said[0].pieces] == [6, 6]
    assert all(count <= 5 for _, count in case.asked())


def test_a_meter_that_is_silent_to_a_long_block_is_read_in_halves_too():
    case = Case(
        profile_at(*range(12), 500),
        lambda b: NO_ANSWER if b.count > 8 else words(b),
    )
    readings = [case.read() for _ in range(SILENCES + 3)]
    assert any(reading.lesson for reading in readings)
    assert case.right(readings[-1])


def test_one_refusal_may_be_the_late_answer_to_something_else():
    case = Case(profile_at(*range(12)), lambda _: NO_SUCH)
    for _ in range(REFUSALS - 1):
        case.read()
    case.answer = words
    case.read()
    case.answer = lambda _: NO_SUCH
    for _ in range(REFUSALS - 1):
        assert case.read().lesson is None


def test_a_meter_that_refuses_everything_while_it_starts_is_no_reason_either():
    case = Case(profile_at(*range(12), 500), lambda _: NO_SUCH)
    for _ in range(REFUSALS_OF_ALL - 1):
        reading = case.read()
        assert (reading.answered, reading.lesson) == (True, None)
    case.answer = words
    assert case.right(case.read())
    case.read()
    assert case.asked() == [(0, 12), (500, 1)]


def test_one_that_refuses_everything_for_good_is_asked_for_less_in_the_end():
    case = Case(profile_at(*range(12)), lambda b: NO_SUCH if b.count > 1 else words(b))
    for _ in range(5 * REFUSALS_OF_ALL):
        reading = case.read()
    assert case.right(reading)


def test_a_dead_meter_is_no_reason_to_read_smaller_blocks():
    case = Case(profile_at(*range(12), 500), lambda _: NO_ANSWER)
    for _ in range(20):
        reading = case.read()
        assert (reading.answered, reading.lesson) == (False, None)
    case.answer = words
    assert case.right(case.read())


def test_the_one_value_a_meter_does_not_have_leaves_all_others():
    def lacks_seven(block):
        has_it = block.address <= 7 < block.address + block.count
        return NO_SUCH if has_it else words(block)

    case = Case(profile_at(*range(12)), lacks_seven)
    for _ in range(20):
        reading = case.read()
    present = [is_present(value) for value in reading.values.values[:12]]
    assert present == [address != 7 for address in range(12)]
    assert reading.fault == NO_SUCH
    assert reading.lesson is None


def test_an_optional_block_that_is_refused_is_no_fault_and_soon_not_asked_for():
    profile = profile_at(0, 1)
    optional = Register(address=900, encoding=Encoding.UINT16, optional=True)
    profile.registers[Quantity.POWER_W] = optional
    case = Case(profile, lambda b: NO_SUCH if b.address == 900 else words(b))
    readings = [case.read() for _ in range(REFUSALS + 1)]
    assert {reading.fault for reading in readings} == {None}
    [said] = [reading.lesson for reading in readings if reading.lesson]
    assert (said.block.address, said.pieces) == (900, ())
    assert case.asked() == [(0, 2)]


def test_equal_blocks_are_asked_for_with_different_lengths_until_that_is_refused():
    case = Case(profile_at(0, 500), lambda b: NO_SUCH if b.count > 1 else words(b))
    case.read()
    assert sorted(count for _, count in case.asked()) == [1, 2]
    for _ in range(2 * REFUSALS):
        reading = case.read()
    assert case.right(reading)
    assert [count for _, count in case.asked()] == [1, 1]


def test_a_block_is_cut_at_its_widest_gap():
    case = Case(
        profile_at(0, 1, 2, 5, 9, 10), lambda b: NO_SUCH if b.count > 4 else words(b)
    )
    lessons = [case.read().lesson for _ in range(10)]
    pieces = [[(p.address, p.count) for p in said.pieces] for said in lessons if said]
    assert pieces == [[(0, 6), (9, 2)], [(0, 3), (5, 1)]]


def test_a_value_and_its_exponent_may_come_from_two_reads():
    profile = profile_at(0, 1)
    scaled = Register(address=2, encoding=Encoding.UINT16, exponent="ten")
    profile.registers[Quantity.POWER_W] = scaled
    profile.exponents["ten"] = Exponent(address=6)

    def lacks_the_gap(block):
        crosses = block.address < 5 < block.address + block.count
        return NO_SUCH if crosses else words(block)

    case = Case(profile, lacks_the_gap)
    for _ in range(REFUSALS + 1):
        reading = case.read()
    assert reading.fault is None
    assert reading.values.values[QUANTITIES.index(Quantity.POWER_W)] == 2e6


def test_without_a_profile_the_plan_is_kept():
    case = Case(profile_at(0, 1, 500), lambda _: NO_SUCH, may_learn=False)
    for _ in range(10):
        assert case.read().lesson is None
        assert case.asked() == [(0, 2), (500, 1)]


def test_without_energies_only_the_fast_plan_is_read():
    profile = registermap.load("eastron_sdm630")
    fast = profile_at(0)
    bus = FakeBus(FakeClock(), lambda _, block: words(block))
    reader = Reader(unit_id=1, bus=bus, plan=plan(profile, WIRE), fast=plan(fast, WIRE))
    reader.read(with_energy=False)
    assert [block.count for _, block in bus.reads] == [1]


def test_a_block_of_both_plans_is_split_in_both():
    profile = profile_at(*range(12))
    energy = Register(address=500, encoding=Encoding.UINT16)
    everything = profile_at(*range(12))
    everything.registers[Quantity.ENERGY_IMPORT_MWH] = energy
    bus = FakeBus(
        FakeClock(), lambda _, block: NO_SUCH if block.count > 6 else words(block)
    )
    reader = Reader(
        unit_id=1,
        bus=bus,
        plan=plan(everything, WIRE),
        fast=plan(profile, WIRE),
        profile=everything,
    )
    # The halves are asked for with different lengths, until that is refused too.
    said = [reader.read(with_energy=False).lesson for _ in range(2 * REFUSALS)]
    assert any(said)
    assert any(lesson.block not in reader._plans[0].blocks for lesson in said if lesson)
    for with_energy in (True, False):
        bus.reads.clear()
        assert reader.read(with_energy=with_energy).fault is None
        assert all(block.count <= 6 for _, block in bus.reads)


def test_a_block_that_only_one_plan_has_is_split_there():
    everything = profile_at(*range(12))
    energy = Register(address=12, encoding=Encoding.UINT16)
    everything.registers[Quantity.ENERGY_IMPORT_MWH] = energy
    bus = FakeBus(
        FakeClock(), lambda _, block: NO_SUCH if block.count > 12 else words(block)
    )
    reader = Reader(
        unit_id=1,
        bus=bus,
        plan=plan(everything, WIRE),
        fast=plan(profile_at(*range(12)), WIRE),
        profile=everything,
    )
    said = [reader.read(with_energy=True).lesson for _ in range(REFUSALS)]
    assert any(said)
    assert reader.read(with_energy=True).fault is None
    bus.reads.clear()
    assert reader.read(with_energy=False).fault is None
    assert [block.count for _, block in bus.reads] == [12]


def listed(profile) -> set[tuple[int, int]]:
    """Give every register a profile names, each with its function code."""
    default = profile.meter.function_code
    found = set()
    for register in profile.registers.values():
        code = register.function_code or default
        own = register.address, register.address + register.encoding.words
        parts = [
            own,
            *([(register.plus.address, register.plus.end)] if register.plus else []),
        ]
        found |= {(code, at) for start, end in parts for at in range(start, end)}
    for exponent in profile.exponents.values():
        end = exponent.address + exponent.encoding.words
        code = exponent.function_code or default
        found |= {(code, at) for at in range(exponent.address, end)}
    return found


@pytest.mark.parametrize("model", sorted(registermap.names()))
def test_every_model_is_read_whole_by_a_meter_that_has_nothing_but_its_registers(model):
    profile = registermap.load(model)
    known = listed(profile)

    def strict(block):
        wanted = range(block.address, block.address + block.count)
        has_all = all((block.function_code, at) in known for at in wanted)
        return bytes(2 * block.count) if has_all else NO_SUCH

    case = Case(profile, strict)
    everything = plan(profile, WIRE)
    whole = everything.decode([bytes(2 * b.count) for b in everything.blocks])
    for _ in range(60):
        reading = case.read()
    assert reading.fault is None
    assert repr(reading.values) == repr(whole)


# --- answers that come late, in order, any time later


LATEST = 7
"""Requests. With four probes, what is confused would be eight requests old."""


class LateLine:
    """A meter that answers in order, each answer some requests late, or never.

    It takes what comes for the answer if the length is right, as RTU has to.
    """

    def __init__(self, releases):
        self.serial = 0
        self._owed: list[tuple[int, Block]] = []
        self._releases = releases

    def read(self, block: Block) -> bytes | Fault:
        self.serial += 1
        self._owed.append((self.serial, block))
        self._owed = self._owed[-LATEST:]
        count = min(next(self._releases, 99), len(self._owed))
        said, self._owed = self._owed[:count], self._owed[count:]
        if not said:
            return NO_ANSWER
        for serial, answered in said:
            if answered.count == block.count:
                # Both the place and the request are in every register.
                return b"".join(
                    struct.pack(">H", (serial % 64) << 10 | (address & 0x3FF))
                    for address in range(
                        answered.address, answered.address + answered.count
                    )
                )
        return GARBLED


@given(
    st.sets(st.integers(0, 900), min_size=3, max_size=20),
    st.lists(st.integers(0, 3), max_size=40),
    st.integers(4, 40),
)
def test_however_late_a_meter_answers_no_value_is_that_of_another_read(
    addresses, releases, largest
):
    profile = profile_at(*sorted(addresses), largest_block=largest)
    line = LateLine(iter(releases))
    case = Case(profile, line.read)
    assume(
        len(case.reader._probes) == PROBES
    )  # with very many blocks every length is taken
    for _ in range(12):
        before = line.serial
        reading = case.read()
        for quantity, register in profile.registers.items():
            value = reading.values.values[QUANTITIES.index(quantity)]
            if is_present(value):
                assert int(value) & 0x3FF == register.address
                asked_now = {
                    serial % 64 for serial in range(before + 1, line.serial + 1)
                }
                assert int(value) >> 10 in asked_now
