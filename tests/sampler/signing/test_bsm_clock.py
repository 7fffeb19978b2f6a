# SPDX-License-Identifier: Apache-2.0
"""The clock of a BSM-WS36A: written when it is wrong, and not once too often."""

import pytest

from ipc.commands import Done, Failed, FailureKind, MeterPhase
from sampler.simulator.frame import ExceptionCode
from sampler.simulator.signing.models import bsm
from tests.sampler.signing.desk import Desk
from tests.sampler.signing.requests import Teller

CLOCK = 40260
START_STATUS = 41286


@pytest.fixture
def teller():
    return Teller(Desk(bsm(), baudrate=19_200))


def written_to(teller, address):
    return [data for at, data in teller.desk.writes() if at == address]


def refuse_the_clock(teller):
    device = teller.desk.meter.device
    write = device.write

    def refuse(request, *, now_ns):
        if request.address == CLOCK:
            return ExceptionCode.DEVICE_FAILURE
        return write(request, now_ns=now_ns)

    device.write = refuse


def test_a_meter_that_refuses_its_clock_begins_nothing_and_says_so(teller):
    refuse_the_clock(teller)
    for outcome in (teller.set_clock(), teller.begin()):
        assert isinstance(outcome, Failed)
        assert outcome.kind is FailureKind.REFUSED
        assert outcome.reason == "the meter refuses its clock"
    assert written_to(teller, START_STATUS) == []
    assert teller.phase() is MeterPhase.IDLE


def test_a_clock_that_was_refused_is_tried_again_with_the_next_verb(teller):
    device = teller.desk.meter.device
    write = device.write
    refuse_the_clock(teller)
    assert isinstance(teller.set_clock(), Failed)
    device.write = write
    assert teller.set_clock() == Done()
    assert teller.state().is_clock_set is True


def test_a_clock_that_went_wrong_meanwhile_is_written_before_its_day_is_over(teller):
    teller.set_clock()
    teller.desk.meter.device._clock.write(
        utc_s=1, zone_min=None, now_ns=teller.desk.clock.mono_ns, operating_s=0
    )
    teller.desk.wait(1)
    assert teller.set_clock() == Done()
    assert len(written_to(teller, CLOCK)) == 2


def test_a_power_failure_is_followed_by_the_time(teller):
    teller.set_clock()
    teller.desk.cut_power(for_s=1)
    teller.desk.wait(10)
    assert teller.state().is_clock_set is False
    assert teller.set_clock() == Done()
    assert teller.state().is_clock_set is True
    assert len(written_to(teller, CLOCK)) == 2
