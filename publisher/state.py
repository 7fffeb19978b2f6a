# SPDX-License-Identifier: Apache-2.0
"""Where a meter's transactions stand: the phase, what is open, who waits."""

import enum

from msgspec.structs import replace

from publisher.callers import Callers, Job, tell
from publisher.events import Effect, Outcome, TakeReading
from publisher.reading import Open


class Phase(enum.StrEnum):
    """Where a meter stands."""

    IDLE = "idle"
    """Nothing is open."""
    OPEN = "open"
    """A transaction runs."""
    RESUMING = "resuming"
    """One was open when the process came back: is this still its meter?"""
    DANGLING = "dangling"
    """One is only to be ended, as soon as the meter can be read."""
    SETTLING = "settling"
    """A crossing, left at once: what is next?"""
    RECALLING = "recalling"
    """Does the journal know the id as a finished one?"""
    BEGINNING = "beginning"
    """The begin reading is awaited."""
    OPENING = "opening"
    """The begin is being written."""
    ENDING = "ending"
    """The end reading is awaited."""
    CLOSING = "closing"
    """The record is being signed and written."""
    ABANDONING = "abandoning"
    """That it is only to be ended is being written."""


class State(Callers, frozen=True, kw_only=True):
    """All that is known of one meter's transactions.

    open          the one that is open on disk; while OPENING: about to be
    is_unchecked  it was open when the process came back, and no reading since then
    ask           the number of the newest question
    since_ns      a reading nobody waits for must be at least this new
    """

    phase: Phase = Phase.IDLE
    open: Open | None = None
    is_unchecked: bool = False
    ask: int = 0
    since_ns: int = 0

    @property
    def in_hand(self) -> Job:
        """The job, in a phase that has one."""
        if self.job is None:
            raise RuntimeError(f"{self.phase} without a request in hand")
        return self.job

    @property
    def running(self) -> Open:
        """The open transaction, in a phase that has one."""
        if self.open is None:
            raise RuntimeError(f"{self.phase} without an open transaction")
        return self.open


Step = tuple[State, tuple[Effect, ...]]
"""The next state and what is to be done, in this order."""


def numbered(state: State, phase: Phase) -> State:
    """Open a new question; the answers to those before it are void."""
    return replace(state, phase=phase, ask=state.ask + 1)


def asking(state: State, phase: Phase, since_ns: int, deadline_ns: int | None) -> Step:
    """Ask the meter for a reading."""
    state = numbered(state, phase)
    effect = TakeReading(ask=state.ask, since_ns=since_ns, deadline_ns=deadline_ns)
    return state, (effect,)


def finished(state: State, outcome: Outcome) -> Step:
    """Answer the request in hand, and turn to what is next."""
    told = tell(state.in_hand.callers, outcome)
    return replace(state, phase=Phase.SETTLING, job=None), told
