# SPDX-License-Identifier: Apache-2.0
"""The clock of an EM580: set to the true time or not at all, and never in between."""

import pytest

from ipc.commands import Done, Failed, FailureKind
from sampler.simulator.signing.models import em580
from tests.sampler.signing.desk import Desk
from tests.sampler.signing.requests import Teller


def teller_of(*, is_synchronised=True):
    return Teller(Desk(em580()), is_synchronised=is_synchronised)


@pytest.fixture
def teller():
    return teller_of()


def failure(outcome):
    assert isinstance(outcome, Failed), outcome
    return outcome.kind


def test_the_clock_is_set_to_the_time_at_which_it_is_written(teller):
    assert teller.state().is_clock_set is False
    assert teller.set_clock() == Done()
    assert teller.state().is_clock_set is True
    [(began_ns, utc)] = [
        (began_ns, errand.operation.data)
        for began_ns, errand, _ in teller.desk.spent
        if errand.operation.address == 0x7032 and began_ns
    ]
    words = [int.from_bytes(utc[at : at + 2]) for at in range(0, 8, 2)]
    written_s = sum(word << 16 * place for place, word in enumerate(words))
    assert abs(written_s - (1_787_306_400 + began_ns / 1e9)) <= 0.5


def test_a_clock_that_is_refused_after_power_up_is_written_again(teller):
    teller.desk.cut_power(for_s=0.1)
    teller.desk.wait(6.2)
    assert teller.set_clock() == Done()
    assert teller.state().is_clock_set is True


def test_the_clock_is_never_set_while_a_transaction_runs(teller):
    teller.set_clock()
    teller.begin()
    assert failure(teller.set_clock()) is FailureKind.REFUSED


def test_a_charger_without_the_time_does_not_make_the_meter_sign_one():
    teller = teller_of(is_synchronised=False)
    assert failure(teller.set_clock()) is FailureKind.REFUSED
    record = teller.charge()
    assert record.count(' U","TX"') == 2


def test_a_begin_sets_a_clock_that_is_not_set(teller):
    assert teller.charge().count(' S","TX"') == 2
