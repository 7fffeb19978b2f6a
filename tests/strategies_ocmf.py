# SPDX-License-Identifier: Apache-2.0
"""Transactions for tests: any that can be composed, and one that is always the same."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from ipc.identification import (
    IdentificationFlag,
    IdentificationLevel,
    IdentificationStatus,
    IdentificationType,
)
from publisher import ocmf, record
from publisher.ecdsa import SigningKey
from publisher.messages import StartTransactionRequest
from publisher.ocmf import (
    Cause,
    CurrentType,
    MeterState,
    Reading,
    Register,
    Source,
    Sync,
    Unit,
    Unusable,
)

REQUEST = StartTransactionRequest(
    evse_id="DE*ABC*E0001*1",
    transaction_id="5f1e5b3c-6d3f-4b0e-9a55-6f5b3c6d3f4b",
    identification_status=IdentificationStatus.ASSIGNED,
    identification_flags=[
        IdentificationFlag.RFID_PLAIN,
        IdentificationFlag.OCPP_NONE,
        IdentificationFlag.ISO15118_NONE,
        IdentificationFlag.PLMN_NONE,
    ],
    identification_type=IdentificationType.ISO14443,
    identification_level=IdentificationLevel.HEARSAY,
    identification_data="1F2D3A4F5506C7",
    tariff_text="0.49 EUR/kWh",
)
SOURCE = Source(
    gateway_id="gateway proto",
    gateway_serial="GW-0001",
    gateway_version="0.1.0",
    meter_vendor="Eastron",
    meter_model="SDM630",
    meter_serial="12345678",
    meter_firmware="1.22",
)
REGISTER = Register(unit=Unit.KWH, decimals=3)
BEGIN = Reading(
    cause=Cause.BEGIN,
    wall_ns=1_765_969_756_000_000_000,  # 2025-12-17T11:09:16 UTC
    sync=Sync.SYNCHRONISED,
    energy_mwh=268_978_000,
)
END = Reading(
    cause=Cause.END,
    wall_ns=1_765_971_030_250_000_000,
    sync=Sync.SYNCHRONISED,
    energy_mwh=269_110_000,
)
PARTS: dict[str, Any] = {
    "pagination": 17,
    "source": SOURCE,
    "request": REQUEST,
    "register": REGISTER,
    "readings": (BEGIN, END),
}
"""What compose() takes, for a transaction that everybody accepts."""


def signed(key: SigningKey, **changes: Any) -> str:
    """Compose the usual transaction with something in it changed, and sign it."""
    return record.sign(composed(**changes), key)


def composed(**changes: Any) -> str:
    """Compose the usual transaction with something in it changed."""
    return ocmf.compose(**PARTS | changes)


changed = msgspec.structs.replace
"""Give a Struct with something in it changed."""


def asked(**changes: Any) -> StartTransactionRequest:
    """Give the usual request with something in it changed."""
    return changed(REQUEST, **changes)


LATEST_NS = 253_402_300_800 * 10**9 - 1
"""The last nanosecond of the year 9999."""

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=100)
INSTANTS = st.integers(0, LATEST_NS)
ENERGIES = st.integers(0, 10**15)

_FREE_TYPES = (
    IdentificationType.NONE,
    IdentificationType.UNDEFINED,
    IdentificationType.CENTRAL,
    IdentificationType.LOCAL,
    IdentificationType.KEY_CODE,
)


def _flags() -> st.SearchStrategy[list[IdentificationFlag]]:
    return st.lists(
        st.sampled_from(IdentificationFlag),
        max_size=4,
        unique_by=lambda flag: flag.partition("_")[0],
    )


def requests() -> st.SearchStrategy[StartTransactionRequest]:
    """Any request that has its place in a record."""
    return st.builds(
        StartTransactionRequest,
        evse_id=TEXTS,
        transaction_id=TEXTS,
        identification_status=st.sampled_from(IdentificationStatus),
        identification_flags=_flags(),
        identification_type=st.sampled_from(_FREE_TYPES),
        identification_level=st.none() | st.sampled_from(IdentificationLevel),
        identification_data=st.none() | TEXTS.map(lambda text: text[:40]),
        tariff_text=st.none()
        | st.text(st.characters(exclude_categories=("Cs",)), max_size=250),
    )


def sources() -> st.SearchStrategy[Source]:
    return st.builds(
        Source,
        gateway_id=st.none() | TEXTS,
        gateway_serial=TEXTS.filter(bool),
        meter_vendor=st.none() | TEXTS,
        meter_serial=st.none() | TEXTS,
        controller_firmware=st.none() | TEXTS.map(lambda text: text[:25]),
    )


def registers() -> st.SearchStrategy[Register]:
    return st.sampled_from(Unit).flatmap(
        lambda unit: st.builds(
            Register,
            unit=st.just(unit),
            decimals=st.integers(0, unit.finest),
            current=st.sampled_from(CurrentType),
        )
    )


def readings(cause: st.SearchStrategy[Cause]) -> st.SearchStrategy[Reading]:
    """Any reading that was taken, and any that could not be."""
    common = {"cause": cause, "wall_ns": INSTANTS, "sync": st.sampled_from(Sync)}
    taken = st.builds(
        Reading,
        energy_mwh=ENERGIES,
        unusable=st.sampled_from(Unusable),
        state=st.sampled_from(MeterState),
        **common,
    )
    missed = st.builds(
        Reading,
        energy_mwh=st.none(),
        unusable=st.sampled_from((Unusable.ENERGY, Unusable.BOTH)),
        state=st.sampled_from([*MeterState][1:]),
        **common,
    )
    return taken | missed


def transactions() -> st.SearchStrategy[dict[str, Any]]:
    """Give what compose() takes."""
    ends = st.sampled_from([cause for cause in Cause if cause.is_end])
    return st.fixed_dictionaries(
        {
            "pagination": st.integers(1, 10**9),
            "source": sources(),
            "request": requests(),
            "register": registers(),
            "readings": st.tuples(
                readings(st.just(Cause.BEGIN)),
                st.lists(readings(st.just(Cause.EXCEPTION)), max_size=2),
                readings(ends),
            ).map(lambda parts: (parts[0], *parts[1], parts[2])),
        }
    )
