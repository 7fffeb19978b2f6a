# SPDX-License-Identifier: Apache-2.0
"""Composes the payload of an OCMF record: integers and enums in, its text out.

Source: OCMF 1.4.1 (2025-01-15). What is composed is what is signed and kept: nobody
parses and writes it again.
"""

import enum
from collections.abc import Sequence

import msgspec

from publisher import identification, literal
from publisher.errors import OcmfError
from publisher.messages import StartTransactionRequest

OBIS_IMPORT = "1-0:1.8.0"
"""RI of what we sign: the total of imported active energy (IEC 62056-61)."""


class Sync(enum.StrEnum):
    """TM's last letter: what is known of the clock. R is not ours to claim.

    R would say that the duration was measured by a legally verified clock.
    """

    UNKNOWN = "U"
    INFORMATIVE = "I"
    SYNCHRONISED = "S"


class Cause(enum.StrEnum):
    """TX: why a reading was taken."""

    BEGIN = "B"
    EXCEPTION = "X"
    """The transaction goes on, what follows is unusable as EF says."""
    END = "E"
    LOCAL_END = "L"
    REMOTE_END = "R"
    ABORTED = "A"
    POWER_FAILURE = "P"

    @property
    def is_end(self) -> bool:
        """Whether the transaction is over with this reading."""
        return self not in {Cause.BEGIN, Cause.EXCEPTION}


class Unusable(enum.StrEnum):
    """EF: what of a reading must not be billed."""

    NOTHING = ""
    ENERGY = "E"
    TIME = "t"
    BOTH = "Et"


class MeterState(enum.StrEnum):
    """ST: what the meter, or the lack of it, was like."""

    GOOD = "G"
    NOT_PRESENT = "N"
    TIMEOUT = "T"
    DISCONNECTED = "D"
    LOST = "R"
    MANIPULATED = "M"
    EXCHANGED = "X"
    INCOMPATIBLE = "I"
    OUT_OF_RANGE = "O"
    SUBSTITUTE = "S"
    OTHER = "E"
    READ_ERROR = "F"


class Unit(enum.StrEnum):
    """RU: what RV counts."""

    KWH = "kWh"
    WH = "Wh"

    @property
    def finest(self) -> int:
        """Decimals down to a milliwatt-hour."""
        return 6 if self is Unit.KWH else 3


class CurrentType(enum.StrEnum):
    """RT: what the meter measures."""

    AC = "AC"
    DC = "DC"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of RD.

    wall_ns     UTC, Unix epoch: when the meter was read
    energy_mwh  None if nothing could be read; then a begin or an end is neither
                good nor its energy usable, and an exception has something unusable
    """

    cause: Cause
    wall_ns: int
    sync: Sync
    energy_mwh: int | None
    unusable: Unusable = Unusable.NOTHING
    state: MeterState = MeterState.GOOD


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """How the meter counts: its unit, and the decimals that are significant in it."""

    unit: Unit
    decimals: int
    current: CurrentType = CurrentType.AC

    def __post_init__(self) -> None:
        if not 0 <= self.decimals <= self.unit.finest:
            raise OcmfError(
                f"RV: {self.decimals} decimals of a {self.unit}: from 0 to"
                f" {self.unit.finest} can be counted"
            )


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs and what was read; what is None or empty is left out of the record.

    One of the serial numbers must be there; where one gateway serves several charge
    points, both.
    """

    gateway_id: str | None = None
    gateway_serial: str | None = None
    gateway_version: str | None = None
    meter_vendor: str | None = None
    meter_model: str | None = None
    meter_serial: str | None = None
    meter_firmware: str | None = None
    controller_firmware: str | None = None


def compose(
    *,
    pagination: int,
    source: Source,
    request: StartTransactionRequest,
    register: Register,
    readings: Sequence[Reading],
) -> str:
    """Write the payload of a whole transaction: its begin, its end, one record.

    pagination  n of PG "T<n>", from 1
    readings    in the order of time: one BEGIN, EXCEPTIONs if any, one end
    Raises OcmfError, which names the field.
    """
    if pagination < 1:
        raise OcmfError(f"PG: T{pagination}: the first one is T1")
    _refuse_order(readings)
    user = identification.fields(request)
    content = {
        "FV": _version(user, source),
        **_head(source, pagination),
        **user,
        "RD": [_entry(reading, register) for reading in readings],
    }
    return literal.ascii_json(msgspec.json.encode(content).decode())


def _head(source: Source, pagination: int) -> dict[str, str]:
    if not source.gateway_serial and not source.meter_serial:
        raise OcmfError("GS, MS: neither the gateway's serial number nor the meter's")
    wanted = {
        "GI": source.gateway_id,
        "GS": source.gateway_serial,
        "GV": source.gateway_version,
        "PG": f"T{pagination}",
        "MV": source.meter_vendor,
        "MM": source.meter_model,
        "MS": source.meter_serial,
        "MF": source.meter_firmware,
        "CF": source.controller_firmware,
    }
    bounds = {"CF": 25}
    return {
        name: identification.text(
            name, value, longest=bounds.get(name, identification.LONGEST_TEXT)
        )
        for name, value in wanted.items()
        if value
    }


def _version(user: dict[str, object], source: Source) -> str:
    """Give the lowest version that has every field: S.A.F.E. refuses 1.4."""
    if source.controller_firmware:
        return "1.3"
    return "1.1" if "TT" in user else "1.0"


def _refuse_order(readings: Sequence[Reading]) -> None:
    causes = [reading.cause for reading in readings]
    ends = [cause for cause in causes if cause.is_end]
    if (
        causes[:1] != [Cause.BEGIN]
        or causes.count(Cause.BEGIN) != 1
        or ends != causes[-1:]
    ):
        raise OcmfError(
            f"TX: {''.join(causes) or 'no readings'}: must be one B, any X, and one end"
        )


def _entry(reading: Reading, register: Register) -> dict[str, object]:
    """Write every field of every reading: S.A.F.E. does not carry them over."""
    measured: dict[str, object] = {}
    if reading.energy_mwh is not None:
        value = literal.energy(
            reading.energy_mwh, finest=register.unit.finest, decimals=register.decimals
        )
        measured = {
            "RV": msgspec.Raw(value.encode()),  # a number, and its decimals as they are
            "RI": OBIS_IMPORT,
            "RU": register.unit,
            "RT": register.current,
        }
    elif not _may_lack_energy(reading):
        raise OcmfError("RV: no energy, but EF or ST says that it is good")
    return {
        "TM": literal.instant(reading.wall_ns, reading.sync),
        "TX": reading.cause,
        **measured,
        "EF": reading.unusable,
        "ST": reading.state,
    }


def _may_lack_energy(reading: Reading) -> bool:
    """Whether it reports an error and nothing else."""
    if reading.cause is Cause.EXCEPTION:
        return reading.unusable is not Unusable.NOTHING
    return reading.state is not MeterState.GOOD and "E" in reading.unusable
