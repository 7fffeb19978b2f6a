# SPDX-License-Identifier: Apache-2.0
"""What a set of values says of the wiring, for whoever stands before the cabinet.

A meter measures what it is connected to. These are the patterns that wrong wires
make; none of them is proof, so each hint says what else it may be.
"""

from collections.abc import Iterator, Mapping

from ipc.sample import PhaseSequence

PHASES = ("l1", "l2", "l3")

LIVE_V = 50.0
"""Below it a phase is dead; what is left is coupled in from its neighbours."""

LINE_TO_LINE_V = 300.0
"""More than this between a phase and N is the voltage between two phases."""

LOADED_A = 0.5
"""Below it a meter's power says little: its own error, and idle electronics."""

LEAST_FACTOR = 0.3
"""Of power to voltage times current. A charging car has more than 0.9; a current
transformer on the wrong phase shows cos 120 degrees = -0.5 or its like."""

MAINS_HZ = (45.0, 65.0)


def hints(
    values: Mapping[str, float | int], phase_sequence: int = PhaseSequence.UNKNOWN
) -> Iterator[str]:
    """Give one line for each pattern; none for a meter that is wired as it should be.

    values  what was measured, under the names of ipc.sample.Quantity
    """
    yield from _voltages(values)
    yield from _powers(values)
    if phase_sequence == PhaseSequence.WRONG:
        yield "the phases turn L1-L3-L2: exchange two of them at the meter"
    frequency_hz = values.get("frequency_l1_hz")
    low_hz, high_hz = MAINS_HZ
    if frequency_hz is not None and not low_hz <= frequency_hz <= high_hz:
        yield f"{frequency_hz:.1f} Hz is no mains: is L1 connected, and the model right?"


def _voltages(values: Mapping[str, float | int]) -> Iterator[str]:
    found = {phase: values.get(f"voltage_{phase}_v") for phase in PHASES}
    known = {phase: volts for phase, volts in found.items() if volts is not None}
    live = [phase for phase, volts in known.items() if volts >= LIVE_V]
    for phase, volts in known.items():
        name = phase.upper()
        if live and volts < LIVE_V:
            yield (
                f"{name} has no voltage ({volts:.0f} V): its fuse, its wire to the"
                " meter, or a single-phase supply"
            )
        if volts > LINE_TO_LINE_V:
            yield (
                f"{name} has {volts:.0f} V to N: N is not connected, or a phase is on"
                " N's terminal. Switch off before anything else is connected"
            )
    if known and not live:
        yield "no phase has voltage: the supply is off, or its fuses are"


def _powers(values: Mapping[str, float | int]) -> Iterator[str]:
    for phase in PHASES:
        volts = values.get(f"voltage_{phase}_v")
        amperes = values.get(f"current_{phase}_a")
        watts = values.get(f"power_{phase}_w")
        if volts is None or amperes is None or watts is None:
            continue
        if abs(amperes) < LOADED_A or volts < LIVE_V:
            continue
        factor = watts / (volts * abs(amperes))
        name = phase.upper()
        if factor < -LEAST_FACTOR:
            yield (
                f"{name} gives energy back ({watts:.0f} W): unless something feeds in,"
                " its current transformer or its two wires are the wrong way round"
            )
        elif factor < LEAST_FACTOR:
            yield (
                f"{name} carries {abs(amperes):.1f} A but only {watts:.0f} W: its"
                " current transformer may be on another phase than its voltage"
            )
