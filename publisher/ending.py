# SPDX-License-Identifier: Apache-2.0
"""What is true at the end of a transaction: the end reading's TX, EF and ST.

Source: OCMF 1.4.1, reading fields. A record with EF "E" or an ST other than G is
refused by the transparency software, so what must not be billed cannot be.
"""

import msgspec

from ipc.units import NS_PER_S
from publisher.ocmf import Cause, MeterState, Reading, Unusable
from publisher.reading import MeterReading

CLOCK_STEP_NS = NS_PER_S
"""A wall clock that moved further than this against the monotonic one was set.

The kernel slews both alike, so nothing but a step parts them; and a second is no
difference to a tariff.
"""


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a transaction ended, for its record and for the journal.

    energy_mwh  the value to be signed; None if this meter's value is none of the
                transaction's, because it is another meter
    """

    reading: MeterReading
    energy_mwh: int | None
    cause: Cause
    unusable: Unusable
    state: MeterState


def state_between(begin: MeterReading, later: MeterReading) -> MeterState:
    """Say whether a later reading can belong to the transaction that began so."""
    if later.meter.serial != begin.meter.serial:
        return MeterState.EXCHANGED
    if later.energy_mwh < begin.energy_mwh:
        return MeterState.OUT_OF_RANGE
    return MeterState.GOOD


def judge(begin: MeterReading, end: MeterReading, *, was_stopped: bool) -> Ending:
    """Say what is true of a transaction with these two readings.

    was_stopped  EVerest asked for its end by its id; false if it was ended because
                 everything was, or because another one began over it

    A machine that was started anew in between lost its power, for all we know: the
    register counted on, the time did not (P, EF t). A publisher that was started
    anew lost nothing.
    """
    state = state_between(begin, end)
    has_rebooted = begin.boot_id != end.boot_id
    return Ending(
        reading=end,
        energy_mwh=None if state is MeterState.EXCHANGED else end.energy_mwh,
        cause=_cause(
            is_regular=was_stopped and state is MeterState.GOOD,
            has_rebooted=has_rebooted,
        ),
        unusable=_unusable(
            energy=state is not MeterState.GOOD,
            time=has_rebooted or _clock_was_set(begin, end),
        ),
        state=state,
    )


def entries(begin: MeterReading, end: Ending) -> tuple[Reading, Reading]:
    """Give the two entries of the record's RD."""
    return (
        Reading(
            cause=Cause.BEGIN,
            wall_ns=begin.wall_ns,
            sync=begin.sync,
            energy_mwh=begin.energy_mwh,
        ),
        Reading(
            cause=end.cause,
            wall_ns=end.reading.wall_ns,
            sync=end.reading.sync,
            energy_mwh=end.energy_mwh,
            unusable=end.unusable,
            state=end.state,
        ),
    )


def _cause(*, is_regular: bool, has_rebooted: bool) -> Cause:
    if has_rebooted:
        return Cause.POWER_FAILURE
    return Cause.END if is_regular else Cause.ABORTED


def _unusable(*, energy: bool, time: bool) -> Unusable:
    if energy:
        return Unusable.BOTH if time else Unusable.ENERGY
    return Unusable.TIME if time else Unusable.NOTHING


def _clock_was_set(begin: MeterReading, end: MeterReading) -> bool:
    """Whether the two clocks of one boot disagree on how long it took."""
    wall_ns = end.wall_ns - begin.wall_ns
    return abs(wall_ns - (end.mono_ns - begin.mono_ns)) > CLOCK_STEP_NS
