# SPDX-License-Identifier: Apache-2.0
"""Bauer BSM-WS36A: a snapshot in its three forms: registers, what is signed, OCMF.

Source: chargeITmobility/bsm-python bdec54e0ca, doc/examples/snapshots.md (points, and
the abstract form with its published digest), and the record in doc/examples/data.
"""

import struct

import msgspec

from sampler.simulator.signing import der, ocmf
from sampler.simulator.signing.bsm_layout import (
    ENERGY_SCALE,
    METER_FIRMWARE,
    MODEL,
    MODULE_FIRMWARE,
    NO_INT16,
    NO_UINT32,
    POWER_SCALE,
    STEP_WH,
    VENDOR,
    Kind,
)
from sampler.simulator.signing.signer import Signer

_NO_UNIT, _MINUTE, _SECOND, _WATT, _WATT_HOUR = 255, 6, 7, 27, 30  # DLMS


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken; energies and power in the units of their scale.

    utc_s, zone_min  None while the clock is not set
    """

    kind: Kind
    since_on: int
    imported: int
    power: int
    serial: str
    number: int
    operating_s: int
    utc_s: int | None
    zone_min: int | None
    clock_sets: int
    clock_set_at_s: int
    inputs: int
    outputs: int
    metas: tuple[str, str, str]
    events: int

    @property
    def words(self) -> bytes:
        """The registers from RCR to Evt."""
        head = struct.pack(
            ">IIhhh",
            *(self.since_on, self.imported, ENERGY_SCALE, self.power, POWER_SCALE),
        )
        counts = struct.pack(
            ">IIIHIIHH",
            *(self.number, self.operating_s, self._epoch, self._zone % (1 << 16)),
            *(self.clock_sets, self.clock_set_at_s, self.inputs, self.outputs),
        )
        texts = b"".join(
            _bytes(meta).ljust(size, b"\0")
            for meta, size in zip(self.metas, (140, 100, 100), strict=True)
        )
        serial = _bytes(self.serial).ljust(16, b"\0")
        return head + serial + counts + texts + self.events.to_bytes(4)

    @property
    def message(self) -> bytes:
        """The abstract form, of which the snapshot's own signature is made."""
        return b"".join(
            (
                _number(self.kind),
                _number(self.since_on, ENERGY_SCALE, _WATT_HOUR),
                _number(self.imported, ENERGY_SCALE, _WATT_HOUR),
                _number(self.power, POWER_SCALE, _WATT),
                _text(self.serial),
                _number(self.number),
                _number(self.operating_s, 0, _SECOND),
                _number(self._epoch, 0, _SECOND),
                _number(self._zone, 0, _MINUTE),
                _number(self.clock_sets),
                _number(self.clock_set_at_s, 0, _SECOND),
                _number(self.inputs),
                _number(self.outputs),
                *map(_text, self.metas),
                _number(self.events),
            )
        )

    @property
    def payload(self) -> str:
        """What is signed of the OCMF record."""
        is_good = not self.events and self.utc_s is not None
        user, place, software = map(ocmf.quoted, self.metas)
        return (
            f'{{"FV":"1.0","GI":"{VENDOR} {MODEL}","GS":"{self.serial}"'
            f',"GV":"{METER_FIRMWARE}, {MODULE_FIRMWARE}","PG":"T{self.number}"'
            f',"MV":"{VENDOR}","MM":"{MODEL}","MS":"{self.serial}"'
            f',"IS":true,"IT":"UNDEFINED","ID":{user},"X2":{place},"X3":{software}'
            f',"RD":[{{"TM":"{self._time}","TX":"{self.kind.reason}"'
            f',"RV":{_kwh(self.since_on)},"RI":"1-0:1.8.0*198","RU":"kWh"'
            f',"XV":{_kwh(self.imported)},"XI":"1-0:1.8.0*255","XU":"kWh"'
            f',"XT":{self.kind:d},"RT":"AC","EF":"{"" if is_good else "Et"}"'
            f',"ST":"{"G" if is_good else "E"}"}}]}}'
        )

    def record(self, signer: Signer) -> bytes:
        """Give the OCMF record."""
        signed = ocmf.signed_bytes(self.payload)
        signature = der.signature(signer.sign(signed)).hex()
        tail = f'{{"SA":"ECDSA-secp256r1-SHA256","SD":"{signature}"}}'
        return b"OCMF|" + signed + b"|" + tail.encode()

    @property
    def _epoch(self) -> int:
        return NO_UINT32 if self.utc_s is None else self.utc_s

    @property
    def _zone(self) -> int:
        return NO_INT16 - (1 << 16) if self.zone_min is None else self.zone_min

    @property
    def _time(self) -> str:
        letter = "U" if self.utc_s is None else "S"
        return ocmf.time(self.utc_s or 0, offset_min=self.zone_min or 0, letter=letter)


def _number(value: int, scale: int = 0, unit: int = _NO_UNIT) -> bytes:
    return (value % (1 << 32)).to_bytes(4) + struct.pack(">bB", scale, unit)


def _text(text: str) -> bytes:
    data = _bytes(text)
    return len(data).to_bytes(4) + data


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _kwh(count: int) -> str:
    return ocmf.kwh(count * STEP_WH, places=2)
