# SPDX-License-Identifier: Apache-2.0
"""From the configuration to what will run: plans, and whether the wire carries them."""

from collections.abc import Iterator

import msgspec

from ipc.config import BusTable, Config, MeterTable, Parity, Signing
from sampler import registermap
from sampler.errors import ProfileError, RateError
from sampler.plan import Plan, plan
from sampler.registermap import Profile
from sampler.wire import Wire


class MeterPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One meter as it will be read."""

    table: MeterTable
    profile: Profile
    plan: Plan
    read_s: float


class BusPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One bus as it will be read. tick_s: wire time of one tick, all meters."""

    table: BusTable
    wire: Wire
    meters: tuple[MeterPlan, ...]
    tick_s: float

    @property
    def highest_rate_hz(self) -> float:
        """The rate at which the wire would never be idle."""
        return 1 / self.tick_s


def wire_of(bus: BusTable) -> Wire:
    """Give the wire of a bus: start bit, 8 data bits, parity, stop bits."""
    parity_bits = bus.parity is not Parity.NONE
    return Wire(baudrate=bus.baudrate, bits=1 + 8 + parity_bits + bus.stopbits)


def plan_bus(bus: BusTable) -> BusPlan:
    """Plan one bus. Raises ProfileError or RateError, each with its remedy."""
    wire = wire_of(bus)
    meters = tuple(_plan_meter(meter, wire) for meter in bus.meter)
    tick_s = sum(meter.read_s for meter in meters)
    if tick_s * bus.rate_hz > 1:
        raise RateError(
            f"bus {bus.name!r}: rate_hz = {bus.rate_hz:g} asks for more than the wire"
            f" carries: one tick takes {tick_s * 1000:.0f} ms at {bus.baudrate} baud, so"
            f" at most {1 / tick_s:.2f} Hz: lower rate_hz, raise the baudrate of line"
            " and meter, or put fewer meters on this bus"
        )
    return BusPlan(table=bus, wire=wire, meters=meters, tick_s=tick_s)


def describe(config: Config, bus: BusPlan) -> Iterator[str]:
    """Give the lines that `check` prints of a bus: the timetable of one tick."""
    table = bus.table
    yield (
        f"bus {table.name}: {table.port}, {table.baudrate} baud,"
        f" 8{table.parity.value[0].upper()}{table.stopbits},"
        f" {table.rate_hz:g} Hz, ring {config.ring_path(table)}"
    )
    for meter in bus.meters:
        yield (
            f"  meter {meter.table.name}: {meter.table.model}"
            f" ({meter.profile.meter.status.value}), unit {meter.table.unit_id},"
            f" EVerest module {meter.table.module_id}, {meter.read_s * 1000:.1f} ms"
        )
        for block in meter.plan.blocks:
            last = block.address + block.count - 1
            yield (
                f"    function {block.function_code}, registers"
                f" {block.address:#06x}..{last:#06x} ({block.count})"
            )
    yield (
        f"  one tick: {bus.tick_s * 1000:.1f} ms on the wire,"
        f" {bus.tick_s * table.rate_hz:.0%} of it used;"
        f" highest rate {bus.highest_rate_hz:.2f} Hz"
    )


def _plan_meter(meter: MeterTable, wire: Wire) -> MeterPlan:
    profile = registermap.load(meter.model)
    if meter.signing is Signing.METER and not profile.meter.signs:
        raise ProfileError(
            f"meter {meter.name!r}: signing = 'meter', but {meter.model} cannot sign:"
            " use signing = 'none'"
        )
    planned = plan(profile, wire)
    turnaround_s = profile.limits.turnaround_ms / 1000
    return MeterPlan(
        table=meter,
        profile=profile,
        plan=planned,
        read_s=planned.read_s(wire, turnaround_s=turnaround_s),
    )
