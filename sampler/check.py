# SPDX-License-Identifier: Apache-2.0
"""From the configuration to what will run: plans, and whether the wire carries them."""

from collections.abc import Iterator

import msgspec

from ipc.config import BusTable, Config, MeterTable, Parity, Signing
from sampler import lengths, registermap
from sampler.errors import ProfileError, RateError
from sampler.plan import Plan, plan
from sampler.registermap import Profile
from sampler.room import needed_s
from sampler.schedule import Schedule, schedule
from sampler.timetable import Timetable, Turn, timetable
from sampler.wire import Wire


class MeterPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One meter as it will be read.

    plan    everything
    fast    everything but the energies; the same plan if they are always read
    read_s  wire time of the whole plan
    """

    table: MeterTable
    profile: Profile
    schedule: Schedule
    plan: Plan
    fast: Plan
    read_s: float


class BusPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One bus as it will be read.

    tick_s  wire time of the worst tick
    room_s  what must be left behind it for a meter that signs by itself, if there is one
    """

    table: BusTable
    wire: Wire
    meters: tuple[MeterPlan, ...]
    timetable: Timetable
    tick_s: float
    room_s: float

    @property
    def highest_rate_hz(self) -> float:
        """The rate at which the worst tick would leave the wire no rest but the room."""
        return 1 / (self.tick_s + self.room_s)


def wire_of(bus: BusTable) -> Wire:
    """Give the wire of a bus: start bit, 8 data bits, parity, stop bits."""
    parity_bits = bus.parity is not Parity.NONE
    return Wire(baudrate=bus.baudrate, bits=1 + 8 + parity_bits + bus.stopbits)


def plan_bus(bus: BusTable) -> BusPlan:
    """Plan one bus. Raises ProfileError or RateError, each with its remedy."""
    wire = wire_of(bus)
    meters = tuple(
        _plan_meter(meter, schedule(meter, index), wire)
        for index, meter in enumerate(bus.meter)
    )
    turns = [_turn(meter, wire) for meter in meters]
    laid_out = timetable(turns)
    tick_s = laid_out.worst_s
    room_s = max(_room_s(meter, wire) for meter in meters)
    if tick_s * bus.rate_hz > 1:
        raise RateError(
            f"bus {bus.name!r}: rate_hz = {bus.rate_hz:g} asks for more than the wire"
            f" carries: one tick takes {tick_s * 1000:.0f} ms at {bus.baudrate} baud, so"
            f" at most {1 / (tick_s + room_s):.2f} Hz: lower rate_hz, read a meter less"
            " often (every, energy_every), raise the baudrate of line and meter, or put"
            " fewer meters on this bus"
        )
    if room_s and 1 / bus.rate_hz - tick_s < room_s:
        raise RateError(
            f"bus {bus.name!r}: rate_hz = {bus.rate_hz:g} leaves"
            f" {1000 / bus.rate_hz - tick_s * 1000:.0f} ms between two ticks, and the"
            f" transactions of a meter that signs need {room_s * 1000:.0f} ms: lower"
            f" rate_hz to {1 / (tick_s + room_s):.2f} Hz, or raise the baudrate of line"
            " and meter"
        )
    return BusPlan(
        table=bus,
        wire=wire,
        meters=meters,
        timetable=laid_out,
        tick_s=tick_s,
        room_s=room_s,
    )


def _room_s(meter: MeterPlan, wire: Wire) -> float:
    """Give the time that a meter's transactions need between two ticks."""
    if meter.table.signing is not Signing.METER:
        return 0.0
    return needed_s(wire, turnaround_s=meter.profile.limits.turnaround_ms / 1000)


def describe(config: Config, bus: BusPlan) -> Iterator[str]:
    """Give the lines that `check` prints of a bus: what is read, and the timetable."""
    table = bus.table
    yield (
        f"bus {table.name}: {table.port}, {table.baudrate} baud,"
        f" 8{table.parity.value[0].upper()}{table.stopbits},"
        f" {table.rate_hz:g} Hz, ring {config.ring_path(table)}"
    )
    for meter in bus.meters:
        yield from _describe_meter(meter)
    if any(meter.signing is Signing.METER for meter in table.meter):
        yield f"  commands: {config.channel_path(table)}"
    yield from _describe_ticks(bus)
    yield (
        f"  worst tick: {bus.tick_s * 1000:.1f} ms on the wire,"
        f" {bus.tick_s * table.rate_hz:.0%} of it used;"
        f" highest rate {bus.highest_rate_hz:.2f} Hz"
    )


def _describe_meter(meter: MeterPlan) -> Iterator[str]:
    yield (
        f"  meter {meter.table.name}: {meter.table.model}"
        f" ({meter.profile.meter.status.value}), unit {meter.table.unit_id},"
        f" EVerest module {meter.table.module_id}, {meter.read_s * 1000:.1f} ms"
        f"{', signs by itself' if meter.table.signing is Signing.METER else ''}"
    )
    yield from _describe_blocks(meter.plan, meter.profile)
    if meter.fast is not meter.plan:
        yield "    without energies:"
        yield from _describe_blocks(meter.fast, meter.profile)


def _describe_blocks(planned: Plan, profile: Profile) -> Iterator[str]:
    for block in lengths.distinct(planned.blocks, profile):
        last = block.address + block.count - 1
        optional = ", if the meter has them" if block.optional else ""
        yield (
            f"    function {block.function_code}, registers"
            f" {block.address:#06x}..{last:#06x} ({block.count}){optional}"
        )


def _describe_ticks(bus: BusPlan) -> Iterator[str]:
    """Give one line for all ticks that carry the same."""
    cycle = bus.timetable.cycle
    if not bus.timetable.is_whole:
        yield f"  timetable: repeats only after {cycle} ticks; worst tick assumed"
    for row in bus.timetable.rows:
        what = ", ".join(row.what) or "nothing"
        times = f"{row.ticks} of {cycle} ticks, first {row.first}"
        where = times if cycle > 1 else "every tick"
        yield f"  {where}: {what}, {row.wire_s * 1000:.1f} ms"


def _plan_meter(meter: MeterTable, turns: Schedule, wire: Wire) -> MeterPlan:
    profile = registermap.load(meter.model)
    if meter.signing is Signing.METER and not profile.meter.signs:
        raise ProfileError(
            f"meter {meter.name!r}: signing = 'meter', but {meter.model} cannot sign:"
            " use signing = 'gateway' or 'none'"
        )
    planned = plan(profile, wire)
    return MeterPlan(
        table=meter,
        profile=profile,
        schedule=turns,
        plan=planned,
        fast=planned if turns.energy_every == 1 else _fast(meter, profile, wire),
        read_s=_wire_s(planned, profile, wire),
    )


def _fast(meter: MeterTable, profile: Profile, wire: Wire) -> Plan:
    """Plan everything but the energies."""
    registers = {
        quantity: register
        for quantity, register in profile.registers.items()
        if not quantity.is_energy
    }
    if not registers:
        raise ProfileError(
            f"meter {meter.name!r}: energy_every = {meter.energy_every}, but"
            f" {meter.model} has nothing but energies: use every = {meter.energy_every}"
        )
    return plan(msgspec.structs.replace(profile, registers=registers), wire)


def _turn(meter: MeterPlan, wire: Wire) -> Turn:
    return Turn(
        name=meter.table.name,
        schedule=meter.schedule,
        full_s=meter.read_s,
        fast_s=_wire_s(meter.fast, meter.profile, wire),
    )


def _wire_s(planned: Plan, profile: Profile, wire: Wire) -> float:
    """Give the wire time of a plan as it is asked for."""
    turnaround_s = profile.limits.turnaround_ms / 1000
    return sum(
        wire.read_s(block.count, turnaround_s=turnaround_s)
        for block in lengths.distinct(planned.blocks, profile)
    )
