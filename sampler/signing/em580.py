# SPDX-License-Identifier: Apache-2.0
"""Carlo Gavazzi EM580: it keeps one record as a file until it is told to forget it.

The order of the requests is that of EVerest's driver (CarloGavazzi_EM580, aa8113f),
which is known to work. What differs from it: a record is never thrown away, each flag
goes to the register of its own group, a begin and an end are waited for, and no
command is repeated before the meter has been asked whether it was heard.
"""

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
from sampler.operation import Heard, Operation, Pause, WriteTime
from sampler.procedure import Procedure, refused
from sampler.registermap import MeterHeader
from sampler.signing.em580_assignment import puts, transaction_id_in
from sampler.signing.record import trimmed
from sampler.signing.table import CarloGavazziTable
from sampler.signing.text import shown, text_of
from sampler.signing.verbs import Steps
from sampler.signing.words import long_low_first, words

NONE, RUNNING, READY, CORRUPTED = range(4)
BEGIN, END = ord("B"), ord("E")

LOST_S: Final = 2.0
"""A command whose answer was lost, and that shows no effect for so long, was lost."""

CLOCK_TRIES: Final = 8
CLOCK_PAUSE_S: Final = 0.5
"""It refuses its clock in the first 2 s after power-up: they are over by then."""


class Em580:
    """Its verbs; each gives a sequence of operations."""

    def __init__(self, table: CarloGavazziTable, header: MeterHeader) -> None:
        self._table = table
        self._header = header

    def identity(self) -> Procedure:
        yield from self._require_signing()
        serial = yield from self._read(
            self._table.serial.address, self._table.serial.words
        )
        modules = yield from self._read(self._table.firmware, 2)
        key = yield from self._key()
        return IdentityTold(
            vendor=self._header.vendor,
            model=self._header.model,
            serial=text_of(serial),
            firmware=f"M_{_version(modules[:2])}-C_{_version(modules[2:])}",
            public_key=key.hex().upper(),
        )

    def _key(self) -> Generator[Operation, Heard, bytes]:
        if not (size := (yield from self._key_size())):
            return b""
        key = yield from self._read(self._table.key, (size + 1) // 2)
        return key[:size]

    def _key_size(self) -> Generator[Operation, Heard, int]:
        """Give the bytes of the public key; 0: it has none."""
        sizes = self._table.key_bytes
        kind = yield from self._number(self._table.key_type)
        return sizes[kind] if kind < len(sizes) else 0

    def state(self) -> Procedure:
        yield from self._require_signing()
        state = yield from self._number(self._table.file_state)
        bits = yield from self._number(self._table.device_state)
        named = enumerate(self._table.device_faults)
        return StateTold(
            phase=_PHASES.get(state, MeterPhase.FAILED),
            transaction_id=(yield from self._transaction_id()) if state else None,
            is_clock_set=(yield from self._is_clock_set()),
            faults=tuple(text for bit, text in named if text and bits >> bit & 1),
        )

    def _transaction_id(self) -> Generator[Operation, Heard, str | None]:
        """Give what stands behind the last tie of the tariff text."""
        span = self._table.tariff_text
        registers = yield from self._read_long(span.address, span.words)
        return transaction_id_in(text_of(registers))

    def _is_clock_set(self) -> Generator[Operation, Heard, bool | None]:
        try:
            return bool((yield from self._number(self._table.clock_status)))
        except ProcedureError:  # known from one source only
            return None

    def begin(self, assignment: Assignment, time: ClockTime) -> Procedure:
        writes = puts(self._table, assignment)  # before anything: it may be unfit
        yield from self._require_signing()
        if not (yield from self._key_size()):
            raise ProcedureError(
                FailureKind.NOT_SUPPORTED,
                "the meter has no key to sign with: use signing = 'gateway'",
            )
        state = yield from self._number(self._table.file_state)
        if state == RUNNING:
            running = yield from self._transaction_id()
            if running == assignment.transaction_id:
                return Done()  # its begin was done, and only the answer was lost
        if state != NONE:
            raise refused(
                f"the meter still holds a transaction (file state {state}):"
                " end it, read its record and confirm it"
            )
        if time.is_synchronised and not (yield from self._is_clock_set()):
            yield from self._write_clock(time)
        for put in writes:
            yield from self._write_long(put.address, put.data)
        yield from self._command(BEGIN, NONE, self._table.begin_s)
        state = yield from self._number(self._table.file_state)
        if state != RUNNING:
            raise refused(
                f"the meter did not begin within {self._table.begin_s:g} s"
                f" (file state {state})"
            )
        return Done()

    def end(self, assignment: Assignment, time: ClockTime) -> Procedure:  # noqa: ARG002 - it kept both
        state = yield from self._number(self._table.file_state)
        if state == NONE:
            raise refused("the meter holds no transaction: there is nothing to end")
        if state == RUNNING:
            yield from self._command(END, RUNNING, self._table.ready_s)
            state = yield from self._number(self._table.file_state)
        if state != READY:
            raise refused(
                f"no record was ready within {self._table.ready_s:g} s"
                f" (file state {state})"
            )
        return Done()

    def _command(self, letter: int, before: int, limit_s: float) -> Steps:
        """Give a command and wait until the file's state is no more what it was.

        If its answer is lost, the state says whether it was heard: only a command
        that shows no effect is given again.
        """
        left_s = limit_s
        while left_s > 0:
            heard = yield from procedure.write_once(self._table.command, words(letter))
            wait_s = left_s if heard else min(LOST_S, left_s)
            state = yield from procedure.await_number(
                self._table.function_code,
                self._table.file_state,
                lambda state: state != before,
                limit_s=wait_s,
            )
            if state != before:
                return
            left_s -= wait_s

    def record(self) -> Procedure:
        size = yield from self._file_size()
        registers = yield from self._read_long(self._table.file.address, size)
        if (yield from self._file_size()) != size:
            raise refused("the record changed while it was read: read it again")
        return RecordTold(record=shown(trimmed(registers)))

    def _file_size(self) -> Generator[Operation, Heard, int]:
        """Give how many registers the record has that is ready."""
        state = yield from self._number(self._table.file_state)
        if state != READY:
            raise refused(f"the meter has no record to read (file state {state})")
        size = yield from self._number(self._table.file_words)
        if not 0 < size <= self._table.file.words:
            raise refused(f"the meter says that its record has {size} registers")
        return size

    def confirm(self) -> Procedure:
        state = yield from self._number(self._table.file_state)
        while state != NONE:
            if state == RUNNING:
                raise refused("a transaction runs: there is no record to confirm")
            yield from procedure.write_once(self._table.file_state, words(NONE))
            state = yield from self._number(self._table.file_state)
            if state != NONE:
                yield Pause(seconds=procedure.RETRY_S)
        return Done()

    def set_clock(self, time: ClockTime) -> Procedure:
        if not time.is_synchronised:
            raise refused(
                "the charger's own clock is not synchronised, and the meter would sign"
                " the time as if it were: synchronise the charger (NTP)"
            )
        state = yield from self._number(self._table.file_state)
        if state == RUNNING:
            raise refused("a transaction runs: its clock must not be set meanwhile")
        if not (yield from self._write_clock(time)):
            raise refused("the meter refuses its clock")
        return Done()

    def _write_clock(self, time: ClockTime) -> Generator[Operation, Heard, bool]:
        """Write UTC, which sets it, and the offset; false if it does not take it."""
        utc = WriteTime(address=self._table.clock_utc, time=time, form=long_low_first)
        if not (
            yield from procedure.write_time(
                utc, tries=CLOCK_TRIES, pause_s=CLOCK_PAUSE_S
            )
        ):
            return False
        offset = words(time.offset_min)
        yield from procedure.write(self._table.clock_offset, offset)
        return True

    def _require_signing(self) -> Steps:
        """Tell the family's models apart: only some of them sign. ProcedureError."""
        code = yield from self._number(self._table.model_code)
        if code in self._table.not_signing:
            raise ProcedureError(
                FailureKind.NOT_SUPPORTED,
                f"the meter is of a model that cannot sign (code {code}):"
                " correct model, and signing",
            )

    def _number(self, address: int) -> Generator[Operation, Heard, int]:
        return procedure.read_number(self._table.function_code, address)

    def _read(self, address: int, words: int) -> Generator[Operation, Heard, bytes]:
        return procedure.read(self._table.function_code, address, words)

    def _read_long(
        self, address: int, words: int
    ) -> Generator[Operation, Heard, bytes]:
        code, largest = self._table.function_code, self._table.largest_read
        return procedure.read_long(code, address, words, largest=largest)

    def _write_long(self, address: int, data: bytes) -> Steps:
        return procedure.write_long(address, data, largest=self._table.largest_write)


_PHASES = {
    NONE: MeterPhase.IDLE,
    RUNNING: MeterPhase.RUNNING,
    READY: MeterPhase.ENDED,
    CORRUPTED: MeterPhase.FAILED,
}


def _version(register: bytes) -> str:
    """Give "major.minor.revision": 4 bits, 4 bits, 8 bits."""
    return f"{register[0] >> 4}.{register[0] & 15}.{register[1]}"
