# SPDX-License-Identifier: Apache-2.0
"""A WM3M4C that will not, or says what cannot be: it is told, and never signed."""

import re

import pytest
from msgspec.structs import replace

from ipc.commands import Done, Failed, FailureKind, MeterPhase
from sampler import registermap
from sampler.errors import ProcedureError
from sampler.signing.table import Span
from sampler.signing.wm3m4_dataset import dataset
from sampler.simulator.frame import ExceptionCode, WriteRequest
from sampler.simulator.signing import wm3m4c_layout as at
from sampler.simulator.signing.models import wm3m4c
from tests.sampler.signing.desk import Desk, Loss
from tests.sampler.signing.requests import (
    ASSIGNMENT,
    OTHER_UUID,
    Teller,
    assigned,
    refusal,
)

TABLE = registermap.load("iskra_wm3m4c").transaction


@pytest.fixture
def teller():
    return Teller(Desk(wm3m4c()))


def put(teller, address, data):
    """Let these registers say something else than the device would."""
    device = teller.desk.meter.device
    device._memory.put(address, data)


def give(teller, command):
    """Give a command past the procedures, as somebody else may."""
    request = WriteRequest(
        unit_id=1, function_code=16, address=at.COMMAND, data=command
    )
    device = teller.desk.meter.device
    assert device.write(request, now_ns=teller.desk.clock.mono_ns) is None
    teller.desk.wait(2)


def commands(teller):
    return [
        chr(data[0]) for address, data in teller.desk.writes() if address == at.COMMAND
    ]


def forget_the_record(teller):
    """Cut the power of a meter whose charge has ended, and give it back."""
    teller.charge()
    teller.desk.cut_power(for_s=1)
    teller.desk.wait(10)


def lose_at_command(teller, letter, loss):
    """Lose the first exchange that gives the meter this command."""
    desk = teller.desk
    exchange, is_lost = desk._exchange, []

    def exchanged(errand):
        operation = errand.operation
        is_it = (operation.address, getattr(operation, "data", b"")[:1]) == (
            at.COMMAND,
            letter.encode(),
        )
        desk.lose = lambda _: loss if is_it and not is_lost else Loss.NONE
        heard = exchange(errand)
        is_lost.extend([True] * is_it)
        return heard

    desk._exchange = exchanged


@pytest.mark.parametrize(("loss", "given"), [(Loss.ANSWER, 1), (Loss.REQUEST, 2)])
def test_a_signing_once_more_is_asked_for_again_only_if_it_was_not_heard(
    teller, loss, given
):
    forget_the_record(teller)
    lose_at_command(teller, "i", loss)
    assert teller.end() == Done()
    assert commands(teller).count("i") == given
    assert re.findall(r'"TX":"(.)"', teller.record()) == ["B", "E"]


def begin_on_a_line_that_breaks(teller, assignment):
    """Have the dataset written, and lose everything from the command on."""
    desk = teller.desk
    exchange, was_lost = desk._exchange, desk.lose

    def exchanged(errand):
        if errand.operation.address == at.COMMAND:
            desk.lose = lambda _: Loss.REQUEST
        return exchange(errand)

    desk._exchange = exchanged
    outcome = teller.begin(assignment, timeout_s=20)
    desk._exchange, desk.lose = exchange, was_lost
    desk.wait(1)
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.SILENT


def test_a_begin_that_was_cut_short_has_not_ended_with_the_record_before_it(teller):
    before = teller.charge()
    assert teller.confirm() == Done()
    begin_on_a_line_that_breaks(teller, assigned(transaction_id=OTHER_UUID))
    assert teller.phase() is MeterPhase.IDLE
    assert "no record to read" in refusal(teller.read())
    assert "nothing to end" in refusal(teller.end())
    assert commands(teller)[2:] == ["B"] * (len(commands(teller)) - 2)
    assert teller.charge(assigned(transaction_id=OTHER_UUID)) != before
    assert teller.phase() is MeterPhase.ENDED


def test_a_begin_that_was_heard_after_all_ends_with_its_own_record(teller):
    before = teller.charge()
    teller.confirm()
    begin_on_a_line_that_breaks(teller, assigned(transaction_id=OTHER_UUID))
    give(teller, b"B\0")
    assert teller.phase() is MeterPhase.RUNNING
    assert teller.end() == Done()
    assert teller.phase() is MeterPhase.ENDED
    assert teller.record() != before


def test_a_record_that_changes_while_it_is_read_is_not_told(teller):
    teller.charge()
    device = teller.desk.meter.device
    read = device.read

    def change(request, *, now_ns):
        if request.address == at.RAW_SIGNATURE:
            put(teller, at.OUTPUT_BYTES, b"\0\7")
        return read(request, now_ns=now_ns)

    device.read = change
    assert "changed while it was read" in refusal(teller.read())


def test_a_reading_that_somebody_else_had_signed_is_no_record(teller):
    """Command "f" signs what the counter shows, of no transaction."""
    teller.charge()
    give(teller, b"f\0")
    assert teller.phase() is MeterPhase.ENDED
    assert "no transaction that has ended" in refusal(teller.read())


def without_numbers(teller):
    """Let it be a firmware that gives its signature as DER only."""
    put(teller, at.RAW_SIGNATURE, bytes(2 * at.RAW_WORDS))


def test_a_signature_longer_than_its_registers_is_not_read(teller):
    teller.charge()
    without_numbers(teller)
    put(teller, at.SIGNATURE_BYTES, (257).to_bytes(2))
    asked = len(teller.desk.spent)
    assert "its signature has 257 bytes" in refusal(teller.read())
    read = [errand.operation.address for _, errand, _ in teller.desk.spent[asked:]]
    assert at.SIGNATURE not in read


@pytest.mark.parametrize(
    "signature",
    [b"", b"MEUCIQ==", b"\x30\x03\x02\x01\x07"],
    ids=["none", "text", "one"],
)
def test_what_is_no_signature_makes_no_record(teller, signature):
    teller.charge()
    without_numbers(teller)
    put(teller, at.SIGNATURE, signature.ljust(256, b"\0"))
    put(teller, at.SIGNATURE_BYTES, len(signature).to_bytes(2))
    assert "correct signature_format" in refusal(teller.read())


def test_the_clock_of_an_idle_meter_is_set(teller):
    assert teller.state().is_clock_set is False
    assert teller.set_clock() == Done()
    assert teller.state().is_clock_set is True


def test_a_meter_that_refuses_its_clock_begins_nothing(teller):
    device = teller.desk.meter.device
    write = device.write

    def refuse(request, *, now_ns):
        if request.address == at.TIME:
            return ExceptionCode.DEVICE_FAILURE
        return write(request, now_ns=now_ns)

    device.write = refuse
    assert refusal(teller.set_clock()) == "the meter refuses its clock"
    assert refusal(teller.begin()) == "the meter refuses its clock"
    assert commands(teller) == []
    device.write = write
    assert teller.begin() == Done()


def test_a_dataset_for_which_a_meter_has_no_room_is_unfit_and_never_cut():
    whole = dataset(TABLE, ASSIGNMENT)
    words = (len(whole) + 1) // 2
    roomy = replace(TABLE, dataset=Span(address=at.DATASET, words=words))
    assert dataset(roomy, ASSIGNMENT) == whole
    tight = replace(TABLE, dataset=Span(address=at.DATASET, words=words - 1))
    with pytest.raises(ProcedureError, match=f"has {len(whole)} bytes") as unfit:
        dataset(tight, ASSIGNMENT)
    assert unfit.value.kind is FailureKind.UNFIT
