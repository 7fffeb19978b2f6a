# SPDX-License-Identifier: Apache-2.0
"""From the plan of a bus to its meters, ready to be read."""

from ipc.clock import Clock
from sampler.check import BusPlan, MeterPlan
from sampler.fault import Bus
from sampler.meter import Meter
from sampler.patience import LONGEST_WAIT_ALONE_S, LONGEST_WAIT_S, Patience
from sampler.plausibility import Gate
from sampler.reader import Reader


def meters_of(planned: BusPlan, *, bus: Bus, clock: Clock) -> list[Meter]:
    """Make every meter of the bus, in the order of the configuration."""
    is_alone = len(planned.meters) == 1
    longest_wait_s = LONGEST_WAIT_ALONE_S if is_alone else LONGEST_WAIT_S
    return [
        Meter(
            index=index,
            table=meter.table,
            plan=meter.plan,
            bus=bus,
            clock=clock,
            reader=_reader(meter, bus),
            schedule=meter.schedule,
            gate=Gate(meter.profile.registers),
            patience=Patience(longest_wait_s=longest_wait_s),
        )
        for index, meter in enumerate(planned.meters)
    ]


def _reader(meter: MeterPlan, bus: Bus) -> Reader:
    return Reader(
        unit_id=meter.table.unit_id,
        bus=bus,
        plan=meter.plan,
        fast=meter.fast,
        profile=meter.profile,
    )
