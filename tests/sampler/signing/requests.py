# SPDX-License-Identifier: Apache-2.0
"""Requests of a transaction, as the publisher makes them, and what becomes of them."""

import msgspec

from ipc.commands import (
    Assignment,
    BeginTransaction,
    ClockTime,
    ConfirmRecord,
    Done,
    EndTransaction,
    Failed,
    FailureKind,
    GetIdentity,
    GetTransactionState,
    IdentityTold,
    MeterPhase,
    ReadRecord,
    RecordTold,
    SetClock,
    StateTold,
)
from ipc.identification import (
    IdentificationFlag,
    IdentificationLevel,
    IdentificationStatus,
    IdentificationType,
)

UUID = "12345678-1234-5678-1234-567812345678"
OTHER_UUID = "87654321-4321-8765-4321-876543218765"
UTC_S = 1_787_306_400

ASSIGNMENT = Assignment(
    transaction_id=UUID,
    evse_id="DE*PNX*E1*1",
    status=IdentificationStatus.ASSIGNED,
    flags=(IdentificationFlag.RFID_PLAIN, IdentificationFlag.OCPP_AUTH),
    type=IdentificationType.ISO14443,
    level=IdentificationLevel.HEARSAY,
    data="04A1B2C3D4E5F6",
    tariff_text="0,49 EUR/kWh",
)


def assigned(**changes):
    return msgspec.structs.replace(ASSIGNMENT, **changes)


def refusal(outcome):
    """Give the reason of what must be a refusal."""
    assert isinstance(outcome, Failed), outcome
    assert outcome.kind is FailureKind.REFUSED, outcome
    return outcome.reason


class Teller:
    """Says the verbs at a desk, with the time as it is."""

    def __init__(self, desk, *, is_synchronised=True):
        self.desk = desk
        self.is_synchronised = is_synchronised

    def time(self):
        return ClockTime(
            utc_s=UTC_S + self.desk.clock.mono_ns // 10**9,
            mono_ns=self.desk.clock.mono_ns // 10**9 * 10**9,
            offset_min=60,
            is_synchronised=self.is_synchronised,
        )

    def identity(self):
        outcome = self.desk.do(GetIdentity())
        assert isinstance(outcome, IdentityTold)
        return outcome

    def state(self):
        outcome = self.desk.do(GetTransactionState())
        assert isinstance(outcome, StateTold), outcome
        return outcome

    def phase(self) -> MeterPhase:
        return self.state().phase

    def set_clock(self):
        return self.desk.do(SetClock(time=self.time()))

    def begin(self, assignment=ASSIGNMENT, timeout_s=60.0):
        command = BeginTransaction(assignment=assignment, time=self.time())
        return self.desk.do(command, timeout_s)

    def end(self, assignment=ASSIGNMENT, timeout_s=60.0):
        command = EndTransaction(assignment=assignment, time=self.time())
        return self.desk.do(command, timeout_s)

    def read(self, timeout_s=60.0):
        return self.desk.do(ReadRecord(), timeout_s)

    def record(self):
        outcome = self.read()
        assert isinstance(outcome, RecordTold), outcome
        return outcome.record

    def confirm(self):
        return self.desk.do(ConfirmRecord())

    def charge(self, assignment=ASSIGNMENT, *, seconds=60):
        """Begin, charge and end; give the record."""
        assert isinstance(self.begin(assignment), Done)
        self.desk.wait(seconds)
        assert isinstance(self.end(assignment), Done)
        return self.record()
