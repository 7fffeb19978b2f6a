# SPDX-License-Identifier: Apache-2.0
"""The verbs that every meter that signs by itself has, each in its own way."""

from collections.abc import Generator
from typing import Protocol, assert_never

from ipc.commands import (
    Assignment,
    BeginTransaction,
    ClockTime,
    Command,
    ConfirmRecord,
    EndTransaction,
    GetIdentity,
    GetTransactionState,
    ReadRecord,
    SetClock,
)
from sampler.operation import Heard, Operation
from sampler.procedure import Procedure, guarded

Steps = Generator[Operation, Heard, None]
"""A part of a procedure that has nothing to tell."""


class Verbs(Protocol):
    """One kind of meter. Each method may raise a ProcedureError out of its steps."""

    def identity(self) -> Procedure:
        """GetIdentity."""
        ...

    def state(self) -> Procedure:
        """GetTransactionState."""
        ...

    def begin(self, assignment: Assignment, time: ClockTime) -> Procedure:
        """BeginTransaction."""
        ...

    def end(self, assignment: Assignment, time: ClockTime) -> Procedure:
        """EndTransaction."""
        ...

    def record(self) -> Procedure:
        """ReadRecord."""
        ...

    def confirm(self) -> Procedure:
        """ConfirmRecord."""
        ...

    def set_clock(self, time: ClockTime) -> Procedure:
        """SetClock."""
        ...


class Signer:
    """A kind of meter, as the arbiter commands it."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def perform(self, command: Command) -> Procedure:
        """Give the verb as a sequence of operations."""
        return guarded(self._procedure(command))

    def _procedure(self, command: Command) -> Procedure:
        match command:
            case GetIdentity():
                procedure = self._verbs.identity()
            case GetTransactionState():
                procedure = self._verbs.state()
            case BeginTransaction(assignment=assignment, time=time):
                procedure = self._verbs.begin(assignment, time)
            case EndTransaction(assignment=assignment, time=time):
                procedure = self._verbs.end(assignment, time)
            case ReadRecord():
                procedure = self._verbs.record()
            case ConfirmRecord():
                procedure = self._verbs.confirm()
            case SetClock(time=time):
                procedure = self._verbs.set_clock(time)
            case _:
                assert_never(command)
        return procedure
