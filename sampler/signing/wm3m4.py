# SPDX-License-Identifier: Apache-2.0
"""Iskra WM3M4C: it signs a dataset of ours, and keeps the last record it has signed.

It has no place for a transaction's id, a tariff or a level, and forgets dataset, time
and record with its power. So an end after a power failure (state 2) writes the first
two again, and an end that was forgotten is signed once more. A record is there until
the next begin; that it was confirmed is kept as a dataset without a length.
"""

import re
from collections.abc import Generator
from typing import Final

from ipc.commands import (
    Assignment,
    ClockTime,
    Done,
    FailureKind,
    IdentityTold,
    MeterPhase,
    RecordTold,
    StateTold,
)
from sampler import procedure
from sampler.errors import ProcedureError
from sampler.operation import Heard, Operation, WriteTime
from sampler.procedure import Procedure, refused
from sampler.registermap import MeterHeader
from sampler.signing.record import P256_SPKI, der
from sampler.signing.table import IskraTable, Span
from sampler.signing.text import padded, shown, text_of
from sampler.signing.verbs import Steps
from sampler.signing.wm3m4_dataset import dataset
from sampler.signing.wm3m4_output import PAIR_WORDS, read_bytes, signature
from sampler.signing.words import long_high_first, words

INPUT, HOLDING = 4, 3

IDLE, ACTIVE, ACTIVE_AFTER_POWER_FAILURE, ACTIVE_AFTER_RESET = range(4)
INFORMATIVE, SYNCHRONISED = 1, 2
DER_FORMAT: Final = 0

BEGIN: Final = "B"
END: Final = "r"
"""Ends, with the begin's reading and the end's in one record."""

AGAIN: Final = "i"
"""Signs the last charge once more, with both readings; when idle."""

_END_READING = re.compile(rb'"TX":"[ELRAP]"')


class Wm3m4:
    """Its verbs; each gives a sequence of operations."""

    def __init__(self, table: IskraTable, header: MeterHeader) -> None:
        self._table = table
        self._header = header
        self._is_beginning = False
        """Whether a begin was given and not seen to be heard.

        As long as that is so, what the meter has signed is of a charge before it.
        """

    def identity(self) -> Procedure:
        model = yield from self._require_signing()
        serial = yield from self._input(self._table.serial)
        firmware = yield from procedure.read_number(INPUT, self._table.firmware)
        point = yield from self._read(self._table.key, PAIR_WORDS)
        return IdentityTold(
            vendor=self._header.vendor,
            model=model,
            serial=text_of(serial),
            firmware=f"{firmware // 100}.{firmware % 100:02}",
            public_key=(P256_SPKI + point).hex().upper() if any(point) else "",
        )

    def state(self) -> Procedure:
        yield from self._require_signing()
        status = yield from self._number(self._table.status)
        is_broken = status in self._table.device_errors
        return StateTold(
            phase=(yield from self._phase()),
            is_clock_set=bool((yield from self._number(self._table.clock_status))),
            faults=(self._meaning(status),) if is_broken else (),
        )

    def begin(self, assignment: Assignment, time: ClockTime) -> Procedure:
        signed = dataset(self._table, assignment)  # before anything: it may be unfit
        yield from self._require_signing()
        phase = yield from self._phase()
        if phase is not MeterPhase.IDLE:
            raise refused(
                f"the meter still holds a transaction ({phase.value}):"
                " end it, read its record and confirm it"
            )
        yield from self._write_clock(time)
        self._is_beginning = True
        yield from self._write_dataset(signed)
        yield from self._command(BEGIN, is_begun=True)
        self._is_beginning = False
        return Done()

    def end(self, assignment: Assignment, time: ClockTime) -> Procedure:
        state = yield from self._number(self._table.state)
        if state == IDLE:
            if (yield from self._phase()) is not MeterPhase.ENDED:
                yield from self._sign_again(assignment, time)
            return Done()
        self._is_beginning = False
        try:
            yield from self._end(state, assignment, time)
        except ProcedureError:
            now = yield from self._number(self._table.state)
            if now != ACTIVE_AFTER_POWER_FAILURE or now == state:
                raise
            yield from self._end(now, assignment, time)  # the power failed meanwhile
        return Done()

    def _end(self, state: int, assignment: Assignment, time: ClockTime) -> Steps:
        if state == ACTIVE_AFTER_POWER_FAILURE:
            yield from self._write_clock(time)
            yield from self._write_dataset(dataset(self._table, assignment))
        yield from self._command(END, is_begun=False)

    def _sign_again(self, assignment: Assignment, time: ClockTime) -> Steps:
        """Have the last charge signed once more: it ended, and the power took the rest.

        Nothing but its end leads from a begin to idle, so the last charge is the one
        that was begun; unless that begin was cut short, and maybe never heard.
        """
        if not assignment.transaction_id or self._is_beginning:
            raise refused("the meter holds no transaction: there is nothing to end")
        yield from self._write_clock(time)
        yield from self._write_dataset(dataset(self._table, assignment))
        while not (
            yield from procedure.write_once(self._table.command, words(ord(AGAIN) << 8))
        ):
            if (yield from self._settled_status()) == self._table.signed:
                break  # it was heard
        yield from self._await_signature()

    def record(self) -> Procedure:
        table = self._table
        if (yield from self._phase()) is not MeterPhase.ENDED:
            raise refused("the meter has no record to read")
        size = yield from self._number(table.output_bytes)
        output = yield from read_bytes(table, table.output.address, size)
        r, s = yield from signature(table)
        if (yield from self._number(table.output_bytes)) != size:
            raise refused("the record changed while it was read: read it again")
        if not _END_READING.search(output):
            raise refused("the meter's output is no transaction that has ended")
        strict = der(r, s).hex().upper()
        return RecordTold(record=f'OCMF|{shown(output)}|{{"SD":"{strict}"}}')

    def confirm(self) -> Procedure:
        if (yield from self._number(self._table.state)) != IDLE:
            raise refused("a transaction runs: there is no record to confirm")
        yield from procedure.write(self._table.dataset_bytes, words(0))
        return Done()

    def set_clock(self, time: ClockTime) -> Procedure:
        if (yield from self._number(self._table.state)) != IDLE:
            raise refused("a transaction runs: its clock must not be set meanwhile")
        yield from self._write_clock(time)
        return Done()

    def _phase(self) -> Generator[Operation, Heard, MeterPhase]:
        if (yield from self._number(self._table.state)) != IDLE:
            self._is_beginning = False
            return MeterPhase.RUNNING
        if self._is_beginning:
            return MeterPhase.IDLE
        is_signed = (yield from self._settled_status()) == self._table.signed
        has_dataset = yield from self._number(self._table.dataset_bytes)
        has_output = yield from self._number(self._table.output_bytes)
        if is_signed and has_dataset and has_output:
            return MeterPhase.ENDED
        return MeterPhase.IDLE

    def _command(self, letter: str, *, is_begun: bool) -> Steps:
        """Give a command; wait for the state it leads to, and for its signature.

        If its answer is lost, the state says whether it was heard: only a command
        that shows no effect is given again.
        """
        has_come = is_heard = False
        while not (has_come or is_heard):
            data = words(ord(letter) << 8)
            is_heard = yield from procedure.write_once(self._table.command, data)
            state = yield from procedure.await_number(
                HOLDING,
                self._table.state,
                lambda state: (state != IDLE) is is_begun,
                limit_s=self._table.state_s,
            )
            has_come = (state != IDLE) is is_begun
        if not has_come:
            status = yield from self._number(self._table.status)
            meaning = self._meaning(status)
            raise refused(f"the meter did not take command {letter}: {meaning}")
        yield from self._await_signature()

    def _await_signature(self) -> Steps:
        status = yield from self._settled_status()
        if status != self._table.signed:
            raise refused(f"the meter did not sign: {self._meaning(status)}")

    def _settled_status(self) -> Generator[Operation, Heard, int]:
        """Give the status once the meter is no more at work."""
        return procedure.await_number(
            HOLDING,
            self._table.status,
            lambda status: status != self._table.working,
            limit_s=self._table.sign_s,
        )

    def _write_clock(self, time: ClockTime) -> Steps:
        table = self._table
        utc = WriteTime(address=table.utc, time=time, form=long_high_first)
        if not (yield from procedure.write_time(utc, tries=4, pause_s=0.5)):
            raise refused("the meter refuses its clock")
        yield from procedure.write(table.offset, words(time.offset_min))
        status = SYNCHRONISED if time.is_synchronised else INFORMATIVE
        yield from procedure.write(table.clock_status, words(status))

    def _write_dataset(self, signed: bytes) -> Steps:
        table = self._table
        yield from procedure.write(table.signature_format, words(DER_FORMAT))
        yield from procedure.write_long(
            table.dataset.address,
            padded(signed, (len(signed) + 1) // 2),
            largest=table.largest_block,
        )
        yield from procedure.write(table.dataset_bytes, words(len(signed)))

    def _require_signing(self) -> Generator[Operation, Heard, str]:
        """Give the model; only the type with a C signs. ProcedureError."""
        registers = yield from self._input(self._table.model)
        model = text_of(registers)
        if model != self._table.signing_model:
            raise ProcedureError(
                FailureKind.NOT_SUPPORTED,
                f"the meter is a {model!r}, which cannot sign: correct model, and"
                " signing",
            )
        return model

    def _meaning(self, status: int) -> str:
        return f"status {status}, {self._table.statuses.get(str(status), 'unknown')}"

    def _number(self, address: int) -> Generator[Operation, Heard, int]:
        return procedure.read_number(HOLDING, address)

    def _read(self, address: int, registers: int) -> Generator[Operation, Heard, bytes]:
        return procedure.read(HOLDING, address, registers)

    def _input(self, span: Span) -> Generator[Operation, Heard, bytes]:
        return procedure.read(INPUT, span.address, span.words)
