# SPDX-License-Identifier: Apache-2.0
"""Where a meter that signs by itself stands: the phase, the journal, the meter."""

import enum

from msgspec.structs import replace

from publisher.callers import Callers, tell
from publisher.events import Answer, Begun, Outcome, Refused, StartAsked, StopAsked
from publisher.messages import StartTransactionRequest
from publisher.signing.events import Effect, Order, Pause, PersistAbandon, Verb
from publisher.signing.standing import Held, Open, Signer


class Phase(enum.StrEnum):
    """What is being waited for."""

    IDLE = "idle"
    """Nothing is open."""
    OPEN = "open"
    """A transaction runs."""
    PAUSING = "pausing"
    """Something did not come about, and is tried again soon."""
    SETTLING = "settling"
    """A crossing, left at once: what is next?"""
    RECALLING = "recalling"
    """Does the journal know the id as one that is over?"""
    IDENTIFYING = "identifying"
    """Which meter is it?"""
    INSPECTING = "inspecting"
    """What does it hold?"""
    SETTING_CLOCK = "setting_clock"
    """Its clock is being set."""
    INTENDING = "intending"
    """That it will be told to begin is being written."""
    BEGINNING = "beginning"
    """It was told to begin."""
    OPENING = "opening"
    """That it has begun is being written."""
    ENDING = "ending"
    """It was told to end."""
    READING = "reading"
    """Its record is being read."""
    KEEPING = "keeping"
    """The record is being verified and written."""
    CONFIRMING = "confirming"
    """It was told that it may forget the record."""
    MARKING = "marking"
    """That it was told so is being written."""
    LOSING = "losing"
    """That a transaction is over without a record is being written."""


AT_REST = frozenset({Phase.IDLE, Phase.OPEN, Phase.PAUSING})
"""Where nothing is asked but time."""


class State(Callers, frozen=True, kw_only=True):
    """All that is known of one meter's transactions.

    open            the one that is open on disk; while INTENDING: about to be
    held            what the meter holds; None: not known any more, look first
    signer          who was identified last
    refusal         why this meter cannot sign at all; empty: it can
    faults          what is wrong with the device, in its own words
    trouble         what kept the last attempt from its end; empty: nothing
    loss            while LOSING: why
    is_refused      the begin in hand was refused once: the meter may have lost what it
                    was told before, with its power
    is_unconfirmed  the journal holds a record of which it was not written that the
                    meter may forget it
    is_clock_due    its clock is to be set when it is idle
    is_stray        what it holds that is not ours is to be ended too
    is_doomed       the open one is to be ended, written or not
    is_abandoning   this is being written
    ask, side       the number of the newest question, of the newest PersistAbandon
    """

    phase: Phase = Phase.IDLE
    open: Open | None = None
    held: Held | None = None
    signer: Signer | None = None
    refusal: str = ""
    faults: tuple[str, ...] = ()
    trouble: str = ""
    loss: str = ""
    is_refused: bool = False
    is_unconfirmed: bool = False
    is_clock_due: bool = True
    is_stray: bool = False
    is_doomed: bool = False
    is_abandoning: bool = False
    ask: int = 0
    side: int = 0

    @property
    def starts(self) -> StartAsked | None:
        """The start in hand."""
        asked = None if self.job is None else self.job.asked
        return asked if isinstance(asked, StartAsked) else None

    @property
    def stops(self) -> str | None:
        """The id of the stop in hand."""
        asked = None if self.job is None else self.job.asked
        return asked.transaction_id if isinstance(asked, StopAsked) else None

    @property
    def begins(self) -> bool:
        """Whether the start in hand is the open one's, which has not begun yet."""
        return (
            self.starts is not None
            and self.open is not None
            and not self.open.is_begun
            and self.starts.transaction_id == self.open.transaction_id
        )

    @property
    def is_over(self) -> bool:
        """Whether the open one is to be ended for whatever else is to happen."""
        if self.open is None:
            return False
        is_in_the_way = self.starts is not None and (
            self.starts.transaction_id != self.open.transaction_id
        )
        return self.open.is_dangling or self.is_doomed or is_in_the_way

    @property
    def stops_open(self) -> bool:
        """Whether the stop in hand is the open one's."""
        return self.open is not None and self.stops == self.open.transaction_id

    @property
    def ours(self) -> Open | None:
        """The open one, if it is this meter's."""
        if self.open is None or self.held is None:
            return None
        return self.open if self.open.signer.is_same(self.held.signer) else None


def begun(open_: Open) -> Begun:
    """Tell that it is open; the same to everyone who asks."""
    return Begun(start=open_.start, public_key=open_.signer.public_key)


Step = tuple[State, tuple[Effect, ...]]
"""The next state and what is to be done, in this order."""


def numbered(state: State, phase: Phase) -> State:
    """Open a new question; the answers to those before it are void."""
    return replace(state, phase=phase, ask=state.ask + 1)


def ordering(
    state: State,
    phase: Phase,
    verb: Verb,
    request: StartTransactionRequest | None = None,
) -> Step:
    """Give the meter a verb, in the time that the request in hand has left."""
    state = numbered(state, phase)
    deadline_ns = None if state.job is None else state.job.asked.deadline_ns
    order = Order(
        ask=state.ask,
        verb=verb,
        request=request,
        stray_id=None if state.held is None else state.held.transaction_id,
        deadline_ns=deadline_ns,
    )
    return state, (order,)


def pausing(state: State) -> Step:
    """Forget what the meter was said to hold, and look again in a while."""
    state = replace(state, held=None)
    if state.job is None and state.queue:
        return replace(state, phase=Phase.SETTLING), ()
    state = numbered(state, Phase.PAUSING)
    return state, (Pause(ask=state.ask, is_short=state.job is not None),)


def finished(state: State, outcome: Outcome) -> Step:
    """Answer the request in hand, and turn to what is next."""
    told: tuple[Answer, ...] = ()
    if state.job is not None:
        told = tell(state.job.callers, outcome)
    return replace(state, phase=Phase.SETTLING, job=None, is_refused=False), told


def refused(state: State, reason: str) -> Step:
    """Refuse the request in hand, and turn to what is next."""
    return finished(state, Refused(reason=reason))


def doomed(state: State) -> Step:
    """Have the start in hand ended, should it have begun: it is refused."""
    if state.open is None or not state.begins or state.open.is_dangling:
        return state, ()
    return abandoning(replace(state, is_doomed=True))


def abandoning(state: State) -> Step:
    """Write that the open one is only to be ended."""
    open_ = state.open
    if open_ is None or state.is_abandoning:
        return state, ()
    state = replace(state, is_abandoning=True, side=state.side + 1)
    return state, (PersistAbandon(ask=state.side, open=open_),)
