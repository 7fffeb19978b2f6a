# SPDX-License-Identifier: Apache-2.0
"""A report as plain lines: `powermeter-watch --once`."""

from collections.abc import Iterator

from ipc.units import NS_PER_S
from ipc.watch.report import BusReport, MeterReport, PublisherReport, Report
from ipc.watch.text import printable


def lines(report: Report) -> Iterator[str]:
    """Tell a report to a person, a line a meter and every value below it."""
    for bus in report.buses:
        yield printable(headline(bus))
        for meter in bus.meters:
            facts = (f"{name} {fact}" for name, fact in _facts(meter).items())
            yield "  " + printable(", ".join(facts))
            if meter.newest:
                for name, value in meter.newest.values.items():
                    yield f"    {name} = {value}"
    yield printable(publisher(report.publisher))


def headline(bus: BusReport) -> str:
    """Tell of a bus's writer, and of what was lost on the way from it."""
    told = f"bus {bus.bus}: sampler {bus.state}"
    if bus.writer:
        beat_s = bus.writer.beat_age_ns / NS_PER_S
        told += (
            f" (pid {bus.writer.pid}, epoch {bus.writer.epoch},"
            f" last beat {beat_s:.1f} s ago), {bus.writer.sequence} samples"
        )
    told += f", lapped {bus.lapped}, corrupt {bus.corrupt}"
    return f"{told}; {bus.ring} refused: {bus.refused}" if bus.refused else told


def publisher(report: PublisherReport) -> str:
    """Tell of the publisher and of what EVerest is told of each meter."""
    told = f"publisher {report.state}"
    if report.unread:
        return f"{told}: {report.unread}"
    if report.status is None:
        return told
    broker = report.status.broker
    told += f", broker {broker.address} {'' if broker.connected else 'not '}connected"
    for meter in report.status.meters:
        told += f", {meter.meter} {'good' if meter.reason == '' else meter.reason}"
    return told


def _facts(meter: MeterReport) -> dict[str, str]:
    facts = {"meter": meter.meter, "state": meter.problem or "healthy"}
    if meter.rate_hz is not None:
        facts["rate"] = f"{meter.rate_hz:.2f} Hz"
    if newest := meter.newest:
        facts |= {
            "age": f"{newest.age_s:.1f} s",
            "lateness": f"{newest.lateness_ms:.2f} ms",
            "duration": f"{newest.duration_ms:.1f} ms",
            "quality": "+".join(newest.quality) or "good",
            "misses": str(newest.misses),
            "overruns": str(newest.overruns),
        }
    return facts
