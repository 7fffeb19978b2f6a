# SPDX-License-Identifier: Apache-2.0
"""Verbs to a meter through the channel, while a real sampler reads it on a terminal."""

import threading

import pytest

from ipc.commands import (
    BeginTransaction,
    ClockTime,
    ConfirmRecord,
    Done,
    EndTransaction,
    Failed,
    FailureKind,
    GetIdentity,
    GetTransactionState,
    MeterPhase,
    ReadRecord,
    RecordTold,
    SetClock,
)
from ipc.units import NS_PER_S
from sampler.simulator.signing.models import bsm, em580, wm3m4c
from tests.sampler.signing.requests import ASSIGNMENT
from tests.sampler.simulator.signing.host import openssl_verifies
from tests.system.record_gaps import LONGEST_BYTES, hold_longest_record
from tests.system.signing_rig import running

pytestmark = [pytest.mark.system, pytest.mark.slow]


def now(rig):
    wall_ns, mono_ns = rig.clock.wall_ns(), rig.clock.monotonic_ns()
    return ClockTime(
        utc_s=wall_ns // NS_PER_S,
        mono_ns=mono_ns - wall_ns % NS_PER_S,
        offset_min=60,
        is_synchronised=True,
    )


def kill_in_the_middle(rig):
    """Kill it after half a second: at this speed a record takes more than two."""
    rig.clock.wait_until(rig.clock.monotonic_ns() + NS_PER_S // 2)
    rig.kill()


@pytest.mark.parametrize("model", [em580, wm3m4c, bsm], ids=lambda make: make.__name__)
def test_a_transaction_from_clock_to_confirm_and_its_record_verifies(tmp_path, model):
    with running(tmp_path, model()) as rig:
        key = bytes.fromhex(rig.do(GetIdentity()).public_key)
        assert rig.do(SetClock(time=now(rig))) == Done()
        begun = rig.do(BeginTransaction(assignment=ASSIGNMENT, time=now(rig)))
        assert isinstance(begun, Done)
        assert rig.do(GetTransactionState()).phase is MeterPhase.RUNNING
        assert rig.do(EndTransaction(assignment=ASSIGNMENT, time=now(rig))) == Done()
        told = rig.do(ReadRecord())
        assert rig.do(ConfirmRecord()) == Done()
        assert rig.do(GetTransactionState()).phase is MeterPhase.IDLE
        assert all(sample.is_good for sample in rig.samples)
    assert isinstance(told, RecordTold)
    assert openssl_verifies(tmp_path, told.record, key)
    assert told.start == begun.start


def test_a_sampler_that_is_killed_in_the_middle_of_a_record_gives_it_when_it_is_back(
    tmp_path,
):
    with running(tmp_path, em580(), baudrate=19_200, rate_hz=2) as rig:
        hold_longest_record(rig)
        killer = threading.Thread(target=kill_in_the_middle, args=(rig,))
        killer.start()
        outcome = rig.do(ReadRecord())
        killer.join()
        assert isinstance(outcome, Failed)
        assert outcome.kind is FailureKind.SILENT
        gone = rig.do(ReadRecord())
        assert gone.kind is FailureKind.SILENT
        assert "no sampler listens" in gone.reason
        rig.start()
        told = rig.do(ReadRecord())
        assert len(told.record) == LONGEST_BYTES


def test_a_meter_that_is_cut_off_while_a_verb_is_at_work_is_read_again(tmp_path):
    with running(tmp_path, em580()) as rig:
        rig.do(BeginTransaction(assignment=ASSIGNMENT, time=now(rig)))
        rig.meter.cut_power(at_ns=0, for_ns=NS_PER_S // 10)
        outcome = rig.do(EndTransaction(assignment=ASSIGNMENT, time=now(rig)))
        assert outcome == Done()
        assert '"TX":"P"' in rig.do(ReadRecord()).record
        assert rig.samples[-1].is_good
        assert not all(sample.is_good for sample in rig.samples)
