# SPDX-License-Identifier: Apache-2.0
"""What a meter denies is asked for in smaller pieces, but not before it must be."""

from ipc.sample import QUANTITIES, Quantity, is_present
from sampler.encoding import Encoding
from sampler.fallback import REFUSALS, REFUSALS_OF_ALL, SILENCES
from sampler.plan import plan
from sampler.reader import Reader
from sampler.registermap import Exponent, Register
from tests.fakes import FakeBus, FakeClock
from tests.sampler.readers import NO_ANSWER, NO_SUCH, WIRE, Case, profile_at, words


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
