# SPDX-License-Identifier: Apache-2.0
"""The log: one line a change of state, never a flood, everything counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.config import MeterTable
from ipc.sample import Quality, Quantity
from sampler.fault import Fault
from sampler.meter import Meter, Outcome
from sampler.plan import Block, Plan
from sampler.plausibility import Accepted
from sampler.reader import Lesson
from sampler.report import AT_ONCE, REMEDIES, Report
from tests.fakes import FakeBus, FakeClock, FakeLog, sample_of


def meter_of(name="m") -> Meter:
    clock = FakeClock()
    return Meter(
        index=0,
        table=MeterTable(name=name, model="x", unit_id=7, module_id="pm"),
        plan=Plan(blocks=(), decoders=()),
        bus=FakeBus(clock, lambda *_: b""),
        clock=clock,
    )


def outcome_of(kind=Quality.GOOD, *, implausible=(), **more) -> Outcome:
    fault = Fault(kind=kind, detail="why") if kind else None
    quality = kind | (Quality.IMPLAUSIBLE if implausible else 0)
    sample = sample_of(quality=quality)
    return Outcome(sample=sample, fault=fault, implausible=implausible, **more)


GOOD = outcome_of()
FAULTS = {kind: outcome_of(kind) for kind in REMEDIES}


class Case:
    def __init__(self):
        self.clock, self.log = FakeClock(), FakeLog()
        self.report = Report(log=self.log, clock=self.clock)
        self.meter = meter_of()

    def sees(self, *outcomes, meter=None, apart_s=1.0):
        """Report outcomes one after the other; give the events this made."""
        before = len(self.log.lines)
        for outcome in outcomes:
            self.clock.advance(apart_s)
            self.report.outcome(meter or self.meter, outcome)
        return [event for _, event, _ in self.log.lines[before:]]


def test_the_first_sample_is_told_and_the_same_state_is_not_told_again():
    case = Case()
    assert case.sees(*[GOOD] * 200) == ["meter_answers"]


@pytest.mark.parametrize("kind", REMEDIES)
def test_a_fault_is_told_once_with_its_kind_its_detail_and_what_to_do(kind):
    case = Case()
    assert case.sees(*[FAULTS[kind]] * 600) == ["meter_fails"]
    fields = case.log.fields_of("meter_fails")
    assert fields["fault"] == str(kind.name).lower()
    assert (fields["meter"], fields["unit_id"], fields["detail"]) == ("m", 7, "why")
    assert fields["remedy"] == REMEDIES[kind]


def test_a_recovery_is_told_at_once():
    case = Case()
    case.sees(GOOD)
    told = case.sees(*[FAULTS[Quality.TIMEOUT], GOOD] * 3)
    assert told == ["meter_fails", "meter_answers"] * 3


def test_another_kind_of_fault_is_another_state():
    case = Case()
    told = case.sees(FAULTS[Quality.TIMEOUT], FAULTS[Quality.NO_PORT])
    assert told == ["meter_fails", "meter_fails"]


def test_each_meter_has_a_state_of_its_own():
    case = Case()
    assert case.sees(GOOD, meter=meter_of("a")) == ["meter_answers"]
    assert case.sees(GOOD, meter=meter_of("b")) == ["meter_answers"]


def test_a_loose_wire_does_not_flood_the_log_and_its_last_state_is_told():
    case = Case()
    told = case.sees(*[GOOD, FAULTS[Quality.GARBLED]] * 300)  # for ten minutes
    assert AT_ONCE <= len(told) <= AT_ONCE + 10
    case.sees(*[GOOD] * 61)
    assert case.log.events()[-1] == "meter_answers"


@given(st.lists(st.sampled_from([GOOD, *FAULTS.values()]), min_size=1, max_size=80))
def test_whatever_a_meter_does_its_state_is_what_was_told_last_a_minute_later(states):
    case = Case()
    case.sees(*states)
    case.sees(*[states[-1]] * 61)
    fault = states[-1].fault
    [(_, event, fields)] = case.log.lines[-1:]
    assert event == ("meter_fails" if fault else "meter_answers")
    if fault:
        assert fields["fault"] == fault.kind.name.lower()


def test_values_kept_back_are_named_at_most_once_a_minute():
    case = Case()
    case.sees(GOOD)
    odd = outcome_of(implausible=(Quantity.POWER_W,))
    assert case.sees(*[odd] * 59) == ["values_quarantined"]
    assert case.log.fields_of("values_quarantined")["values"] == ["power_w"]


def test_a_new_counter_is_told_with_both_its_levels():
    case = Case()
    new = Accepted(
        quantity=Quantity.ENERGY_IMPORT_MWH, before_mwh=5_000_000, after_mwh=1500
    )
    case.sees(GOOD, outcome_of(accepted=(new,)))
    fields = case.log.fields_of("counter_accepted")
    assert fields["quantity"] == "energy_import_mwh"
    assert (fields["before_wh"], fields["after_wh"]) == (5000, 1.5)


def test_what_is_read_differently_from_now_on_is_told():
    case = Case()
    block = Block(function_code=4, address=0, count=12)
    half = Block(function_code=4, address=0, count=6)
    case.sees(GOOD, outcome_of(lesson=Lesson(block=block, pieces=(half, half))))
    assert case.log.fields_of("block_split")["pieces"] == [[0, 6], [0, 6]]
    case.sees(outcome_of(lesson=Lesson(block=block, pieces=())))
    assert "does not have it" in case.log.fields_of("block_given_up")["detail"]


def test_the_minute_line_counts_ticks_lateness_and_each_meters_samples_by_kind():
    case = Case()
    case.sees(
        *[GOOD] * 3,
        *[FAULTS[Quality.TIMEOUT]] * 2,
        outcome_of(Quality.TIMEOUT, is_skipped=True),
        outcome_of(Quality.REFUSED, implausible=(Quantity.POWER_W,)),
    )
    case.sees(GOOD, meter=meter_of("other"))
    for lateness_us in (10, 90, 20):
        case.report.tick(lateness_us=lateness_us, missed=2)
    case.clock.advance(60)
    case.report.tick(lateness_us=30, missed=0)
    assert case.log.events().count("bus_sampled") == 1
    fields = case.log.fields_of("bus_sampled")
    assert (fields["ticks"], fields["overruns"]) == (4, 6)
    assert (fields["lateness_median_us"], fields["lateness_max_us"]) == (25, 90)
    assert fields["meters"] == {
        "m": {"good": 3, "timeout": 2, "skipped": 1, "refused": 1, "implausible": 1},
        "other": {"good": 1},
    }


def test_each_minute_is_counted_anew():
    case = Case()
    for _ in range(2):
        case.sees(GOOD)
        case.clock.advance(60)
        case.report.tick(lateness_us=1, missed=0)
    lines = [fields for _, event, fields in case.log.lines if event == "bus_sampled"]
    assert [fields["meters"]["m"]["good"] for fields in lines] == [1, 1]


def test_without_a_tick_there_is_no_summary():
    case = Case()
    case.report.summary()
    assert case.log.lines == []
