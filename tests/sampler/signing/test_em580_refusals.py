# SPDX-License-Identifier: Apache-2.0
"""An EM580 that will not: nothing is invented for it, and the reason is told."""

import pytest

from ipc.commands import MeterPhase
from sampler.simulator.frame import ExceptionCode
from sampler.simulator.signing import em580_layout as at
from sampler.simulator.signing.models import em580
from tests.sampler.signing.desk import Desk
from tests.sampler.signing.requests import Teller, refusal


@pytest.fixture
def teller():
    return Teller(Desk(em580()))


def obey_nothing_at(teller, address):
    """Let the meter take every write to this register, and do nothing."""
    device = teller.desk.meter.device
    write = device.write

    def deaf(request, *, now_ns):
        return None if request.address == address else write(request, now_ns=now_ns)

    device.write = deaf


def refuse(teller, address):
    """Let the meter refuse every request for this register."""
    device = teller.desk.meter.device
    read, write = device.read, device.write

    def refusing(method):
        def refused(request, *, now_ns):
            if request.address == address:
                return ExceptionCode.DEVICE_FAILURE
            return method(request, now_ns=now_ns)

        return refused

    device.read, device.write = refusing(read), refusing(write)


def commands(teller):
    return [data for address, data in teller.desk.writes() if address == at.COMMAND]


def test_a_begin_that_the_meter_ignores_is_refused_in_its_time_and_given_once(teller):
    obey_nothing_at(teller, at.COMMAND)
    assert "did not begin within 15 s (file state 0)" in refusal(teller.begin())
    assert commands(teller) == [b"\0B"]
    assert teller.phase() is MeterPhase.IDLE


def test_an_end_that_the_meter_ignores_is_refused_and_the_transaction_runs_on(teller):
    teller.begin()
    obey_nothing_at(teller, at.COMMAND)
    assert "no record was ready within 30 s" in refusal(teller.end(timeout_s=90))
    assert commands(teller) == [b"\0B", b"\0E"]
    assert teller.phase() is MeterPhase.RUNNING


def test_a_record_that_changes_while_it_is_read_is_not_told(teller):
    record = teller.charge()
    device = teller.desk.meter.device
    read = device.read

    def change(request, *, now_ns):
        if request.address == at.FILE:
            size = device._memory.number(at.FILE_WORDS)
            device._memory.put_number(at.FILE_WORDS, size - 1)
        return read(request, now_ns=now_ns)

    device.read = change
    assert "changed while it was read" in refusal(teller.read())
    device.read = read
    device._memory.put_number(at.FILE_WORDS, (len(record) + 1) // 2)
    assert teller.record() == record


@pytest.mark.parametrize("size", [0, at.FILE_MOST_WORDS + 1, 0xFFFF])
def test_a_record_of_a_size_that_cannot_be_is_not_read(teller, size):
    teller.charge()
    teller.desk.meter.device._memory.put_number(at.FILE_WORDS, size)
    asked = len(teller.desk.spent)
    assert f"its record has {size} registers" in refusal(teller.read())
    read = [errand.operation.address for _, errand, _ in teller.desk.spent[asked:]]
    assert at.FILE not in read


def test_a_clock_that_is_refused_for_good_is_told(teller):
    refuse(teller, at.UTC)
    assert refusal(teller.set_clock()) == "the meter refuses its clock"
    assert teller.state().is_clock_set is False


def test_a_meter_that_refuses_its_clock_signs_without_the_time(teller):
    refuse(teller, at.UTC)
    assert teller.charge().count(' U","TX"') == 2


def test_of_a_meter_that_does_not_show_its_clocks_status_it_is_not_known(teller):
    refuse(teller, at.CLOCK_STATUS)
    state = teller.state()
    assert (state.phase, state.is_clock_set) == (MeterPhase.IDLE, None)
    assert teller.charge().count(' S","TX"') == 2


def test_a_meter_that_refuses_an_assignment_is_told_by_the_register_and_begins_nothing(
    teller,
):
    refuse(teller, at.TARIFF_TEXT)
    assert "refuses a write to 0x6900" in refusal(teller.begin())
    assert commands(teller) == []
    assert teller.phase() is MeterPhase.IDLE
