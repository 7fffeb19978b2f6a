# SPDX-License-Identifier: Apache-2.0
"""From a profile to the kind of meter it describes, and to what commands it."""

from collections.abc import Sequence
from typing import assert_never

from ipc.config import Signing
from sampler.arbiter import Arbiter, Asked, Charge
from sampler.check import BusPlan
from sampler.registermap import Profile
from sampler.signing.bsm import Bsm
from sampler.signing.em580 import Em580
from sampler.signing.table import BauerTable, CarloGavazziTable, IskraTable
from sampler.signing.verbs import Signer
from sampler.signing.wm3m4 import Wm3m4


def arbiter_of(planned: BusPlan, meters: Sequence[Asked]) -> Arbiter:
    """Make what commands the meters that sign by themselves, if any does."""
    charges = {
        meter.table.name: Charge(
            unit_id=meter.table.unit_id,
            turnaround_s=meter.profile.limits.turnaround_ms / 1000,
            signer=signer,
            asked=asked,
        )
        for meter, asked in zip(planned.meters, meters, strict=True)
        if meter.table.signing is Signing.METER
        and (signer := signer_of(meter.profile)) is not None
    }
    return Arbiter(charges, planned.wire)


def signer_of(profile: Profile) -> Signer | None:
    """Give the signer of a model; None if it does not sign."""
    match profile.transaction:
        case CarloGavazziTable() as table:
            return Signer(Em580(table, profile.meter))
        case IskraTable() as table:
            return Signer(Wm3m4(table, profile.meter))
        case BauerTable() as table:
            return Signer(Bsm(table, profile.meter))
        case None:
            return None
        case _:
            assert_never(profile.transaction)
