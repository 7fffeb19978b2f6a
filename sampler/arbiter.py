# SPDX-License-Identifier: Apache-2.0
"""Sampling first: an operation is begun only if it ends before the next deadline.

The arbiter holds the verbs at work, one a meter, and says which operation is next. It
neither waits nor asks the bus. A meter that has been silent is asked for nothing until
the sampler has read it again: that reading proves that no old answer is still owed.
"""

from collections.abc import Mapping
from typing import Protocol, assert_never

import msgspec

from ipc.commands import Call, Command, Failed, FailureKind, Outcome
from ipc.sample import Quality
from ipc.units import NS_PER_S
from sampler.fault import Fault
from sampler.operation import Heard, Operation, Pause, Read, Write, WriteTime
from sampler.procedure import Procedure
from sampler.room import MARGIN_S
from sampler.wire import Wire


class Signer(Protocol):
    """One kind of meter that signs by itself."""

    def perform(self, command: Command) -> Procedure:
        """Give the verb as a sequence of operations."""
        ...


class Asked(Protocol):
    """What the arbiter knows of the meter that the sampler reads."""

    @property
    def is_answering(self) -> bool:
        """Whether what it says next is the answer to what it is asked next."""
        ...

    def doubt(self) -> None:
        """Take note that it may still owe an answer."""
        ...


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """A meter in the arbiter's charge: how it signs, and how it is read."""

    unit_id: int
    turnaround_s: float
    signer: Signer
    asked: Asked


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """One operation that is to be done now."""

    meter: str
    unit_id: int
    operation: Read | Write


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A verb that has come to its end, and who asked for it."""

    caller: int
    call: Call
    outcome: Outcome


class _Job:
    """A verb at work."""

    def __init__(
        self, caller: int, call: Call, procedure: Procedure, now_ns: int
    ) -> None:
        self.caller = caller
        self.call = call
        self.procedure = procedure
        self.deadline_ns = now_ns + round(call.timeout_s * NS_PER_S)
        self.operation: Operation = Pause(seconds=0)
        self.resume_ns = now_ns
        self.served_ns = now_ns
        self.fault: Fault | None = None


class Arbiter:
    """Takes Calls, gives Errands, and gives one Ended a Call."""

    def __init__(self, charges: Mapping[str, Charge], wire: Wire) -> None:
        """Take the meters of one bus that sign by themselves, by their names."""
        self._charges = charges
        self._wire = wire
        self._jobs: dict[str, _Job] = {}
        self._errand: Errand | None = None
        self._ended: list[Ended] = []

    def take(self, caller: int, call: Call, now_ns: int) -> None:
        """Begin a verb, if the meter is one of ours and free."""
        if (charge := self._charges.get(call.meter)) is None:
            reason = f"no meter {call.meter!r} on this bus signs by itself"
            self._end(caller, call, _failed(FailureKind.NOT_SUPPORTED, reason))
            return
        if (job := self._jobs.get(call.meter)) is not None:
            busy = type(job.call.command).__name__
            reason = f"{call.meter!r} is still at {busy}: ask again"
            self._end(caller, call, _failed(FailureKind.BUSY, reason))
            return
        job = _Job(caller, call, charge.signer.perform(call.command), now_ns)
        self._jobs[call.meter] = job
        self._advance(job, None, now_ns)

    def next(self, now_ns: int, deadline_ns: int) -> Errand | None:
        """Give the operation to do now, if one ends before the deadline.

        Who has waited longest comes first. heard() must follow.
        """
        self._expire(now_ns)
        for job in sorted(self._jobs.values(), key=lambda job: job.served_ns):
            charge = self._charges[job.call.meter]
            if isinstance(job.operation, Pause) or not charge.asked.is_answering:
                continue
            left_s = (min(deadline_ns, job.deadline_ns) - now_ns) / NS_PER_S - MARGIN_S
            if (
                operation := self._fitted(job.operation, charge, now_ns, left_s)
            ) is None:
                continue
            job.served_ns = now_ns
            self._errand = Errand(
                meter=job.call.meter, unit_id=charge.unit_id, operation=operation
            )
            return self._errand
        return None

    def heard(self, heard: Heard, now_ns: int) -> None:
        """Take what came of the errand that next() gave last."""
        assert self._errand is not None  # noqa: S101 - ours: heard() without next()
        name, self._errand = self._errand.meter, None
        job = self._jobs[name]
        job.fault = heard if isinstance(heard, Fault) else None
        if job.fault and job.fault.kind in (Quality.TIMEOUT, Quality.GARBLED):
            self._charges[name].asked.doubt()
        self._advance(job, heard, now_ns)

    def ended(self) -> list[Ended]:
        """Give the verbs that have come to their end, once."""
        ended, self._ended = self._ended, []
        return ended

    @property
    def at_work(self) -> list[Call]:
        """The verbs that have not come to their end."""
        return [job.call for job in self._jobs.values()]

    @property
    def due_ns(self) -> int | None:
        """When next() has something new to say though nothing happens; None: never."""
        dues = [job.deadline_ns for job in self._jobs.values()]
        dues += [
            job.resume_ns
            for job in self._jobs.values()
            if isinstance(job.operation, Pause)
        ]
        return min(dues, default=None)

    def _fitted(
        self,
        operation: Read | Write | WriteTime,
        charge: Charge,
        now_ns: int,
        left_s: float,
    ) -> Read | Write | None:
        """Give the operation, or as much of a read as there is time for, or None."""
        turnaround_s = charge.turnaround_s
        match operation:
            case WriteTime():
                return self._fitted(operation.at(now_ns), charge, now_ns, left_s)
            case Write():
                fits = self._wire.write_s(operation.count, turnaround_s=turnaround_s)
                return operation if fits <= left_s else None
            case Read(count=count, least=least):
                empty_s = self._wire.read_s(0, turnaround_s=turnaround_s)
                most = int((left_s - empty_s) / (2 * self._wire.character_s))
                most = min(count, most)
                if most == operation.unlike and most < count:
                    most -= 1
                if most < (count if least is None else least):
                    return None
                return msgspec.structs.replace(operation, count=most)
            case _:
                assert_never(operation)

    def _advance(self, job: _Job, heard: Heard | None, now_ns: int) -> None:
        """Send what was heard; take the next operation, or the outcome."""
        try:
            if heard is None:
                job.operation = next(job.procedure)
            else:
                job.operation = job.procedure.send(heard)
        except StopIteration as end:
            self._finish(job, end.value)
            return
        if isinstance(job.operation, Pause):
            job.resume_ns = now_ns + round(job.operation.seconds * NS_PER_S)

    def _expire(self, now_ns: int) -> None:
        """End the verbs whose time is up; end the pauses that are over."""
        for job in list(self._jobs.values()):
            if now_ns >= job.deadline_ns:
                job.procedure.close()
                is_answering = self._charges[job.call.meter].asked.is_answering
                self._finish(job, _overdue(job, is_answering=is_answering))
            while isinstance(job.operation, Pause) and now_ns >= job.resume_ns:
                if self._jobs.get(job.call.meter) is not job:
                    break
                self._advance(job, b"", now_ns)

    def _finish(self, job: _Job, outcome: Outcome) -> None:
        del self._jobs[job.call.meter]
        self._end(job.caller, job.call, outcome)

    def _end(self, caller: int, call: Call, outcome: Outcome) -> None:
        self._ended.append(Ended(caller=caller, call=call, outcome=outcome))


def _failed(kind: FailureKind, reason: str) -> Failed:
    return Failed(kind=kind, reason=reason)


def _overdue(job: _Job, *, is_answering: bool) -> Failed:
    """Say how far it came."""
    what, limit_s = type(job.call.command).__name__, job.call.timeout_s
    how = "the meter is silent"
    if job.fault:
        how = f"last fault: {job.fault.detail}"
    elif is_answering:
        how = "the meter answers, but has not come to an end: allow more time"
    reason = f"{job.call.meter!r}: {what} not done within {limit_s:g} s: {how}"
    return _failed(FailureKind.SILENT, reason)
