# SPDX-License-Identifier: Apache-2.0
"""One verb as a sequence of operations: a generator that is sent what came of each.

A procedure knows registers, not time and not the bus: the arbiter decides when an
operation is done, and until when. So a procedure repeats what was lost for as long as
it is asked to go on, with a pause in between, and only ever counts its own pauses.
"""

from collections.abc import Callable, Generator
from typing import Final

from ipc.commands import Failed, FailureKind, Outcome
from ipc.sample import Quality
from sampler.errors import ProcedureError
from sampler.fault import Fault
from sampler.operation import Heard, Operation, Pause, Read, Write, WriteTime
from sampler.room import LARGEST_OPERATION

Procedure = Generator[Operation, Heard, Outcome]

RETRY_S: Final = 0.2
"""Before what was lost is asked for again."""

POLL_S: Final = 0.25
"""Between two looks at whether the meter has come to its end."""

LEAST_CUT: Final = 8
"""Registers of a long read's smallest part: below, the frame is all overhead."""

_BUSY = (5, 6)
"""Exceptions of a device at work: acknowledge, busy (Application Protocol, 7)."""


def guarded(procedure: Procedure) -> Procedure:
    """Give the procedure with a ProcedureError out of it turned into a Failed."""
    try:
        return (yield from procedure)
    except ProcedureError as error:
        return Failed(kind=error.kind, reason=error.reason)


def read(
    function_code: int, address: int, count: int
) -> Generator[Operation, Heard, bytes]:
    """Read registers in one request, again and again until the meter says something.

    ProcedureError: the meter refuses them.
    """
    ask = Read(function_code=function_code, address=address, count=count)
    return (yield from _heard(ask))


def read_number(
    function_code: int, address: int, count: int = 1
) -> Generator[Operation, Heard, int]:
    """Read an unsigned number, high word first. ProcedureError: refused."""
    return int.from_bytes((yield from read(function_code, address, count)))


def read_long(
    function_code: int, address: int, count: int, *, largest: int
) -> Generator[Operation, Heard, bytes]:
    """Read any number of registers, in parts as large as the bus has time for.

    No part is as long as the one before it. ProcedureError: refused.
    """
    data, last = b"", 0
    while (left := count - len(data) // 2) > 0:
        most = min(left, largest)
        if most == last:
            most = max(1, most - 1)
        part = yield from _heard(
            Read(
                function_code=function_code,
                address=address + len(data) // 2,
                count=most,
                least=min(most, LEAST_CUT),
                unlike=last,
            )
        )
        data += part
        last = len(part) // 2
    return data


def write_once(address: int, data: bytes) -> Generator[Operation, Heard, bool]:
    """Write, once; false if no answer came: then it may have happened.

    ProcedureError: the meter refuses.
    """
    heard = yield Write(address=address, data=data)
    if isinstance(heard, Fault) and _is_refusal(heard):
        raise refused(f"the meter refuses a write to {address:#06x}: {heard.detail}")
    return not isinstance(heard, Fault)


def write(address: int, data: bytes) -> Generator[Operation, Heard, None]:
    """Write what may be written twice, until the meter answers. ProcedureError."""
    while not (yield from write_once(address, data)):
        yield Pause(seconds=RETRY_S)


def write_long(
    address: int, data: bytes, *, largest: int
) -> Generator[Operation, Heard, None]:
    """Write in parts: the meter's largest, or what there is always room for."""
    size = 2 * min(largest, LARGEST_OPERATION)
    for at in range(0, len(data), size):
        yield from write(address + at // 2, data[at : at + size])


def write_time(
    what: WriteTime, *, tries: int, pause_s: float
) -> Generator[Operation, Heard, bool]:
    """Write the time; false if the meter refuses it every time."""
    left = tries
    while left:
        heard = yield what
        if isinstance(heard, bytes):
            return True
        left -= heard.kind is Quality.REFUSED
        yield Pause(seconds=pause_s)
    return False


def await_number(
    function_code: int, address: int, is_it: Callable[[int], bool], *, limit_s: float
) -> Generator[Operation, Heard, int]:
    """Look at a register until its number is the one; give the last that was seen.

    That is another one once the pauses between the looks add up to the limit.
    """
    number = yield from read_number(function_code, address)
    for _ in range(round(limit_s / POLL_S)):
        if is_it(number):
            break
        yield Pause(seconds=POLL_S)
        number = yield from read_number(function_code, address)
    return number


def refused(reason: str) -> ProcedureError:
    """Give the error of a meter that answers, and will not."""
    return ProcedureError(FailureKind.REFUSED, reason)


def unfit(reason: str) -> ProcedureError:
    """Give the error of something that does not fit into the meter."""
    return ProcedureError(FailureKind.UNFIT, reason)


def _heard(ask: Read) -> Generator[Operation, Heard, bytes]:
    while True:
        heard = yield ask
        if isinstance(heard, bytes):
            return heard
        if _is_refusal(heard):
            what = f"registers {ask.address:#06x}, {ask.count} of them"
            raise refused(f"the meter refuses {what}: {heard.detail}")
        yield Pause(seconds=RETRY_S)


def _is_refusal(fault: Fault) -> bool:
    return fault.kind is Quality.REFUSED and fault.code not in _BUSY
