# SPDX-License-Identifier: Apache-2.0
"""What an electrician should look at: hints from the values and the faults alone.

Each is a usual pattern, not a proof, and says so by naming what to check.
"""

import textwrap
from collections.abc import Iterator

from ipc import wiring
from ipc.sample import PhaseSequence
from ipc.status import MeterCounts
from ipc.watch.report import BusReport, MeterReport
from ipc.watch.text import Line, Style, line


def hints(bus: BusReport, meter: MeterReport) -> list[str]:
    """Say what to check of a meter on this bus, the wire before the installation."""
    counts, others = bus.counts(meter.meter), []
    if bus.status:
        others = [each for each in bus.status.meters if each.meter != meter.meter]
    found: list[str] = []
    if counts:
        is_alone = not any(each.good for each in others)
        found += _of_the_wire(counts, is_alone=is_alone)
    if newest := meter.newest:
        is_wrong = newest.phase_sequence is False
        sequence = PhaseSequence.WRONG if is_wrong else PhaseSequence.UNKNOWN
        found += wiring.hints(newest.values, sequence)
    return found


def advice(bus: BusReport, meter: MeterReport) -> Iterator[Line]:
    """Give the hints as lines of 80 columns."""
    for hint in hints(bus, meter):
        head = "check  "
        for row in textwrap.wrap(hint, 80 - len(head)):
            yield line((head, Style.WARN), row)
            head = " " * len(head)


def _of_the_wire(counts: MeterCounts, *, is_alone: bool) -> Iterator[str]:
    """Tell wrong wiring from wrong settings by what never works, and for whom."""
    kinds = {kind for kind, number in counts.faults.items() if number}
    if counts.good == 0 and kinds == {"timeout"}:
        yield (
            "never an answer: A/B swapped, other baudrate or parity, unit_id, no power"
            if is_alone
            else "never an answer, but others answer: its unit_id, power, baudrate, A/B"
        )
    elif counts.good == 0 and "garbled" in kinds:
        yield (
            "never a whole answer: check baudrate and parity, then A/B and ground"
            if is_alone
            else "never a whole answer, but others: two of one unit_id, its baudrate"
        )
    elif counts.faults.get("garbled", 0) * 100 > counts.good:
        yield "over 1 % garbled: check termination (120 ohm at both ends), ground, EMC"
    elif counts.faults.get("timeout", 0) * 100 > counts.good:
        yield "over 1 % unanswered: check contacts, cable length, a second master"
    if "refused" in kinds:
        yield "it refuses registers: check that `model` is the meter's model"
