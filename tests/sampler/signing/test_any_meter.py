# SPDX-License-Identifier: Apache-2.0
"""What holds for the procedures of every kind of meter, whatever the meter says."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.commands import (
    BeginTransaction,
    ClockTime,
    ConfirmRecord,
    EndTransaction,
    GetIdentity,
    GetTransactionState,
    Outcome,
    ReadRecord,
    SetClock,
)
from ipc.identification import (
    IdentificationFlag,
    IdentificationLevel,
    IdentificationType,
)
from ipc.sample import Quality
from sampler import registermap
from sampler.fault import Fault
from sampler.operation import Pause, Read, WriteTime
from sampler.room import LARGEST_OPERATION
from sampler.signing.kinds import signer_of
from sampler.signing.table import CarloGavazziTable
from tests.sampler.signing.requests import ASSIGNMENT

MODELS = ["carlo_gavazzi_em580", "iskra_wm3m4c", "bauer_bsm_ws36a"]
TIME = ClockTime(utc_s=1_787_306_400, mono_ns=0, offset_min=120, is_synchronised=True)
COMMANDS = [
    GetIdentity(),
    GetTransactionState(),
    BeginTransaction(assignment=ASSIGNMENT, time=TIME),
    EndTransaction(assignment=ASSIGNMENT, time=TIME),
    ReadRecord(),
    ConfirmRecord(),
    SetClock(time=TIME),
]
MOST_STEPS = 2000

NUMBERS = (0, 1, 2, 3, 15, 128, 0x7B22, 0xFFFF)
"""What registers say in states and sizes, and in what is no text."""


class Nonsense:
    """A meter that says anything, in as many bytes as were asked for."""

    def __init__(self, seed):
        self._random = random.Random(seed)

    def hear(self, operation):
        if self._random.random() < 0.1:
            kinds = [Quality.TIMEOUT, Quality.GARBLED, Quality.REFUSED]
            kind, code = self._random.choice(kinds), self._random.randrange(12)
            return Fault(kind=kind, detail="of the test", code=code)
        if not isinstance(operation, Read):
            return b""
        count = self._random.randint(
            operation.least or operation.count, operation.count
        )
        number = self._random.choice(NUMBERS)
        if self._random.random() < 0.3:
            number = self._random.randrange(0x10000)
        return number.to_bytes(2) * count


def check(operation, largest_read):
    """See that one request of Modbus holds it."""
    match operation:
        case Pause(seconds=seconds):
            assert 0 < seconds <= 1
        case Read(count=count, least=least):
            assert 1 <= (least or count) <= count <= largest_read
            assert least is not None or count <= LARGEST_OPERATION
        case _:
            write = operation.at(0) if isinstance(operation, WriteTime) else operation
            assert 1 <= write.count <= LARGEST_OPERATION
            assert len(write.data) % 2 == 0


@pytest.mark.parametrize("model", MODELS)
@given(command=st.sampled_from(COMMANDS), seed=st.integers(0, 2**32))
def test_a_procedure_asks_what_a_request_can_hold_and_never_breaks(
    model, command, seed
):
    profile, meter = registermap.load(model), Nonsense(seed)
    procedure = signer_of(profile).perform(command)
    operation, outcome = next(procedure), None
    for _ in range(MOST_STEPS):
        check(operation, profile.limits.largest_block)
        heard = b"" if isinstance(operation, Pause) else meter.hear(operation)
        try:
            operation = procedure.send(heard)
        except StopIteration as end:
            outcome = end.value
            break
    assert outcome is None or isinstance(outcome, Outcome)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "command", COMMANDS, ids=lambda command: type(command).__name__
)
def test_a_silent_meter_is_only_asked_again_and_again_with_pauses(model, command):
    procedure = signer_of(registermap.load(model)).perform(command)
    operation, pauses = next(procedure), 0
    for _ in range(100):
        pauses += isinstance(operation, Pause)
        operation = procedure.send(
            b""
            if isinstance(operation, Pause)
            else Fault(kind=Quality.TIMEOUT, detail="no answer")
        )
    assert pauses == 50
    procedure.close()


def test_every_word_of_ocmf_has_a_code_on_a_meter_with_codes():
    table = registermap.load("carlo_gavazzi_em580").transaction
    assert isinstance(table, CarloGavazziTable)
    assert set(table.levels) == set(IdentificationLevel)
    assert set(table.types) == set(IdentificationType)
    flags = [flag for group in table.flag_groups for flag in group]
    assert sorted(flags) == sorted(IdentificationFlag)


@pytest.mark.parametrize("model", MODELS)
def test_a_profile_that_signs_says_how(model):
    profile = registermap.load(model)
    assert profile.meter.signs
    assert profile.transaction is not None
    assert registermap.load("iskra_wm3m4").transaction is None
