# SPDX-License-Identifier: Apache-2.0
"""The steps that verbs are made of: what is repeated, what is given up, and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.commands import ClockTime, Failed, FailureKind
from ipc.sample import Quality
from sampler import procedure
from sampler.errors import ProcedureError
from sampler.fault import Fault
from sampler.operation import Pause, Read, WriteTime

SILENCE = Fault(kind=Quality.TIMEOUT, detail="no answer")
GARBLED = Fault(kind=Quality.GARBLED, detail="checksum")
REFUSAL = Fault(kind=Quality.REFUSED, detail="illegal value", code=3)
BUSY = Fault(kind=Quality.REFUSED, detail="busy", code=6)
DONE = b""

TIME = ClockTime(utc_s=1, mono_ns=0, offset_min=0, is_synchronised=True)
CLOCK = WriteTime(address=7, time=TIME, form=lambda utc_s: utc_s.to_bytes(4))


def drive(steps, heard):
    """Send what is heard of each request; give the steps' end, and what they asked.

    What they ask behind the last word is not answered: they are closed.
    """
    asked, words = [], iter(heard)
    try:
        operation = next(steps)
        while True:
            asked.append(operation)
            if isinstance(operation, Pause):
                operation = steps.send(b"")
                continue
            try:
                word = next(words)
            except StopIteration:
                steps.close()
                return None, asked
            operation = steps.send(word)
    except StopIteration as end:
        return end.value, asked


def requests(asked):
    return [each for each in asked if not isinstance(each, Pause)]


def written(heard, tries=3):
    return drive(procedure.write_time(CLOCK, tries=tries, pause_s=0.5), heard)


def test_a_time_that_is_taken_is_written_once_and_at_once():
    assert written([DONE]) == (True, [CLOCK])


@given(tries=st.integers(1, 8), losses=st.lists(st.sampled_from([SILENCE, GARBLED])))
def test_a_time_is_refused_after_so_many_refusals_whatever_is_lost_in_between(
    tries, losses
):
    is_taken, asked = written([*losses, *[REFUSAL] * tries], tries)
    assert is_taken is False
    assert len(requests(asked)) == len(losses) + tries
    assert len(asked) == 2 * len(requests(asked))  # a pause behind each


def test_a_time_that_is_lost_is_written_for_as_long_as_it_is_asked_to():
    is_taken, asked = written([SILENCE] * 50)
    assert is_taken is None
    assert len(requests(asked)) == 51


@pytest.mark.parametrize("fault", [SILENCE, GARBLED, BUSY])
def test_a_read_that_is_lost_or_too_early_is_asked_for_again_after_a_pause(fault):
    number, asked = drive(procedure.read_number(3, 0x10), [fault, fault, b"\0\7"])
    assert number == 7
    ask = Read(function_code=3, address=0x10, count=1)
    pause = Pause(seconds=procedure.RETRY_S)
    assert asked == [ask, pause, ask, pause, ask]


def test_a_read_that_is_refused_fails_and_names_the_registers():
    with pytest.raises(ProcedureError, match=r"refuses registers 0x0010, 1 of them"):
        drive(procedure.read_number(3, 0x10), [REFUSAL])


def test_a_write_without_an_answer_may_have_happened_and_is_not_repeated():
    is_sure, asked = drive(procedure.write_once(7, b"\0\1"), [SILENCE])
    assert (is_sure, len(asked)) == (False, 1)
    assert drive(procedure.write_once(7, b"\0\1"), [BUSY]) == (False, asked)


def test_a_write_that_is_refused_fails_and_names_the_register():
    with pytest.raises(ProcedureError, match="refuses a write to 0x0007") as failed:
        drive(procedure.write(7, b"\0\1"), [SILENCE, REFUSAL])
    assert failed.value.kind is FailureKind.REFUSED


def test_a_number_that_never_comes_is_given_as_it_is_when_the_time_is_up():
    steps = procedure.await_number(3, 0x10, lambda number: number == 9, limit_s=1)
    number, asked = drive(steps, [b"\0\7"] * 100)
    assert number == 7
    assert sum(each.seconds for each in asked if isinstance(each, Pause)) == 1
    assert len(requests(asked)) == 5


@given(count=st.integers(1, 600), largest=st.integers(1, 125), data=st.data())
def test_a_long_read_asks_for_every_register_once_and_for_no_part_as_long_as_the_last(
    count, largest, data
):
    steps = procedure.read_long(3, 0, count, largest=largest)
    ask, parts, registers = next(steps), [], None
    while registers is None:
        assert ask.address == sum(parts)
        assert ask.unlike == (parts[-1] if parts else 0)
        assert ask.count <= largest
        assert ask.count != ask.unlike or ask.count == 1
        parts.append(data.draw(st.integers(ask.least, ask.count)))
        try:
            ask = steps.send(bytes(2 * parts[-1]))
        except StopIteration as end:
            registers = end.value
    assert len(registers) == 2 * count == 2 * sum(parts)


def test_a_failure_becomes_the_outcome_of_the_verb():
    def verb():
        yield from procedure.write(7, b"\0\1")

    outcome, _ = drive(procedure.guarded(verb()), [REFUSAL])
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.REFUSED
