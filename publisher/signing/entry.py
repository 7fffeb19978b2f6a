# SPDX-License-Identifier: Apache-2.0
"""One transaction that its meter signed, as the journal keeps it, and its columns."""

import msgspec

from publisher.messages import StartTransactionRequest
from publisher.reading import Kept
from publisher.signing.standing import Lost, Open, Signer

COLUMNS = (
    "number, meter, transaction_id, request, signer, intended_ns, begun_ns,"
    " is_dangling, ended_ns, failure, start_record, record, complaint, delivered_ns,"
    " confirmed_ns"
)
"""What read() takes, in this order."""


class MeterEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction; times are UTC, by the machine's clock.

    number        counts those of this journal, from 1
    request       None: it was found on the meter, and nobody had asked us for it
    begun_ns      when the meter had said that it runs; None: it never did
    ended_ns      when it was written that it is over; None: it is open
    failure       why there is no record
    complaint     why the record does not verify; empty: it does
    delivered_ns  when the record was handed over; None: not yet, or to nobody
    confirmed_ns  when it was known that the meter has let go of the record
    """

    number: int
    meter: str
    transaction_id: str
    request: StartTransactionRequest | None
    signer: Signer
    intended_ns: int | None
    begun_ns: int | None
    is_dangling: bool
    ended_ns: int | None
    failure: str | None
    start_record: str | None
    record: str | None
    complaint: str | None
    delivered_ns: int | None
    confirmed_ns: int | None

    @property
    def open(self) -> Open | None:
        """The transaction, while it is open."""
        if self.ended_ns is not None or self.request is None:
            return None
        return Open(
            request=self.request,
            signer=self.signer,
            is_begun=self.begun_ns is not None,
            start=self.start_record,
            is_dangling=self.is_dangling,
        )

    @property
    def past(self) -> Kept | Lost | None:
        """What it came to, once it is over."""
        if self.record is None:
            reason = self.failure
            if reason is None:
                return None
            return Lost(transaction_id=self.transaction_id, reason=reason)
        return Kept(
            transaction_id=self.transaction_id,
            record=self.record,
            start=self.start_record,
            public_key=self.signer.public_key,
            complaint=self.complaint or "",
        )


def read(row: tuple[object, ...]) -> MeterEntry:
    """Read a row of COLUMNS. msgspec.MsgspecError: it is damaged."""
    number, meter, name, request, signer, intended_ns, begun_ns, is_dangling, *rest = (
        row
    )
    names = COLUMNS.split(", ")[8:]
    content = {
        "number": number,
        "meter": meter,
        "transaction_id": name,
        "request": request
        and msgspec.json.decode(str(request), type=StartTransactionRequest),
        "signer": msgspec.json.decode(str(signer), type=Signer),
        "intended_ns": intended_ns,
        "begun_ns": begun_ns,
        "is_dangling": bool(is_dangling),
        **dict(zip(names, rest, strict=True)),
    }
    return msgspec.convert(content, MeterEntry)
