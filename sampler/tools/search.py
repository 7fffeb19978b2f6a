# SPDX-License-Identifier: Apache-2.0
"""Where to look for meters first: every setting of the line, every unit id."""

from collections.abc import Iterator, Sequence

import msgspec

from ipc.config import Parity
from sampler.tools.line import LineSettings
from sampler.wire import READ_OVERHEAD, READ_REQUEST

BAUDRATES = (9600, 19200, 38400, 115200, 57600, 4800, 2400)
"""What meters are delivered with, the most usual first."""

PARITIES = (Parity.NONE, Parity.EVEN)
"""Odd is the factory setting of no meter known to us."""

UNITS = tuple(range(1, 248))

LIKELIEST = (
    LineSettings(baudrate=9600),
    LineSettings(baudrate=19200, parity=Parity.EVEN),
    LineSettings(baudrate=9600, parity=Parity.EVEN),
    LineSettings(baudrate=19200),
)
"""Most meters, then what the Modbus specification asks for (Serial Line 3.3)."""

ROUNDS = (range(1, 2), range(2, 11), range(11, 248))
"""Unit ids that are tried at every setting before the next ones are: a new meter has
number 1, and an installer counts on from there."""

ANSWER_S = 0.15
"""How long a probe waits. A meter that takes longer answers into the probe after it,
and is heard there."""

PATIENT_S = 0.5
"""How long one waits that has no probe after it, or after which somebody was heard."""


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One question: whether this unit is there, at this setting.

    patient  the next probe, if there is one, is at another setting
    """

    settings: LineSettings
    unit_id: int
    patient: bool = False

    def __str__(self) -> str:
        return f"{self.settings}, unit {self.unit_id}"


class Search:
    """All probes, the likeliest first; a find moves its setting to the front.

    For what shares the line with a meter mostly shares its setting.
    """

    def __init__(self, settings: Sequence[LineSettings], units: Sequence[int]) -> None:
        ordered = sorted(settings, key=_likelihood)
        self._open = [
            Probe(settings=each, unit_id=unit_id)
            for part in ROUNDS
            for each in ordered
            for unit_id in units
            if unit_id in part
        ]
        self._open.reverse()
        self.total = len(self._open)
        self.expected_s = _expected_s(self._open.copy())

    def __iter__(self) -> Iterator[Probe]:
        """Give each probe once; the order may change on the way."""
        while self._open:
            yield _next(self._open)

    @property
    def done(self) -> int:
        """How many probes were given."""
        return self.total - len(self._open)

    def leave_out(self, settings: LineSettings) -> None:
        """Do not try this setting any more."""
        self._open = [probe for probe in self._open if probe.settings != settings]

    def prefer(self, settings: LineSettings) -> None:
        """Go on with this setting, in the order as it is otherwise."""
        self._open.sort(key=lambda probe: probe.settings == settings)


def line_settings(
    baudrates: Sequence[int], parities: Sequence[Parity], stopbits: int
) -> list[LineSettings]:
    """Give every combination."""
    return [
        LineSettings(baudrate=baudrate, parity=parity, stopbits=stopbits)
        for baudrate in baudrates
        for parity in parities
    ]


def timeout_s(settings: LineSettings, *, patient: bool) -> float:
    """Give how long to wait for an answer of two registers, from the request's end."""
    answer_s = (READ_OVERHEAD + 4) * settings.wire.character_s
    return (PATIENT_S if patient else ANSWER_S) + answer_s


def silent_s(settings: LineSettings, *, patient: bool) -> float:
    """Give what a probe costs that nobody answers."""
    wire = settings.wire
    request_s = wire.silence_s + READ_REQUEST * wire.character_s
    return request_s + timeout_s(settings, patient=patient) + wire.silence_s


def _next(probes: list[Probe]) -> Probe:
    """Take the last of the list; a patient one if the setting changes after it."""
    probe = probes.pop()
    patient = not probes or probes[-1].settings != probe.settings
    return msgspec.structs.replace(probe, patient=patient)


def _expected_s(probes: list[Probe]) -> float:
    total_s = 0.0
    while probes:
        probe = _next(probes)
        total_s += silent_s(probe.settings, patient=probe.patient)
    return total_s


def _likelihood(settings: LineSettings) -> int:
    """Rank a setting; those of equal rank stay in the order they were asked for."""
    return LIKELIEST.index(settings) if settings in LIKELIEST else len(LIKELIEST)
