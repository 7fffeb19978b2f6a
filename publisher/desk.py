# SPDX-License-Identifier: Apache-2.0
"""One meter's transactions at work: the core's effects, performed.

What the journal is asked it answers at once, so between two calls the core is at rest
or waits for a reading. Nothing is published and nothing logged here: what has to be
said is given back, in this order.
"""

from collections import deque
from typing import Protocol, assert_never

from ipc.clock import Clock
from ipc.sample import Sample, is_present
from ipc.units import NS_PER_S
from publisher import replies
from publisher.callers import send_away
from publisher.ending import CLOCK_STEP_NS
from publisher.errors import OcmfError, PublisherError
from publisher.events import (
    Abandoned,
    Answer,
    Closed,
    Effect,
    Event,
    Ignored,
    JournalFailed,
    Opened,
    PersistAbandon,
    PersistBegin,
    PersistEnd,
    ReadingFailed,
    ReadingTaken,
    Recall,
    Recalled,
    Refused,
    Request,
    StartAsked,
    TakeReading,
)
from publisher.notary import Notary, SignedMeter
from publisher.ocmf import Sync
from publisher.outbox import Note, Said
from publisher.reading import MeterReading, Open
from publisher.transaction import handle, resume

PATIENT_NS = NS_PER_S
"""A reading nobody waits for is given at most this often: if its end cannot be
written, it is asked for again and again."""


class Kernel(Protocol):
    """What the kernel says of its clock."""

    @property
    def boot_id(self) -> str:
        """Which boot of the machine this is."""
        ...

    def sync(self) -> Sync:
        """Say how true the wall clock is now."""
        ...


class Desk:
    """Everything of one meter; the journal and the key are shared."""

    def __init__(
        self,
        meter: SignedMeter,
        *,
        open_: Open | None,
        notary: Notary,
        clock: Clock,
        kernel: Kernel,
    ) -> None:
        self._meter = meter
        self._notary = notary
        self._clock = clock
        self._kernel = kernel
        self._wanted: TakeReading | None = None
        self._patient_ns = clock.monotonic_ns()
        self._state, effects = resume(open_)
        self._perform(effects)  # at most a reading is asked for

    @property
    def due_ns(self) -> int | None:
        """When expire() has something to do; None while nobody waits."""
        return None if self._wanted is None else self._wanted.deadline_ns

    def ask(self, request: Request) -> list[Said]:
        """Take a request; refuse a start whose record could not be written."""
        if isinstance(request, StartAsked):
            try:
                begun = Open(request=request.request, begin=self._reading_now())
                self._notary.rehearse(self._meter, begun)
            except PublisherError as error:
                reason = Refused(reason=_why_not(error))
                refusal = Answer(caller=request.caller, outcome=reason)
                return replies.said(self._meter.name, refusal)
        return self.hear(request)

    def hear(self, event: Event) -> list[Said]:
        """Tell the core, and do what it says."""
        self._state, effects = handle(self._state, event)
        return self._perform(effects)

    def sample(self, sample: Sample) -> list[Said]:
        """Take a sample for a reading, if one is wanted and this can be one."""
        wanted = self._wanted
        if wanted is None or not self._can_be(wanted, sample):
            return []
        if wanted.deadline_ns is None:
            self._patient_ns = self._clock.monotonic_ns() + PATIENT_NS
        self._wanted = None
        return self.hear(ReadingTaken(ask=wanted.ask, reading=self._reading(sample)))

    def expire(self, now_ns: int) -> list[Said]:
        """Give up on readings whose deadline has come; each round ends a request."""
        said: list[Said] = []
        reason = "the meter gave no good reading in time; ask again"
        while (wanted := self._wanted) is not None and _is_over(wanted, now_ns):
            self._wanted = None
            said += self.hear(ReadingFailed(ask=wanted.ask, reason=reason))
        return said

    def agree(self, open_: Open | None) -> list[Said]:
        """Go by the journal, which is good again, should it hold something else.

        A write that failed in its last step may have reached the disk after all.
        """
        if open_ == self._state.open:
            return []
        told = send_away(self._state)
        self._wanted = None
        self._state, effects = resume(open_)
        return [self._note("transaction_reread"), *self._perform((*told, *effects))]

    def _reading_now(self) -> MeterReading:
        """Give a reading as one of now would be, but for its energy."""
        return self._reading_of(0, self._clock.wall_ns(), self._clock.monotonic_ns())

    def _can_be(self, wanted: TakeReading, sample: Sample) -> bool:
        """Whether it is good, has its energy, is new enough, and its time still holds.

        The letter of its time is the kernel's word of now: it is none for a sample
        from before the clock was set.
        """
        now_ns, energy = self._clock.monotonic_ns(), sample.energy_import_mwh
        offset_ns = self._clock.wall_ns() - now_ns
        moved_ns = abs(sample.wall_ns - sample.mono_ns - offset_ns)
        return (
            sample.is_good
            and is_present(energy)
            and energy >= 0
            and sample.mono_ns >= wanted.since_ns
            and moved_ns <= CLOCK_STEP_NS
            and (wanted.deadline_ns is not None or now_ns >= self._patient_ns)
        )

    def _reading(self, sample: Sample) -> MeterReading:
        return self._reading_of(
            sample.energy_import_mwh, sample.wall_ns, sample.mono_ns
        )

    def _reading_of(self, energy_mwh: int, wall_ns: int, mono_ns: int) -> MeterReading:
        return MeterReading(
            energy_mwh=energy_mwh,
            wall_ns=wall_ns,
            mono_ns=mono_ns,
            boot_id=self._kernel.boot_id,
            sync=self._kernel.sync(),
            meter=self._meter.identity,
        )

    def _perform(self, effects: tuple[Effect, ...]) -> list[Said]:
        """Do one after the other; a write that is done may call for more."""
        said: list[Said] = []
        todo = deque(effects)
        while todo:
            match todo.popleft():
                case Answer() as answer:
                    said += replies.said(self._meter.name, answer)
                case TakeReading() as wanted:
                    self._wanted = wanted
                case Ignored() as ignored:
                    detail = f"{ignored.event} while {ignored.phase}"
                    said.append(self._note("event_ignored", detail))
                case effect:
                    event, note = self._write(effect)
                    said += note
                    self._state, more = handle(self._state, event)
                    todo.extend(more)
        return said

    def _write(
        self, effect: Recall | PersistBegin | PersistEnd | PersistAbandon
    ) -> tuple[Event, list[Said]]:
        try:
            return self._written(effect)
        except PublisherError as error:
            note = self._note("journal_refused", str(error), is_warning=True)
            return JournalFailed(ask=effect.ask, reason=str(error)), [note]

    def _written(
        self, effect: Recall | PersistBegin | PersistEnd | PersistAbandon
    ) -> tuple[Event, list[Said]]:
        meter, ask, journal = self._meter, effect.ask, self._notary.journal
        match effect:
            case Recall(transaction_id=name):
                return Recalled(ask=ask, finished=journal.recall(meter.name, name)), []
            case PersistBegin(open=begun):
                self._notary.begin(meter, begun)
                return Opened(ask=ask), [self._note("transaction_begun")]
            case PersistAbandon(open=begun):
                journal.abandon(meter.name, begun.transaction_id)
                return Abandoned(ask=ask), [self._note("transaction_abandoned")]
            case PersistEnd(open=begun, ending=end):
                done = self._notary.finish(meter, begun, end)
                detail = f"T{done.pagination} {end.cause} {end.unusable}{end.state}"
                note = self._note("transaction_ended", detail)
                return Closed(ask=ask, finished=done), [note]
        assert_never(effect)

    def _note(self, event: str, detail: str = "", *, is_warning: bool = False) -> Note:
        return Note(
            event=event, meter=self._meter.name, detail=detail, is_warning=is_warning
        )


def _is_over(wanted: TakeReading, now_ns: int) -> bool:
    return wanted.deadline_ns is not None and now_ns >= wanted.deadline_ns


def _why_not(error: PublisherError) -> str:
    if isinstance(error, OcmfError):
        return f"its record could not be written: {error}"
    return str(error)
