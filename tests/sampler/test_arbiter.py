# SPDX-License-Identifier: Apache-2.0
"""The arbiter: sampling first, one verb a meter, one answer a call, come what may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.commands import (
    Call,
    ClockTime,
    ConfirmRecord,
    Done,
    Failed,
    FailureKind,
    GetIdentity,
)
from ipc.sample import Quality
from ipc.units import NS_PER_S
from sampler import procedure
from sampler.arbiter import Arbiter, Charge
from sampler.fault import Fault
from sampler.operation import Pause, Read, Write, WriteTime
from sampler.room import needed_s
from sampler.wire import Wire

WIRE = Wire(baudrate=9600, bits=10)
SILENCE = Fault(kind=Quality.TIMEOUT, detail="no answer")
FAR_NS = 10**18


class Script:
    """A meter whose every verb is these operations."""

    def __init__(self, *operations):
        self.operations = operations
        self.heard = []
        self.closed = 0

    def perform(self, _command):
        try:
            for operation in self.operations:
                self.heard.append((yield operation))
        except GeneratorExit:
            self.closed += 1
            raise
        return Done()


class Sampled:
    is_answering = True

    def doubt(self):
        self.is_answering = False


def charge(signer, unit_id=1, asked=None):
    return Charge(
        unit_id=unit_id, turnaround_s=0.02, signer=signer, asked=asked or Sampled()
    )


def read(count=1, **more):
    return Read(function_code=4, address=0, count=count, **more)


def call(number=1, meter="a", timeout_s=10.0, command=None):
    return Call(
        number=number,
        meter=meter,
        command=command or GetIdentity(),
        timeout_s=timeout_s,
    )


def arbiter_of(*operations, **named):
    script = Script(*operations)
    return Arbiter({"a": charge(script, **named)}, WIRE), script


def outcome_of(arbiter):
    [ended] = arbiter.ended()
    return ended.outcome


def test_a_verb_is_its_operations_one_after_the_other_and_one_answer():
    write = Write(address=7, data=b"\0\1")
    arbiter, script = arbiter_of(read(), write)
    arbiter.take(3, call(number=9), 0)
    assert arbiter.ended() == []
    assert arbiter.at_work == [call(number=9)]
    assert arbiter.next(0, FAR_NS).operation == read()
    arbiter.heard(b"\0\0", 1)
    assert arbiter.next(1, FAR_NS).operation == write
    arbiter.heard(b"", 2)
    [ended] = arbiter.ended()
    assert (ended.caller, ended.call, ended.outcome) == (3, call(number=9), Done())
    assert script.heard == [b"\0\0", b""]
    assert arbiter.next(2, FAR_NS) is None
    assert arbiter.due_ns is None
    assert arbiter.at_work == []


def test_a_meter_that_is_not_ours_is_not_supported():
    arbiter, _ = arbiter_of(read())
    arbiter.take(1, call(meter="b"), 0)
    outcome = outcome_of(arbiter)
    assert outcome.kind is FailureKind.NOT_SUPPORTED
    assert "no meter 'b' on this bus signs by itself" in outcome.reason


def test_a_second_verb_to_a_meter_is_busy_and_the_first_goes_on():
    arbiter, _ = arbiter_of(read())
    arbiter.take(1, call(number=1), 0)
    arbiter.take(1, call(number=2, command=ConfirmRecord()), 0)
    outcome = outcome_of(arbiter)
    assert outcome.kind is FailureKind.BUSY
    assert "still at GetIdentity" in outcome.reason
    assert arbiter.next(0, FAR_NS) is not None


def test_an_operation_that_would_outlast_the_deadline_waits_for_the_next_slack():
    arbiter, _ = arbiter_of(read(100))
    arbiter.take(1, call(), 0)
    needed_ns = round(WIRE.read_s(100, turnaround_s=0.02) * NS_PER_S)
    assert arbiter.next(0, needed_ns) is None  # not without a margin
    assert arbiter.next(0, needed_ns + NS_PER_S // 100).operation.count == 100


def test_a_read_that_may_be_cut_takes_what_there_is_time_for():
    arbiter, script = arbiter_of(read(100, least=8))
    arbiter.take(1, call(), 0)
    errand = arbiter.next(0, NS_PER_S // 8)
    assert 8 <= errand.operation.count < 100
    assert WIRE.read_s(errand.operation.count, turnaround_s=0.02) <= 0.125
    arbiter.heard(b"", 1)
    assert script.heard == [b""]


def test_a_cut_read_is_never_as_long_as_the_one_before_it():
    slack_ns = NS_PER_S // 8
    arbiter, _ = arbiter_of(read(100, least=8))
    arbiter.take(1, call(), 0)
    first = arbiter.next(0, slack_ns).operation.count
    arbiter, _ = arbiter_of(read(100, least=8, unlike=first))
    arbiter.take(1, call(), 0)
    assert arbiter.next(0, slack_ns).operation.count == first - 1


@given(
    count=st.integers(1, 125),
    least=st.none() | st.integers(1, 125),
    unlike=st.integers(0, 125),
    slack_ms=st.integers(0, 1000),
    baudrate=st.sampled_from([9600, 19200, 115200]),
)
def test_nothing_is_begun_that_does_not_end_before_the_deadline(
    count, least, unlike, slack_ms, baudrate
):
    wire = Wire(baudrate=baudrate, bits=11)
    least = None if least is None else min(least, count)
    ask = read(count, least=least, unlike=unlike)
    arbiter = Arbiter({"a": charge(Script(ask))}, wire)
    arbiter.take(1, call(), 0)
    errand = arbiter.next(0, slack_ms * 1_000_000)
    if errand is not None:
        given_ = errand.operation.count
        assert (least or count) <= given_ <= count
        assert wire.read_s(given_, turnaround_s=0.02) * 1000 <= slack_ms
        assert given_ != unlike or given_ == count


@pytest.mark.parametrize("baudrate", [1200, 9600, 19200, 115200])
def test_the_room_that_is_asked_for_holds_every_operation(baudrate):
    wire = Wire(baudrate=baudrate, bits=11)
    room_ns = round(needed_s(wire, turnaround_s=0.02) * NS_PER_S) + 1
    text = Write(address=0, data=bytes(140))
    for operation in text, read(62), read(2000, least=procedure.LEAST_CUT):
        arbiter = Arbiter({"a": charge(Script(operation))}, wire)
        arbiter.take(1, call(), 0)
        assert arbiter.next(0, room_ns) is not None


def test_a_silent_meter_is_not_asked_before_the_sampler_has_read_it_again():
    sampled = Sampled()
    arbiter, _ = arbiter_of(read(), read(), asked=sampled)
    arbiter.take(1, call(), 0)
    arbiter.next(0, FAR_NS)
    arbiter.heard(SILENCE, 1)
    assert not sampled.is_answering
    assert arbiter.next(1, FAR_NS) is None
    sampled.is_answering = True
    assert arbiter.next(2, FAR_NS) is not None


def test_a_refusal_is_an_answer_and_casts_no_doubt():
    sampled = Sampled()
    arbiter, _ = arbiter_of(read(), read(), asked=sampled)
    arbiter.take(1, call(), 0)
    arbiter.next(0, FAR_NS)
    arbiter.heard(Fault(kind=Quality.REFUSED, detail="2", code=2), 1)
    assert sampled.is_answering


@pytest.mark.parametrize(
    ("heard", "is_answering", "why"),
    [
        (SILENCE, False, "last fault: no answer"),
        (b"\0\0", True, "allow more time"),
        (b"\0\0", False, "the meter is silent"),
    ],
)
def test_a_verb_that_is_not_done_in_its_time_is_silent_and_says_how_far_it_came(
    heard, is_answering, why
):
    sampled = Sampled()
    arbiter, script = arbiter_of(read(), read(), asked=sampled)
    arbiter.take(1, call(timeout_s=2), 0)
    assert arbiter.due_ns == 2 * NS_PER_S
    arbiter.next(0, FAR_NS)
    arbiter.heard(heard, 1)
    sampled.is_answering = is_answering
    assert arbiter.next(2 * NS_PER_S, FAR_NS) is None
    outcome = outcome_of(arbiter)
    assert outcome.kind is FailureKind.SILENT
    assert "'a': GetIdentity not done within 2 s" in outcome.reason
    assert why in outcome.reason
    assert script.closed == 1
    arbiter.take(1, call(), 3 * NS_PER_S)
    assert arbiter.ended() == []  # it is free again


def test_no_operation_is_begun_that_outlasts_the_verbs_own_time():
    arbiter, _ = arbiter_of(read(100))
    arbiter.take(1, call(timeout_s=0.1), 0)
    assert arbiter.next(0, FAR_NS) is None


def test_a_pause_lasts_and_is_then_over():
    arbiter, _ = arbiter_of(Pause(seconds=0.5), read())
    arbiter.take(1, call(), 0)
    assert arbiter.next(0, FAR_NS) is None
    assert arbiter.due_ns == NS_PER_S // 2
    assert arbiter.next(NS_PER_S // 2, FAR_NS) is not None


def test_meters_take_turns():
    scripts = {name: Script(*[read()] * 3) for name in "abc"}
    arbiter = Arbiter(
        {
            name: charge(script, unit)
            for unit, (name, script) in enumerate(scripts.items())
        },
        WIRE,
    )
    for name in "abc":
        arbiter.take(1, call(meter=name), 0)
    order = []
    for now_ns in range(1, 10):
        order.append(arbiter.next(now_ns, FAR_NS).meter)
        arbiter.heard(b"\0\0", now_ns)
    assert "".join(order) == "abcabcabc"
    assert len(arbiter.ended()) == 3


def test_the_time_is_written_as_it_is_when_the_request_goes_out():
    time = ClockTime(utc_s=1000, mono_ns=0, offset_min=0, is_synchronised=True)
    what = WriteTime(address=5, time=time, form=lambda utc_s: utc_s.to_bytes(4))
    arbiter, _ = arbiter_of(what)
    arbiter.take(1, call(timeout_s=100), 0)
    assert arbiter.next(1, 2) is None  # no time for it yet
    errand = arbiter.next(round(41.6 * NS_PER_S), FAR_NS)
    assert errand.operation == Write(address=5, data=(1042).to_bytes(4))


def test_a_verb_without_any_operation_ends_at_once():
    arbiter, _ = arbiter_of()
    arbiter.take(1, call(), 0)
    assert outcome_of(arbiter) == Done()


def test_a_procedure_error_is_a_failed_verb():
    class Unfit:
        def perform(self, _command):
            return procedure.guarded(self._verb())

        def _verb(self):
            yield Pause(seconds=0)
            raise procedure.unfit("too long: shorten it")

    arbiter = Arbiter({"a": charge(Unfit())}, WIRE)
    arbiter.take(1, call(), 0)
    arbiter.next(1, FAR_NS)
    expected = Failed(kind=FailureKind.UNFIT, reason="too long: shorten it")
    assert outcome_of(arbiter) == expected
