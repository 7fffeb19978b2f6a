# SPDX-License-Identifier: Apache-2.0
"""What the journal holds of a meter's own transaction, for people to read."""

from collections.abc import Iterator

from publisher.messages import timestamp
from publisher.signing.entry import MeterEntry


def short(entry: MeterEntry) -> str:
    """Give one line: when, which meter, where it stands, EVerest's name for it."""
    at_ns = entry.intended_ns or entry.ended_ns or 0
    return f"{timestamp(at_ns)}  {entry.meter}  -  {stands(entry)}  {_name(entry)}"


def whole(entry: MeterEntry) -> Iterator[str]:
    """Give all that is known of it, line by line."""
    signer = entry.signer
    yield f"transaction  {_name(entry)}"
    yield f"stands       {stands(entry)}"
    yield f"meter        {entry.meter}, {plain(f'{signer.model} {signer.serial}')}"
    for title, at_ns in (
        ("begun", entry.begun_ns),
        ("ended", entry.ended_ns),
        ("delivered", entry.delivered_ns),
        ("confirmed", entry.confirmed_ns),
    ):
        if at_ns is not None:
            yield f"{title:12} {timestamp(at_ns)}"
    if entry.failure is not None:
        yield f"lost         {plain(entry.failure)}"
    if entry.record is not None:
        yield f"verifies     {'yes' if not entry.complaint else plain(entry.complaint)}"
        yield f"key          {signer.public_key}"
    if entry.start_record is not None:
        yield f"start        {entry.start_record}"
    if entry.record is not None:
        yield f"record       {entry.record}"


def stands(entry: MeterEntry) -> str:
    """Say where it stands, in a word or two."""
    if entry.failure is not None:
        return "lost"
    if entry.record is None:
        if entry.is_dangling:
            return "to be ended"
        return "intended" if entry.begun_ns is None else "open"
    verdict = "" if not entry.complaint else ", unverified"
    return ("ended" if entry.delivered_ns is None else "delivered") + verdict


def plain(text: str) -> str:
    """Give a text that cannot move a terminal's cursor."""
    return text.encode("unicode_escape", "surrogatepass").decode()


def _name(entry: MeterEntry) -> str:
    found = "" if entry.request is not None else " (found on the meter)"
    return plain(entry.transaction_id) + found
