# SPDX-License-Identifier: Apache-2.0
"""What can befall a transaction that its meter signs, tried on whole stations.

Run it to print the table: fault, meter, what EVerest got, what stayed in the journal.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from sampler.simulator.signing import em580 as em580_device
from tests.system.signing_models import METERS, STEPS
from tests.system.signing_station import SigningStation, running
from tests.system.tamed import Tamed


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """How a fault was borne."""

    meter: str
    fault: str
    got: str
    journal: str


class Trial:
    """One meter's station, and the name of the transaction that is tried."""

    def __init__(self, meter: str, station: SigningStation) -> None:
        self.meter = meter
        self.station = station
        self._number = 0

    def next_name(self) -> str:
        self._number += 1
        return f"7d5f0a6e-0000-4000-8000-{self._number:012}"

    def spring(self, step: str, deed: Callable[[], object], *, is_done: bool) -> None:
        self.station.meter.spring(STEPS[self.meter][step], deed, is_done=is_done)

    def got(self, start: dict, stop: dict) -> str:
        """Say what EVerest was told; records are verified by openssl."""
        return f"start {self._told(start)}; stop {self._told(stop)}"

    def _told(self, reply: dict) -> str:
        if reply["status"] != "OK":
            return f"{reply['status']} ({reply['error'][:60]})"
        if "signed_meter_value" not in reply:
            return "OK"
        self.station.verified(reply)
        parts = sum(key.endswith("signed_meter_value") for key in reply)
        return f"OK, {parts} record{'s' * (parts > 1)}"

    def kept(self, name: str) -> str:
        """Say what the journal holds of it."""
        entry = self.station.entries().get(name)
        if entry is None:
            return "nothing"
        if entry.failure is not None:
            return f"lost: {entry.failure[:60]}"
        if entry.record is None:
            return "open"
        verdict = "verified" if not entry.complaint else "unverified"
        return f"record, {verdict}, {'un' * (entry.confirmed_ns is None)}confirmed"


Fault = Callable[[Trial], tuple[str, str]]
"""Tries a fault; gives what EVerest got, and what stayed in the journal."""


def at_step(who: str, step: str, *, is_done: bool) -> Fault:
    """Cut the power of the meter, the charger or both, at a step of the wire."""

    def fault(trial: Trial) -> tuple[str, str]:
        station, name = trial.station, trial.next_name()

        def deed() -> None:
            if who != "charger":
                station.meter.lose_power()
            if who != "meter":
                station.kill()

        if step == "begin":
            trial.spring(step, deed, is_done=is_done)
        start = station.insist_on_start(name)
        if step != "begin":
            trial.spring(step, deed, is_done=is_done)
        stop = station.insist_on_stop(name)
        if step == "confirm":
            station.until_sprung()
        station.revive()
        station.until_settled()
        return trial.got(start, stop), trial.kept(name)

    return fault


def cut_between(who: str) -> Fault:
    """Cut the power while the transaction runs and nobody asks anything."""

    def fault(trial: Trial) -> tuple[str, str]:
        station, name = trial.station, trial.next_name()
        start = station.start(name)
        if who == "meter":
            station.meter.lose_power()
            station.everest.run_for(1.0)
        else:
            station.kill_and_restart()
        station.until_well_or_waiting()
        stop = station.stop(name)
        station.until_settled()
        return trial.got(start, stop), trial.kept(name)

    return fault


def unread_at_boot(trial: Trial) -> tuple[str, str]:
    """Leave a record on the meter, and a charger that knows nothing of it."""
    station, name = trial.station, trial.next_name()
    start = station.start(name)
    trial.spring("read", station.kill, is_done=False)
    station.everest.stop_transaction(name)
    station.until_sprung()
    station.restart(is_journal_lost=True)
    station.until_well()
    station.until(lambda: bool(station.entries()), "the record that was found")
    station.until_settled()
    stop = station.stop(name)
    [found] = station.entries()
    return trial.got(start, stop), f"{trial.kept(found)} as {found[:12]}..."


def unknown_to_us(trial: Trial) -> tuple[str, str]:
    """Let a transaction run on the meter that the journal knows nothing of."""
    station, name = trial.station, trial.next_name()
    station.start(name)
    station.kill_and_restart(is_journal_lost=True)
    station.until_well()
    other = trial.next_name()
    start = station.start(other)
    stop = station.stop(other)
    station.until_settled()
    [found] = station.entries().keys() - {other}
    kept = f"{trial.kept(other)}; {trial.kept(found)} as {found[:12]}..."
    return trial.got(start, stop), kept


def stop_of_another_id(trial: Trial) -> tuple[str, str]:
    station, name = trial.station, trial.next_name()
    start = station.start(name)
    stop = station.stop("somebody else's")
    kept = trial.kept(name)
    assert "somebody else's" not in station.entries()
    station.verified(station.stop(name))
    station.until_settled()
    return trial.got(start, stop), kept


def stop_everything(trial: Trial) -> tuple[str, str]:
    station, name = trial.station, trial.next_name()
    start, stop = station.start(name), station.stop("")
    station.until_settled()
    return trial.got(start, stop), trial.kept(name)


def start_over_a_record_that_waits(trial: Trial) -> tuple[str, str]:
    """Start another at once after a power cut: an EM580 has ended the first by then."""
    station, name, other = trial.station, trial.next_name(), trial.next_name()
    station.start(name)
    station.meter.lose_power()
    start = station.start(other)
    stop = station.stop(other)
    station.until_settled()
    return trial.got(start, stop), f"{trial.kept(other)}; before: {trial.kept(name)}"


def exchanged(trial: Trial) -> tuple[str, str]:
    """Put another meter in its place in mid transaction, and the first one back."""
    station, name = trial.station, trial.next_name()
    start, mine = station.start(name), station.meter
    station.plug(Tamed(METERS[trial.meter](), seed=2))
    stop = station.stop(name)
    kept = trial.kept(name)
    station.plug(mine)
    station.verified(station.stop(name))
    station.until_settled()
    return trial.got(start, stop), f"{kept}; the first meter back: {trial.kept(name)}"


def silent(trial: Trial) -> tuple[str, str]:
    """Take the meter off the line at the stop, for longer than the deadline."""
    station, name = trial.station, trial.next_name()
    start = station.start(name)
    station.meter.is_off = True
    stop = station.stop(name)
    kept = trial.kept(name)
    station.meter.is_off = False
    station.verified(station.stop(name))
    station.until_settled()
    return trial.got(start, stop), f"{kept}; back again: {trial.kept(name)}"


def silent_at_the_start(trial: Trial) -> tuple[str, str]:
    station, name = trial.station, trial.next_name()
    station.meter.is_off = True
    start = station.start(name)
    kept = trial.kept(name)
    station.meter.is_off = False
    stop = station.stop(name)
    station.until_settled()
    return trial.got(start, stop), kept


def sampler_gone(trial: Trial) -> tuple[str, str]:
    """Kill the sampler in mid transaction; it is back a second after the stop."""
    station, name = trial.station, trial.next_name()
    start = station.start(name)
    station.kill("sampler")
    call = station.everest.stop_transaction(name)
    station.everest.run_for(1.0)
    station.start_sampler()
    station.until(lambda: call.done, "a reply")
    station.until_settled()
    return trial.got(start, call.reply), trial.kept(name)


def damaged(fault: em580_device.FileFault) -> Fault:
    """Have an EM580's next record spoilt."""

    def try_it(trial: Trial) -> tuple[str, str]:
        station, name = trial.station, trial.next_name()
        start = station.start(name)
        station.meter.device.next_file = fault
        stop = station.stop(name)
        told = stop["error"] if stop["status"] != "OK" else "OK, as it is"
        got = f"start {start['status']}; stop {stop['status']} ({told[:60]})"
        return got, trial.kept(name)

    return try_it


FAULTS: dict[str, Fault] = {
    f"power of the {who} cut {'after' if is_done else 'before'} {step}": at_step(
        who, step, is_done=is_done
    )
    for who in ("meter", "charger", "meter and the charger")
    for step in ("begin", "end", "read", "confirm")
    for is_done in (False, True)
} | {
    "power of the meter cut in mid transaction": cut_between("meter"),
    "power of the charger cut in mid transaction": cut_between("charger"),
    "record waits, and nobody knows of it, at boot": unread_at_boot,
    "transaction runs, and nobody knows of it": unknown_to_us,
    "start over a transaction that a power cut ended": start_over_a_record_that_waits,
    "stop of another id": stop_of_another_id,
    'stop ""': stop_everything,
    "meter exchanged in mid transaction": exchanged,
    "meter silent at the stop": silent,
    "meter silent at the start": silent_at_the_start,
    "sampler gone at the stop": sampler_gone,
}

LAST: dict[str, Fault] = {
    "record cut in half by the meter": damaged(em580_device.FileFault.CUT),
    "record called damaged by the meter": damaged(em580_device.FileFault.CORRUPTED),
    "record of no length": damaged(em580_device.FileFault.EMPTY),
}
"""Of an EM580 only; the very last leaves it with a record that it does not give."""


def rows(meter: str, faults: dict[str, Fault]) -> Iterator[Row]:
    """Try each fault on one station, one after the other."""
    with (
        tempfile.TemporaryDirectory() as directory,
        running(Path(directory), METERS[meter](), reply_s=15.0) as station,
    ):
        trial = Trial(meter, station)
        for name, fault in faults.items():
            got, journal = fault(trial)
            yield Row(meter=meter, fault=name, got=got, journal=journal)


def lines() -> Iterator[str]:
    """Try everything on every meter; give the lines of a table."""
    yield "| meter | fault | EVerest got | the journal holds |"
    yield "|---|---|---|---|"
    for meter in METERS:
        for row in rows(meter, FAULTS | (LAST if meter == "EM580" else {})):
            yield f"| {row.meter} | {row.fault} | {row.got} | {row.journal} |"


if __name__ == "__main__":
    for line in lines():
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
