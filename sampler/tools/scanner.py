# SPDX-License-Identifier: Apache-2.0
"""Looking for meters on a line: who answers at which setting, and what it is.

A probe is one read of two registers that most meters do not even have there: a
refusal says as much as an answer. Nothing is ever written.
"""

import contextlib
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

import msgspec

from ipc.sample import Quality
from ipc.stop import Stop
from sampler.errors import LineSettingsError
from sampler.fault import Bus, Fault
from sampler.plan import Block
from sampler.registermap import Profile
from sampler.tools.identify import UNKNOWN, Identification, identify
from sampler.tools.line import LineSettings
from sampler.tools.progress import Progress
from sampler.tools.search import Probe, Search

PROBE = Block(function_code=3, address=0, count=2)
"""Every meter has function 3, even if only to refuse this address. Two registers:
on some meters half a number is no number."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One meter."""

    settings: LineSettings
    unit_id: int
    identification: Identification


class Connect(Protocol):
    """Opens the line at a setting, for as long as the context lasts."""

    def __call__(
        self, settings: LineSettings, *, patient: bool
    ) -> AbstractContextManager[Bus]:
        """Give the bus; patient: with the longer time-out."""
        ...


class Scan:
    """Asks one probe after the other until none is left, or until the stop.

    found      the meters, in the order they answered
    disturbed  probes that met something that was no clean answer, twice
    fault      why the scan ended early, if the port failed
    """

    def __init__(
        self,
        search: Search,
        *,
        connect: Connect,
        profiles: Mapping[str, Profile],
        progress: Progress,
        stop: Stop,
    ) -> None:
        self.found: list[Found] = []
        self.disturbed: list[tuple[LineSettings, int]] = []
        self.fault: Fault | None = None
        self._search = search
        self._line = _Line(connect, stop)
        self._profiles = profiles
        self._progress = progress
        self._stop = stop

    def run(self) -> None:
        """Go through the search. PortError: the port can never be ours."""
        before: Probe | None = None
        with contextlib.closing(self._line):
            for probe in self._search:
                self._progress.at(self._search.done, str(probe))
                if self._stop.requested or self._ends(self._ask(probe, before)):
                    return
                before = probe

    def _ask(self, probe: Probe, before: Probe | None) -> bytes | Fault | None:
        """Ask one probe, and look closer where something answers."""
        try:
            answer = self._line.at(probe.settings, patient=probe.patient).read(
                probe.unit_id, PROBE
            )
            if self._stop.requested:
                return None
            if _is_meter(answer):
                self._look_closer(probe)
            elif _is_garbled(answer):
                is_one_line = before and before.settings == probe.settings
                self._look_closer(probe, before if is_one_line else None)
        except LineSettingsError:
            self._progress.say(f"left out: this port cannot do {probe.settings}")
            self._search.leave_out(probe.settings)
            return None
        return answer

    def _ends(self, answer: bytes | Fault | None) -> bool:
        if isinstance(answer, Fault) and answer.kind is Quality.NO_PORT:
            self.fault = answer
        return self._stop.requested or self.fault is not None

    def _look_closer(self, probe: Probe, slow: Probe | None = None) -> None:
        """Ask again and wait longer; if it was garbled, the unit before it as well.

        For a meter that is slower than the time-out answers into the next probe.
        """
        bus = self._line.at(probe.settings, patient=True)
        units = [probe.unit_id, *([slow.unit_id] if slow else [])]
        answering = [each for each in units if _is_meter(bus.read(each, PROBE))]
        for each in answering:
            if not self._stop.requested:
                self._add(bus, probe.settings, each)
        if not answering and not self._stop.requested:
            self.disturbed.append((probe.settings, probe.unit_id))

    def _add(self, bus: Bus, settings: LineSettings, unit_id: int) -> None:
        if any((settings, unit_id) == (it.settings, it.unit_id) for it in self.found):
            return
        self._search.prefer(settings)
        self._progress.say(f"a meter answers: unit {unit_id} at {settings}")
        self._progress.at(self._search.done, f"{settings}, unit {unit_id}: which model")
        what = identify(bus, unit_id, self._profiles, wire=settings.wire)
        if self._stop.requested:
            what = UNKNOWN  # what was not asked any more is no evidence
        self.found.append(
            Found(settings=settings, unit_id=unit_id, identification=what)
        )


class _Line:
    """The port at one setting at a time: it is ours only once."""

    def __init__(self, connect: Connect, stop: Stop) -> None:
        self._connect = connect
        self._stop = stop
        self._stack = ExitStack()
        self._bus: Bus | None = None
        self._at: tuple[LineSettings, bool] | None = None

    def at(self, settings: LineSettings, *, patient: bool) -> Bus:
        """Give the bus at this setting; it is opened anew if it was at another."""
        if self._bus is None or self._at != (settings, patient):
            self.close()
            connection = self._connect(settings, patient=patient)
            self._bus = _UntilStop(self._stack.enter_context(connection), self._stop)
            self._at = (settings, patient)
        return self._bus

    def close(self) -> None:
        self._bus = None
        self._stack.close()


class _UntilStop:
    """A bus on which nothing is asked any more once a stop was requested.

    Its waits would end at once then, and one request would follow the other.
    """

    def __init__(self, bus: Bus, stop: Stop) -> None:
        self._bus = bus
        self._stop = stop

    def read(self, unit_id: int, block: Block) -> bytes | Fault:
        if self._stop.requested:
            return Fault(kind=Quality.TIMEOUT, detail="not asked any more")
        return self._bus.read(unit_id, block)


def _is_meter(answer: bytes | Fault) -> bool:
    return not isinstance(answer, Fault) or answer.kind is Quality.REFUSED


def _is_garbled(answer: bytes | Fault) -> bool:
    return isinstance(answer, Fault) and answer.kind is Quality.GARBLED
