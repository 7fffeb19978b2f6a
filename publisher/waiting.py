# SPDX-License-Identifier: Apache-2.0
"""Requests that come while another is in hand: they wait, join it, or break in.

"End everything" waits for no meter: it breaks in wherever nothing is being written.
"""

from msgspec.structs import replace

from publisher.callers import drop_start, line_up
from publisher.events import Request, StopAllAsked, StopAsked
from publisher.state import Phase, State, Step


def take(state: State, event: Request) -> Step:
    """Nothing is in hand: see to the request now."""
    state, effects = queue(state, event)
    return replace(state, phase=Phase.SETTLING), effects


def queue(state: State, event: Request) -> Step:
    """Let the request wait for its turn, or join it to one that asks the same."""
    grown, told = line_up(state, event)
    if isinstance(event, StopAllAsked) and grown is not state:
        grown = replace(grown, since_ns=event.asked_ns)
    return grown, told


def interrupt(state: State, event: StopAllAsked) -> Step:
    """End everything without waiting for the meter: the job in hand makes way."""
    state, effects = queue(state, event)
    if state.job is not None and isinstance(state.job.asked, StopAsked):
        state = replace(state, job=None, queue=(state.job, *state.queue))
    else:
        state, told = drop_start(state)
        effects += told
    return replace(state, phase=Phase.SETTLING), effects


def interrupt_start(state: State, event: StopAllAsked) -> Step:
    """End everything once the record is written; no start goes on after that."""
    state, effects = queue(state, event)
    state, told = drop_start(state)
    return state, effects + told
