# SPDX-License-Identifier: Apache-2.0
"""One meter that signs by itself at work: the core's effects, performed.

What the journal is asked it answers at once; what the meter is asked goes through the
channel, and its answer is brought by the loop. Nothing is published and nothing
logged here: what has to be said is given back, in this order.
"""

from collections import deque
from typing import Protocol

import msgspec

from ipc.clock import Clock
from ipc.commands import Answer as MeterAnswer
from ipc.commands import Command, Failed
from ipc.sample import Sample
from ipc.units import NS_PER_S
from publisher import replies
from publisher.callers import send_away
from publisher.desk import Kernel
from publisher.events import Answer, Ignored, Request
from publisher.ocmf import Sync
from publisher.outbox import Note, Said
from publisher.signing import patience
from publisher.signing.commands import command, time_of
from publisher.signing.events import (
    Effect,
    Event,
    Expired,
    LookAgain,
    Order,
    Pause,
    Paused,
    Told,
    Verb,
)
from publisher.signing.ledger import Ledger
from publisher.signing.machine import handle, resume
from publisher.signing.scribe import Scribe
from publisher.signing.state import AT_REST, Phase, State


class Channel(Protocol):
    """The way to the sampler of the meter's bus."""

    def call(self, meter: str, command: Command, timeout_s: float) -> int:
        """Send a verb; give the number that its Answer will bear."""
        ...


class SelfSigning(msgspec.Struct, frozen=True, kw_only=True):
    """A meter that signs by itself: its name in the configuration, and the way to it."""

    name: str
    channel: Channel


class MeterDesk:
    """Everything of one meter; the journal is shared."""

    def __init__(
        self, meter: SelfSigning, *, ledger: Ledger, clock: Clock, kernel: Kernel
    ) -> None:
        self._meter = meter
        self._clock = clock
        self._kernel = kernel
        self._scribe = Scribe(meter.name, ledger=ledger, clock=clock, kernel=kernel)
        self._order: tuple[Order, int] | None = None
        self._pause: tuple[Pause, int] | None = None
        self._failures = 0
        self._misses: int | None = None
        self._has_returned = False
        self._was_seen = False
        self._clock_trouble = ""
        self._looked_ns = self._set_ns = clock.monotonic_ns()
        self._was_right = kernel.sync() is Sync.SYNCHRONISED
        self._state = State()

    def take_up(self) -> list[Said]:
        """Begin with what the journal holds; once. JournalError: it cannot be read."""
        open_, is_unconfirmed = self._scribe.held()
        self._state, effects = resume(open_, is_unconfirmed=is_unconfirmed)
        return self._perform(effects)

    @property
    def due_ns(self) -> int | None:
        """When expire() has something to do; None: when the meter has answered."""
        due = [job.asked.deadline_ns for job in self._state.jobs]
        if self._pause is not None:
            due.append(self._pause[1])
        if self._state.phase in AT_REST:
            due.append(self._looked_ns + round(patience.LOOK_S * NS_PER_S))
        return min(due, default=None)

    @property
    def public_key(self) -> str | None:
        """The key of the meter that is there; None: it has not told, or has none."""
        signer = self._state.signer
        return signer.public_key or None if signer is not None else None

    @property
    def reason(self) -> str:
        """What is wrong with its transactions; empty if they can be signed.

        A meter that cannot sign at all says so to whoever asks, and its values are
        none the worse for it. One failed attempt is weather.
        """
        state = self._state
        if state.refusal:
            return ""
        if not self._was_seen:
            return state.trouble or "the meter has not told yet what it holds"
        if state.trouble and (self._failures > 1 or state.phase is Phase.OPEN):
            return state.trouble
        if state.faults:
            return f"the meter reports: {', '.join(state.faults)}"
        return self._scribe.complaint

    def ask(self, request: Request) -> list[Said]:
        """Take a request of EVerest."""
        return self.hear(request)

    def hear(self, event: Event) -> list[Said]:
        """Tell the core, and do what it says."""
        before = self._state
        self._state, effects = handle(self._state, event)
        return [*self._perform(effects), *self._changes(before)]

    def heard(self, answer: MeterAnswer) -> list[Said]:
        """Take the Answer to a call, if it is the one that is waited for."""
        if self._order is None or self._order[1] != answer.number:
            return []
        order, _ = self._order
        self._order = None
        said: list[Said] = []
        outcome = answer.outcome
        if order.verb is Verb.SET_CLOCK:
            reason = outcome.reason if isinstance(outcome, Failed) else ""
            if reason and reason != self._clock_trouble:
                said.append(self._note("clock_not_set", reason, is_warning=True))
            self._clock_trouble = reason
        return [*said, *self.hear(Told(ask=order.ask, outcome=outcome))]

    def sample(self, sample: Sample) -> list[Said]:
        """Notice from a good sample that there were others that were not."""
        if self._misses not in {None, sample.misses}:
            self._has_returned = True
        self._misses = sample.misses
        since_ns = self._clock.monotonic_ns() - self._looked_ns
        if self._has_returned and since_ns >= patience.RETURN_S * NS_PER_S:
            return self._look()
        return []

    def expire(self, now_ns: int) -> list[Said]:
        """Do what is due: answers, the next attempt, the next look."""
        said: list[Said] = []
        if any(job.asked.deadline_ns <= now_ns for job in self._state.jobs):
            said += self.hear(Expired(now_ns=now_ns))
        if self._pause is not None and self._pause[1] <= now_ns:
            said += self.hear(Paused(ask=self._pause[0].ask))
        if now_ns - self._looked_ns >= patience.LOOK_S * NS_PER_S:
            said += self._look()
        return said

    def agree(self) -> list[Said]:
        """Go by the journal, which is good again, should it hold something else.

        A write that failed in its last step may have reached the disk after all.
        JournalError: it cannot be read.
        """
        open_, is_unconfirmed = self._scribe.held()
        if open_ == self._state.open:
            return []
        told = send_away(self._state)
        self._order = None
        self._state, effects = resume(open_, is_unconfirmed=is_unconfirmed)
        return [self._note("transaction_reread"), *self._perform((*told, *effects))]

    def _look(self) -> list[Said]:
        """Look at the meter, unless something is being done with it anyway."""
        if self._state.phase not in AT_REST:
            return []
        self._has_returned = False
        return self.hear(LookAgain(is_clock_due=self._is_clock_due()))

    def _is_clock_due(self) -> bool:
        """Whether its clock has had its time, or ours was put right since."""
        is_right = self._kernel.sync() is Sync.SYNCHRONISED
        was_right, self._was_right = self._was_right, is_right
        age_ns = self._clock.monotonic_ns() - self._set_ns
        return (is_right and not was_right) or age_ns >= patience.CLOCK_S * NS_PER_S

    def _perform(self, effects: tuple[Effect, ...]) -> list[Said]:
        """Do one after the other; a newer question takes the place of an older."""
        said: list[Said] = []
        todo = deque(effects)
        while todo:
            match todo.popleft():
                case Answer() as answer:
                    said += replies.said(self._meter.name, answer)
                case Order() as order:
                    self._give(order)
                case Pause() as pause:
                    self._rest(pause)
                case Ignored() as ignored:
                    detail = f"{ignored.event} while {ignored.phase}"
                    said.append(self._note("event_ignored", detail))
                case effect:
                    event, notes = self._scribe.write(effect)
                    said += notes
                    self._state, more = handle(self._state, event)
                    todo.extend(more)
        return said

    def _give(self, order: Order) -> None:
        now_ns = self._clock.monotonic_ns()
        self._pause = None
        if order.verb is Verb.IDENTIFY:
            self._looked_ns = now_ns
        if order.verb is Verb.SET_CLOCK:
            self._set_ns = now_ns
        is_synchronised = self._kernel.sync() is Sync.SYNCHRONISED
        time = time_of(self._clock.wall_ns(), now_ns, is_synchronised=is_synchronised)
        said = command(order, time)
        number = self._meter.channel.call(
            self._meter.name, said, patience.for_verb(order, now_ns)
        )
        self._order = (order, number)

    def _rest(self, pause: Pause) -> None:
        wait_s = patience.before(pause, failures=self._failures)
        self._failures += 1
        due_ns = self._clock.monotonic_ns() + round(wait_s * NS_PER_S)
        self._order, self._pause = None, (pause, due_ns)

    def _changes(self, before: State) -> list[Said]:
        """Say what the meter has said anew."""
        state, said = self._state, list[Said]()
        self._was_seen = self._was_seen or state.held is not None
        if state.phase in {Phase.IDLE, Phase.OPEN}:
            self._failures = 0
        if (detail := state.trouble) != before.trouble:
            event = "meter_troubled" if detail else "meter_untroubled"
            said.append(self._note(event, detail, is_warning=bool(detail)))
        if state.faults != before.faults:
            event = "meter_faulty" if state.faults else "meter_faultless"
            detail = ", ".join(state.faults)
            said.append(self._note(event, detail, is_warning=bool(detail)))
        if (detail := state.refusal) != before.refusal:
            event = "meter_unable" if detail else "meter_able"
            said.append(self._note(event, detail, is_warning=bool(detail)))
        return said

    def _note(self, event: str, detail: str = "", *, is_warning: bool = False) -> Note:
        return Note(
            event=event, meter=self._meter.name, detail=detail, is_warning=is_warning
        )
