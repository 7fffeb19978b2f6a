# SPDX-License-Identifier: Apache-2.0
"""Reading one meter: all its blocks, and what a fault does to the others."""

from ipc.sample import Quantity, is_present
from sampler import registermap
from sampler.encoding import Encoding
from sampler.plan import plan
from sampler.reader import Reader
from sampler.registermap import Register
from tests.fakes import FakeBus, FakeClock
from tests.sampler.readers import (
    BUSY,
    GARBLED,
    NO_ANSWER,
    NO_PORT,
    WIRE,
    Case,
    profile_at,
    words,
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


def test_without_energies_only_the_fast_plan_is_read():
    profile = registermap.load("eastron_sdm630")
    fast = profile_at(0)
    bus = FakeBus(FakeClock(), lambda _, block: words(block))
    reader = Reader(unit_id=1, bus=bus, plan=plan(profile, WIRE), fast=plan(fast, WIRE))
    reader.read(with_energy=False)
    assert [block.count for _, block in bus.reads] == [1]
