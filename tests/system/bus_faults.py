# SPDX-License-Identifier: Apache-2.0
"""What can happen on a line, each tried on a rig; run it to print the fault table."""

import fcntl
import math
import os
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from ipc.sample import Quality, Sample
from ipc.units import NS_PER_S
from sampler.simulator.frame import ReadRequest, seal
from tests.sampler.wires import HangUpError, Say, Script, echo_of, refusal
from tests.system.bus_rig import FAR_ENDS, Rig, running

TICKS = 2
"""How long each fault lasts, in samples."""

Spoil = Callable[[ReadRequest, bytes], list[Say]]
"""From a request and the meter's answer to what the sampler hears."""


def _number(answer: bytes, request: ReadRequest, address: int, number: float) -> bytes:
    """Give the answer with a float32 replaced, under a CRC that fits."""
    at = 3 + 2 * (address - request.address)
    if not request.address <= address < request.address + request.count:
        return answer
    return seal(answer[:at] + struct.pack(">f", number) + answer[at + 4 : -2])


def _hang_up(*_: object) -> list[Say]:
    raise HangUpError


SPOILS: dict[str, Spoil] = {
    "no answer": lambda *_: [],
    "answer after the time-out": lambda _, answer: [(0.09, answer)],
    "answer twice": lambda _, answer: [(0, answer + answer)],
    "answer once more, 3 ms later": lambda _, answer: [(0, answer), (0.003, answer)],
    "wrong CRC": lambda _, answer: [(0, answer[:-1] + bytes((answer[-1] ^ 1,)))],
    "one bit wrong": lambda _, a: [(0, a[:5] + bytes((a[5] ^ 4,)) + a[6:])],
    "one character lost": lambda _, answer: [(0, answer[:9] + answer[10:])],
    "half a frame": lambda _, answer: [(0, answer[: len(answer) // 2])],
    "another unit's answer": lambda _, answer: [(0, seal(b"\x09" + answer[1:-2]))],
    "noise before the frame": lambda _, answer: [(0, b"\0\xff"), (0.002, answer)],
    "noise after the frame": lambda _, answer: [(0, answer + b"\0\xff")],
    "nothing but noise": lambda *_: [(0, b"\x55" * 40)],
    "echo of the request": lambda request, a: [(0, echo_of(request)), (0, a)],
    "echo and no answer": lambda request, _: [(0, echo_of(request))],
    "answer in pieces": lambda _, a: [
        (0.002, a[at : at + 40]) for at in (0, 40, 80, 120)
    ],
    "line that never falls quiet": lambda *_: [(0.02, b"\x55")] * 12,
    "exception: busy": lambda request, _: [(0, refusal(request, 6))],
    "value is not a number": lambda r, a: [(0, _number(a, r, 0x0000, math.nan))],
    "voltage ten times too high": lambda r, a: [(0, _number(a, r, 0x0000, 2305.0))],
    "energy gone back": lambda r, a: [(0, _number(a, r, 0x0048, 1.0))],
    "energy jumped": lambda r, a: [(0, _number(a, r, 0x0048, 9e6))],
}

HANDLED = {
    "answer twice",
    "noise before the frame",
    "noise after the frame",
    "echo of the request",
    "answer in pieces",
}
"""What costs nothing: every sample is good all the while."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """How a fault was borne.

    shown     the qualities of the samples while it lasted, good ones included
    wrong     good samples with a value that is not the meter's
    ticks     samples from its end to the first good one, that one included
    seconds   the same as a time
    """

    fault: str
    shown: list[str]
    wrong: int
    ticks: int
    seconds: float


def try_spoil(rig: Rig, fault: str) -> Row:
    """Spoil every answer for some ticks, then none."""
    rig.line.script = _script(rig, SPOILS[fault])
    return _row(rig, fault, _heal)


def try_unplugging(rig: Rig) -> Row:
    """Take the port away between two readings, and give it back."""
    rig.line.unplug()
    return _row(rig, "adapter unplugged", lambda rig: rig.line.plug())


def try_hanging_up(rig: Rig) -> Row:
    """Take the port away in mid read, and give it back."""
    rig.line.script = _script(rig, _hang_up)

    def plug(rig: Rig) -> None:
        rig.line.unplug()
        rig.line.script = rig.faithful
        rig.line.plug()

    return _row(rig, "hang-up in mid read", plug)


def try_holding(rig: Rig) -> Row:
    """Let another process take the port while it was unplugged."""
    rig.line.unplug()
    rig.until(lambda samples: len(samples) >= TICKS)
    rig.line.plug()
    holder = os.open(rig.port, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return _row(rig, "port held by another process", lambda _: os.close(holder))


OTHERS = (try_unplugging, try_hanging_up, try_holding)


def _script(rig: Rig, spoil: Spoil) -> Script:
    return lambda request: spoil(request, rig.far_end.ask(request))


def _heal(rig: Rig) -> None:
    rig.line.script = rig.faithful


def _row(rig: Rig, fault: str, heal: Callable[[Rig], object]) -> Row:
    begun_ns = rig.clock.monotonic_ns()

    def enough(samples: list[Sample]) -> bool:
        return sum(sample.mono_ns > begun_ns for sample in samples) >= TICKS

    during = [s for s in rig.until(enough) if s.mono_ns > begun_ns]
    heal(rig)
    healed_ns = rig.clock.monotonic_ns()
    after = rig.until_right()
    return Row(
        fault=fault,
        shown=sorted({str(Quality(s.quality).name or "GOOD") for s in during}),
        wrong=sum(s.is_good and not rig.far_end.is_right(s) for s in during + after),
        ticks=len(after),
        seconds=max(0.0, (after[-1].mono_ns - healed_ns) / NS_PER_S),
    )


def lines() -> Iterator[str]:
    """Try everything on both far ends; give the lines of a table."""
    yield "| far end | fault | samples showed | wrong values | good again with |"
    yield "|---|---|---|---|---|"
    for name, far_end in FAR_ENDS.items():
        with (
            tempfile.TemporaryDirectory() as directory,
            far_end() as end,
            running(Path(directory), end) as rig,
        ):
            rows = [try_spoil(rig, fault) for fault in SPOILS]
            rows += [attempt(rig) for attempt in OTHERS]
        for row in rows:
            shown = ", ".join(row.shown).lower()
            again = f"tick {row.ticks}, {row.seconds:.2f} s"
            yield f"| {name} | {row.fault} | {shown} | {row.wrong} | {again} |"


if __name__ == "__main__":
    for line in lines():
        sys.stdout.write(f"{line}\n")
