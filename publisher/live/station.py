# SPDX-License-Identifier: Apache-2.0
"""What can be seen without a broker: meters, bus, clock, and what records need."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from ipc.config import BusTable, Config
from ipc.liveness import WriterState
from ipc.watch.report import BusReport, MeterReport
from publisher.ecdsa import SigningKey
from publisher.errors import KeyFileError, SignerMissingError
from publisher.live.finding import Finding, failed, ok, unknown, warning

BUSY = 0.9
"""Of a bus's time in use: beyond it, one answer that is late costs a tick."""

LEAST_FREE = 20 * 1024 * 1024
"""Bytes: years of records (about 2 kB each) and SQLite's own files."""


def meters(bus: BusTable, report: BusReport) -> Iterator[Finding]:
    """Say whether the sampler runs, and whether each meter answers it."""
    subject = f"bus {bus.name}"
    if report.refused is not None:
        remedy = "run sampler and publisher of one release"
        yield failed(subject, f"{report.ring}: {report.refused}", remedy)
    elif report.state is not WriterState.RUNNING:
        yield failed(subject, f"its sampler is {report.state}", _start(bus, report))
    else:
        yield _load(subject, report)
    for meter in report.meters:
        yield _meter(meter, is_read=report.state is WriterState.RUNNING)


def clock(*, is_synchronised: bool) -> Finding:
    """Say whether the kernel's clock can be believed."""
    if is_synchronised:
        return ok("clock", "the kernel holds it for synchronised")
    return warning(
        "clock",
        "the kernel does not hold it for synchronised: records would bear U",
        "run an NTP client (chrony, systemd-timesyncd) and let it reach its server",
    )


def key(find: Callable[[], SigningKey]) -> Finding:
    """Say whether there is a key to sign with that nobody else can use."""
    try:
        found = find()
    except (KeyFileError, SignerMissingError) as error:
        what, _, remedy = str(error).rpartition(": ")
        return failed("signing key", what, remedy)
    return ok("signing key", f"there, its public key ends in {found.public.hex[-8:]}")


def disk(path: Path, free: Callable[[Path], int] | None = None) -> Finding:
    """Say whether the journal's directory can be written and has room."""
    subject, directory = "journal", path.parent
    if not directory.is_dir():
        return failed(
            subject, f"{directory}: no such directory", "make it, for this user"
        )
    target = path if path.exists() else directory
    if not os.access(target, os.W_OK) or not os.access(directory, os.W_OK):
        remedy = "let the publisher's user write it (deploy/README.md)"
        return failed(subject, f"{target}: may not be written by us", remedy)
    left = (free or _free)(directory)
    if left < LEAST_FREE:
        detail = f"{directory}: {left // 1024} KiB left"
        return failed(
            subject, detail, "make room: no transaction begins on a full disk"
        )
    return ok(subject, f"{path}: can be written, {left // 1024**2} MiB left")


def _free(directory: Path) -> int:
    return shutil.disk_usage(directory).free


def _start(bus: BusTable, report: BusReport) -> str:
    if report.state is WriterState.SILENT:
        return f"it hangs: restart it (ring {report.ring})"
    return f"start it: powermeter-sampler run CONFIG --bus {bus.name}"


def _load(subject: str, report: BusReport) -> Finding:
    """Say how much of its time the bus is in use: what the wire carries, as seen."""
    read = [(each.newest, each.rate_hz) for each in report.meters]
    newest = [(one, rate) for one, rate in read if one is not None and rate is not None]
    load = sum(one.duration_ms / 1000 * rate for one, rate in newest)
    missed = max((one.overruns for one, _ in newest), default=0)
    detail = (
        f"in use for {load:.0%} of its time, {missed} ticks missed since it started"
    )
    if load > BUSY or missed:
        remedy = "lower rate_hz, or raise every, energy_every or baudrate"
        return warning(subject, detail, f"{remedy}: see powermeter-sampler check")
    return ok(subject, detail)


def _meter(report: MeterReport, *, is_read: bool) -> Finding:
    subject = f"meter {report.meter}"
    if not is_read:
        return unknown(subject, "without its sampler it cannot be known")
    if report.problem is None:
        rate = "" if report.rate_hz is None else f", {report.rate_hz:.3g} a second"
        return ok(subject, f"answers{rate}")
    why = ", ".join(report.newest.quality) if report.newest else ""
    detail = f"{report.problem} ({why})" if why else report.problem
    remedy = "see the sampler's log; powermeter-sampler scan finds what is on the line"
    return failed(subject, detail, remedy)


def configured(config: Config) -> Finding:
    """Say that the file was read, and what is in it."""
    count = sum(len(bus.meter) for bus in config.bus)
    return ok("configuration", f"{len(config.bus)} buses, {count} meters")
