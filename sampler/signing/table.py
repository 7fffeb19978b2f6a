# SPDX-License-Identifier: Apache-2.0
"""[transaction] of a profile: where a meter that signs by itself keeps what.

The data says where, the code says how: registers, codes and limits are here, the order
of the requests is in the procedures. Addresses are 0-based, as on the wire.
"""

from typing import Annotated

from msgspec import Meta

from ipc.identification import (
    IdentificationFlag,
    IdentificationLevel,
    IdentificationType,
)
from ipc.toml import Table

Address = Annotated[int, Meta(ge=0, le=0xFFFF)]
Code = Annotated[int, Meta(ge=0, le=0xFFFF)]
FunctionCode = Annotated[int, Meta(ge=3, le=4)]
Words = Annotated[int, Meta(ge=1, le=2048)]
Seconds = Annotated[float, Meta(gt=0, le=120)]


class Span(Table, frozen=True, kw_only=True):
    """Consecutive registers."""

    address: Address
    words: Words

    @property
    def characters(self) -> int:
        """Bytes of a text that ends in a NUL, without it."""
        return 2 * self.words - 1


class CarloGavazziTable(
    Table, frozen=True, kw_only=True, tag_field="kind", tag="carlo-gavazzi"
):
    """kind = "carlo-gavazzi": EM580 and its family.

    model_code    identification code, to be read alone
    not_signing   codes of the family's models that cannot sign
    firmware      of the measuring module and of the communication module
    device_state  bits; what each one means, from bit 0; "" for none
    key_type      0, 1, ...: which of key_bytes the key has; more: no key
    key           SubjectPublicKeyInfo, DER; read as one block
    clock_offset, clock_utc, clock_status  minutes; seconds, low word first; 0 not set
    tariff_text   and the bytes of it that the record holds (OCMF: TT)
    id, place     texts (OCMF: ID, CI)
    flag_groups   codes of each group's flags, in the order of the registers at `flags`
    command       takes the letters B (begin) and E (end) in its low byte
    file_state    0 none, 1 running, 2 ready, 3 corrupted; 0 is written to release it
    file_words    how many of the registers from `file` on the record fills
    begin_s, ready_s  how long a begin, and an end, may take the meter
    """

    function_code: FunctionCode
    largest_read: Annotated[int, Meta(ge=1, le=125)]
    largest_write: Annotated[int, Meta(ge=1, le=123)]
    model_code: Address
    not_signing: list[int]
    serial: Span
    firmware: Address
    device_state: Address
    device_faults: Annotated[list[str], Meta(min_length=16, max_length=16)]
    key_type: Address
    key: Address
    key_bytes: Annotated[list[int], Meta(min_length=1)]
    clock_offset: Address
    clock_utc: Address
    clock_status: Address
    tariff_text: Span
    tariff_bytes: Annotated[int, Meta(ge=40, le=250)]
    is_assigned: Address
    level: Address
    flags: Address
    type: Address
    id: Span
    place_type: Address
    place: Span
    direction: Address
    command: Address
    file_state: Address
    file_words: Address
    file: Span
    begin_s: Seconds
    ready_s: Seconds
    levels: dict[IdentificationLevel, Code]
    flag_groups: Annotated[
        list[dict[IdentificationFlag, Code]], Meta(min_length=4, max_length=4)
    ]
    types: dict[IdentificationType, Code]


class IskraTable(Table, frozen=True, kw_only=True, tag_field="kind", tag="iskra"):
    """kind = "iskra": WM3M4C.

    model, serial, firmware  input registers; signing_model: the type that can sign
    state         0 idle, 1 active, 2 active after a power failure, 3 after a reset
    command       takes a letter in its high byte: B (begin), r (end, with both
                  readings), i (the last one once more)
    status        of the last command: `working` on it, `signed`: there is a record,
                  else what `statuses` says
    device_errors statuses that mean that the device is broken
    utc, offset   seconds, high word first; minutes
    clock_status  0 not set, 1 informative, 2 synchronised
    dataset, dataset_bytes  what is to be signed, and its length
    output, output_bytes    what was signed, and its length
    raw_signature r and s; signature, signature_bytes: the same as the firmware's DER
    signature_format        0: DER
    id_bytes, place_bytes   of the texts ID and CI that it takes
    state_s, sign_s         how long it may take to change its state, and to sign
    """

    model: Span
    signing_model: str
    serial: Span
    firmware: Address
    largest_block: Annotated[int, Meta(ge=1, le=123)]
    state: Address
    command: Address
    status: Address
    working: Code
    signed: Code
    statuses: dict[str, str]
    device_errors: list[int]
    utc: Address
    offset: Address
    clock_status: Address
    dataset_bytes: Address
    dataset: Span
    output_bytes: Address
    output: Span
    key: Address
    raw_signature: Address
    signature_bytes: Address
    signature: Span
    signature_format: Address
    id_bytes: Annotated[int, Meta(ge=1, le=250)]
    place_bytes: Annotated[int, Meta(ge=1, le=250)]
    state_s: Seconds
    sign_s: Seconds


class SnapshotTable(Table, frozen=True, kw_only=True):
    """A snapshot of BSM-WS36A.

    page         how many signatures the meter has made, this one included
    transaction  Meta2, as it was when it was made
    text         the same snapshot as finished OCMF
    """

    status: Address
    page: Address
    transaction: Span
    text: Span


class BauerTable(Table, frozen=True, kw_only=True, tag_field="kind", tag="bauer"):
    """kind = "bauer": BSM-WS36A.

    vendor, model, firmware, serial  texts of SunSpec's common model
    events        bits; what each of the bad ones means
    clock         UTC (2 registers) and offset in minutes, written at once
    clock_drift_s, clock_every_s     it is written only if it is off by more, or after
                  so long: writing wears its memory
    id, transaction, place           texts to be signed (Meta1 to Meta3), each written
                  as a whole
    start, end    the two snapshots; `updating` in its status makes one, and is read
                  until it is made; then 0: valid
    statuses      what the others mean
    public_key    SubjectPublicKeyInfo, DER; its bytes are at key_bytes
    snapshot_s    how long a snapshot may take
    """

    firmware: Span
    serial: Span
    events: Address
    event_faults: dict[str, str]
    clock: Address
    clock_drift_s: Seconds
    clock_every_s: Annotated[float, Meta(ge=3600)]
    id: Span
    transaction: Span
    place: Span
    start: SnapshotTable
    end: SnapshotTable
    updating: Code
    statuses: dict[str, str]
    key_bytes: Address
    public_key: Span
    snapshot_s: Seconds


TransactionTable = CarloGavazziTable | IskraTable | BauerTable
