# SPDX-License-Identifier: Apache-2.0
"""One transaction as the journal keeps it, and the columns it is kept in."""

import msgspec

from publisher.ending import Ending
from publisher.messages import StartTransactionRequest
from publisher.reading import Finished, MeterReading, Open

COLUMNS = (
    "number, meter, request, begin, is_dangling, ending, fingerprint, pagination,"
    " record, delivered_ns"
)
"""What read() takes, in this order."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction; from `ending` on None while it is open.

    number        counts the transactions of this journal, from 1
    delivered_ns  when its record was handed over (UTC); None: not yet, or to nobody
    """

    number: int
    meter: str
    open: Open
    ending: Ending | None
    fingerprint: str | None
    pagination: int | None
    record: str | None
    delivered_ns: int | None

    @property
    def transaction_id(self) -> str:
        """EVerest's name for it."""
        return self.open.transaction_id


def read(row: tuple[object, ...]) -> Entry:
    """Read a row of COLUMNS. msgspec.MsgspecError: it is damaged."""
    number, meter, request, begin, is_dangling, ending, *rest = row
    fingerprint, pagination, record, delivered_ns = rest
    begun = Open(
        request=msgspec.json.decode(str(request), type=StartTransactionRequest),
        begin=msgspec.json.decode(str(begin), type=MeterReading),
        is_dangling=bool(is_dangling),
    )
    content = {
        "number": number,
        "meter": meter,
        "open": begun,
        "ending": ending and msgspec.json.decode(str(ending), type=Ending),
        "fingerprint": fingerprint,
        "pagination": pagination,
        "record": record,
        "delivered_ns": delivered_ns,
    }
    return msgspec.convert(content, Entry)


def finished(
    transaction_id: str, record: str, pagination: int, public_key: str
) -> Finished:
    """Give what is told of a finished transaction."""
    return Finished(
        transaction_id=transaction_id,
        record=record,
        pagination=pagination,
        public_key=public_key,
    )


def written(value: msgspec.Struct) -> str:
    """Give the text of a column that holds a Struct."""
    return msgspec.json.encode(value).decode()
