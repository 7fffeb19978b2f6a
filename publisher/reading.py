# SPDX-License-Identifier: Apache-2.0
"""What a transaction is made of: what the meter showed, the open and the finished.

The energy is the meter's own integer, from its register to the signed record; no
float ever touches it.
"""

import msgspec

from publisher.messages import StartTransactionRequest
from publisher.ocmf import Sync


class MeterIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Which meter measured; the serial is what tells two of them apart."""

    vendor: str
    model: str
    serial: str
    firmware: str = ""


class MeterReading(msgspec.Struct, frozen=True, kw_only=True):
    """The import register at one instant, and all that says how true it is.

    energy_mwh  milliwatt-hours imported, as the meter counts
    wall_ns     UTC, Unix epoch, as the machine's clock was then
    mono_ns     the same instant on CLOCK_MONOTONIC, comparable within one boot
    boot_id     which boot of the machine that was
    sync        whether the kernel held its clock for synchronised
    """

    energy_mwh: int
    wall_ns: int
    mono_ns: int
    boot_id: str
    sync: Sync
    meter: MeterIdentity


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that has begun and not ended.

    is_dangling  EVerest asked for the end of everything and was told OK: nobody
                 waits for its end any more, it only has to be ended truly
    """

    request: StartTransactionRequest
    begin: MeterReading
    is_dangling: bool = False

    @property
    def transaction_id(self) -> str:
        """EVerest's name for it."""
        return self.request.transaction_id


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that has ended: its record as it was signed, byte for byte.

    public_key  of the key that signed it, which may be another than today's
    """

    transaction_id: str
    record: str
    pagination: int
    public_key: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that its meter signed: its record byte for byte as it was read.

    start       of a meter that signs its begin apart: that record
    public_key  of the meter that signed it; empty: it told none
    complaint   why the record does not verify against that key; empty: it does
    """

    transaction_id: str
    record: str
    start: str | None
    public_key: str
    complaint: str
