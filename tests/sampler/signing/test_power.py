# SPDX-License-Identifier: Apache-2.0
"""A power cut at any moment of a transaction: what is there in the end is whole."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.commands import Done, Failed, FailureKind, MeterPhase, RecordTold, StateTold
from sampler.simulator.signing.models import bsm, em580, wm3m4c
from tests.sampler.signing.desk import Desk, Loss
from tests.sampler.signing.requests import UUID, Teller

OUTAGES_S = st.sampled_from([0.05, 1.0, 5.0])
LOSSES = st.dictionaries(
    st.integers(0, 150), st.sampled_from([Loss.REQUEST, Loss.ANSWER]), max_size=5
)


def insist(verb):
    """Ask again for as long as the meter only is silent."""
    for _ in range(5):
        outcome = verb()
        if not (isinstance(outcome, Failed) and outcome.kind is FailureKind.SILENT):
            return outcome
    raise AssertionError(outcome)


def charge_as_a_publisher_would(teller):
    """Begin, end, read and confirm by what the meter says of itself."""
    begun = insist(teller.begin)
    if isinstance(begun, Failed):
        assert begun.kind is FailureKind.REFUSED
    for _ in range(4):
        state = teller.state()
        assert isinstance(state, StateTold)
        if state.phase is MeterPhase.ENDED:
            told = insist(teller.read)
            if isinstance(told, RecordTold):
                return told
            continue  # it lost it just now
        ended = insist(teller.end)
        if isinstance(ended, Failed) and teller.phase() is MeterPhase.IDLE:
            return ended
    raise AssertionError(state)


@pytest.mark.parametrize("model", [em580, bsm])
@given(after_s=st.floats(0, 3), for_s=OUTAGES_S, losses=LOSSES)
def test_a_meter_that_keeps_its_counters_gives_a_record_of_this_transaction(
    model, after_s, for_s, losses
):
    teller = Teller(Desk(model(), lose=lambda number: losses.get(number, Loss.NONE)))
    teller.set_clock()
    teller.desk.cut_power(after_s=after_s, for_s=for_s)
    told = charge_as_a_publisher_would(teller)
    assert isinstance(told, RecordTold)
    assert UUID in told.record
    assert re.search(r'"TX":"[EP]"', told.record)
    assert told.record.endswith('"}')
    assert told.start is None or re.search(r'"TX":"B".*"}$', told.start)
    assert insist(teller.confirm) == Done()
    assert teller.phase() is MeterPhase.IDLE


@given(after_s=st.floats(0, 3), for_s=OUTAGES_S, losses=LOSSES)
def test_a_meter_that_forgets_its_outputs_gives_a_whole_record_or_says_there_is_none(
    after_s, for_s, losses
):
    teller = Teller(Desk(wm3m4c(), lose=lambda number: losses.get(number, Loss.NONE)))
    teller.desk.cut_power(after_s=after_s, for_s=for_s)
    told = charge_as_a_publisher_would(teller)
    if isinstance(told, RecordTold):
        assert re.findall(r'"TX":"(.)"', told.record) == ["B", "E"]
        assert '"ID":"04A1B2C3D4E5F6"' in told.record
    else:
        assert told.kind is FailureKind.REFUSED
    assert insist(teller.confirm) == Done()
    assert teller.phase() is MeterPhase.IDLE
