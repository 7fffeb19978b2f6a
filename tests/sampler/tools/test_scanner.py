# SPDX-License-Identifier: Apache-2.0
"""The search of a line, on lines that are made of functions."""

import contextlib

from ipc.config import Parity
from ipc.sample import Quality
from ipc.stop import Stop
from sampler import registermap
from sampler.errors import LineSettingsError
from sampler.fault import Fault
from sampler.tools.identify import UNKNOWN
from sampler.tools.line import LineSettings
from sampler.tools.scanner import PROBE, Scan
from sampler.tools.search import Search

QUICK = LineSettings(baudrate=9600)
EVEN = LineSettings(baudrate=19200, parity=Parity.EVEN)
ODD = LineSettings(baudrate=19200, parity=Parity.ODD)

SILENT = Fault(kind=Quality.TIMEOUT, detail="no answer")
NOISE = Fault(kind=Quality.GARBLED, detail="wrong CRC")
REFUSED = Fault(kind=Quality.REFUSED, detail="illegal data address", code=2)
GONE = Fault(kind=Quality.NO_PORT, detail="/dev/ttyUSB0 failed")
DATA = b"\0\0\0\0"


class Shown:
    def __init__(self):
        self.said = []
        self.steps = []

    def at(self, done, what):
        self.steps.append((done, what))

    def say(self, text):
        self.said.append(text)


class Line:
    """A port whose answers are a function of setting, patience and unit id."""

    def __init__(self, answer):
        self.answer = answer
        self.probes = []
        self.is_open = False

    @contextlib.contextmanager
    def connect(self, settings, *, patient):
        assert not self.is_open, "the port is ours only once"
        self.is_open = True
        self.settings, self.patient = settings, patient
        try:
            yield self
        finally:
            self.is_open = False

    def read(self, unit_id, block):
        self.probes.append((self.settings, self.patient, unit_id, block))
        return self.answer(self.settings, self.patient, unit_id)


def scanned(answer, *, settings=(QUICK, EVEN), units=range(1, 6), stop=None):
    line = Line(answer)
    mine = stop or Stop()
    scan = Scan(
        Search(settings, units),
        connect=line.connect,
        profiles={},
        progress=Shown(),
        stop=mine,
    )
    scan.run()
    mine.close()
    assert not line.is_open
    return scan, line


def places(scan):
    return [(found.settings, found.unit_id) for found in scan.found]


def meters_at(*where, reply=DATA):
    return lambda settings, _, unit: reply if (settings, unit) in where else SILENT


def test_a_silent_line_is_asked_everything_once_and_nothing_is_found():
    scan, line = scanned(meters_at())
    assert scan.found == scan.disturbed == []
    assert len(line.probes) == 10
    assert {block for *_, block in line.probes} == {PROBE}


def test_meters_are_found_at_their_own_setting():
    where = [(EVEN, 1), (EVEN, 4), (QUICK, 2)]
    scan, _ = scanned(meters_at(*where))
    assert sorted(map(str, places(scan))) == sorted(map(str, where))


def test_a_refusal_is_a_meter_too():
    scan, _ = scanned(meters_at((QUICK, 3), reply=REFUSED))
    assert places(scan) == [(QUICK, 3)]


def test_after_a_find_its_setting_is_searched_first():
    _, line = scanned(meters_at((EVEN, 1)))
    asked = list(
        dict.fromkeys((settings, unit) for settings, _, unit, _ in line.probes)
    )
    assert asked[:6] == [(QUICK, 1), *((EVEN, unit) for unit in range(1, 6))]


def test_noise_that_stays_noise_is_reported_and_is_no_meter():
    def answer(settings, _, unit):
        return NOISE if (settings, unit) == (EVEN, 2) else SILENT

    scan, _ = scanned(answer)
    assert scan.found == []
    assert scan.disturbed == [(EVEN, 2)]


def test_noise_once_is_asked_again_and_forgotten():
    noise = iter([NOISE])

    def answer(settings, patient, unit):
        if (settings, unit) == (QUICK, 3):
            return DATA if patient else next(noise)
        return SILENT

    scan, _ = scanned(answer)
    assert places(scan) == [(QUICK, 3)]
    assert scan.disturbed == []


def test_a_meter_slower_than_the_time_out_is_heard_in_the_probe_after_it():
    def answer(settings, patient, unit):
        if settings != QUICK:
            return SILENT
        if patient:
            return DATA if unit == 3 else SILENT
        return NOISE if unit == 4 else SILENT  # unit 3's answer comes late

    scan, _ = scanned(answer)
    assert places(scan) == [(QUICK, 3)]
    assert scan.disturbed == []


def test_a_meter_is_listed_once_even_if_two_probes_lead_to_it():
    def answer(settings, patient, unit):
        if settings != QUICK or unit not in (3, 4):
            return SILENT
        if unit == 3:
            return DATA
        return DATA if patient else NOISE

    scan, _ = scanned(answer)
    assert places(scan) == [(QUICK, 3), (QUICK, 4)]


def test_a_setting_that_the_driver_refuses_is_said_once_and_left_out():
    line = Line(meters_at((EVEN, 2)))

    def connect(settings, *, patient):
        if settings == ODD:
            raise LineSettingsError(22, str(settings))
        return line.connect(settings, patient=patient)

    stop, shown = Stop(), Shown()
    search = Search([ODD, EVEN], range(1, 20))
    scan = Scan(search, connect=connect, profiles={}, progress=shown, stop=stop)
    scan.run()
    stop.close()
    assert places(scan) == [(EVEN, 2)]
    assert [text for text in shown.said if "19200 baud 8O1" in text] == [
        "left out: this port cannot do 19200 baud 8O1"
    ]


def test_a_port_that_goes_away_ends_it_and_what_was_found_stays():
    def answer(_, __, unit):
        return DATA if unit == 1 else GONE

    scan, line = scanned(answer, settings=[QUICK])
    assert places(scan) == [(QUICK, 1)]
    assert scan.fault == GONE
    assert line.probes[-1][2] == 2


def test_a_stop_ends_it_at_once_and_its_last_silence_is_no_evidence():
    stop = Stop()

    def answer(_, __, unit):
        if unit == 3:
            stop.request()
            return NOISE
        return DATA if unit == 2 else SILENT

    scan, line = scanned(answer, settings=[QUICK], stop=stop)
    assert places(scan) == [(QUICK, 2)]
    assert scan.disturbed == []
    assert line.probes[-1][2] == 3


def test_a_stop_during_the_second_look_adds_nothing():
    stop = Stop()

    def answer(_, patient, __):
        if patient:
            stop.request()
        return DATA

    scan, line = scanned(answer, settings=[QUICK], stop=stop)
    assert scan.found == []
    assert len(line.probes) == 2


def test_a_stop_while_a_meter_is_identified_ends_the_questions_but_keeps_the_meter():
    stop = Stop()

    def answer(*_):
        if len(line.probes) == 4:
            stop.request()
            return SILENT
        return DATA

    line = Line(answer)
    profiles = {name: registermap.load(name) for name in ("abb_b23", "eastron_sdm630")}
    search = Search([QUICK], range(1, 6))
    scan = Scan(
        search, connect=line.connect, profiles=profiles, progress=Shown(), stop=stop
    )
    scan.run()
    stop.close()
    assert len(line.probes) == 4
    assert places(scan) == [(QUICK, 1)]
    assert scan.found[0].identification == UNKNOWN
