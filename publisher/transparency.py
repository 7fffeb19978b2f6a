# SPDX-License-Identifier: Apache-2.0
"""What the transparency software S.A.F.E. would refuse in a well-signed record.

Source: S.A.F.E. 1.4.1, observed on the records in tests/vectors. A customer checks the
bill with it, so what it refuses cannot be billed, whoever signed it.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

_OBIS = re.compile(
    r"([0-9A-Fa-f]{1,2})-([0-9A-Za-z]{1,2}):"
    r"([0-9A-Fa-f]{1,2})\.([0-9A-Fa-f]{1,2})\.([0-9A-Za-z]{1,2})"
    r"(?:[*.]([0-9A-Fa-f]{1,3}))?"
)
_RELEVANT = {"1", "98", "9E"} | {f"{code:X}" for code in range(0xB0, 0xC8)}
_COMPENSATED = {"98", "B1", "B3", "C1", "C3"}
_TOTALS = {"0", "200", "255", "FF"}
_ENDS = frozenset("ELRAP")
_NUMBER = re.compile(r" *(-?[0-9]{1,15}(?:\.[0-9]{1,10})?(?:[eE][+-]?[0-9]{1,2})?) *")
_TM = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}),([0-9]{3})([+-][0-9]{4})"
)
_PER_KWH = {"kWh": Decimal(1), "Wh": Decimal("0.001")}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A reading as any meter may have written it: what is missing is ""."""

    time: str
    sync: str
    cause: str
    value: str
    obis: str
    unit: str
    unusable: str
    state: str

    @property
    def number(self) -> Decimal | None:
        """RV, exactly as written, if it is a number of a sensible size."""
        found = _NUMBER.fullmatch(self.value)
        return Decimal(found[1]) if found else None

    @property
    def channel(self) -> str | None:
        """C of its OBIS code if it is a total energy that may be billed."""
        found = _OBIS.fullmatch(self.obis)
        if found is None or self.number is None:
            return None
        a, _, c, d, _, f = (
            part and part.lstrip("0").upper() for part in found.groups()
        )
        total = found[6] is None or (f or "0") in _TOTALS
        return c if a == "1" and d == "8" and c in _RELEVANT and total else None


def entries(fields: Mapping[str, object]) -> tuple[Entry, ...]:
    """Read RD; ST and RU are those of the reading before where they are missing."""
    found: list[Entry] = []
    listed = fields.get("RD")
    for item in listed if isinstance(listed, list) else ():
        given = item if isinstance(item, dict) else {}
        time, _, sync = _text(given, "TM").partition(" ")
        before = found[-1] if found else None
        entry = Entry(
            time=time,
            sync=sync,
            cause=_text(given, "TX"),
            value=_text(given, "RV"),
            obis=_text(given, "RI"),
            unit=_text(given, "RU") or (before.unit if before else ""),
            unusable=_text(given, "EF"),
            state=_text(given, "ST") or (before.state if before else ""),
        )
        found.append(entry)
    return tuple(found)


def complaints(fields: Mapping[str, object]) -> Iterator[str]:
    """Say each reason for which S.A.F.E. would refuse the record, or not show a time."""
    version = _text(fields, "FV")
    if not re.fullmatch(r"0\.[0-9]|1(\.[0-3])?", version):
        yield f"FV: version {version[:20]!r}: S.A.F.E. 1.4.1 reads up to 1.3"
    pagination = _text(fields, "PG")
    if not pagination:
        yield "PG: there is no pagination"
    readings = entries(fields)
    if not readings or not readings[0].state:
        yield "ST: the first reading does not say how the meter was"
    for number, entry in enumerate(readings, 1):
        if entry.time and _instant(entry) is None:
            yield f"TM: the time of reading {number} is not in OCMF's form: not shown"
    causes = {entry.cause for entry in readings}
    if pagination.startswith("T") and "B" in causes and causes & _ENDS:
        yield from _transaction_complaints(fields, readings)


def _transaction_complaints(
    fields: Mapping[str, object], readings: tuple[Entry, ...]
) -> Iterator[str]:
    """Say what is wrong with a record that has both begin and end."""
    level = _text(fields, "IL")
    if level in {"MISMATCH", "INVALID", "OUTDATED", "UNKNOWN"}:
        yield f"IL: {level}: the customer was not identified"
    begins, ends = _billed(readings)
    if len(begins) != 1 or len(ends) != 1:
        yield (
            f"RD: {len(begins)} begins and {len(ends)} ends of an energy that may be"
            " billed, must be one of each"
        )
        return
    for entry in (begins[0], ends[0]):
        yield from _entry_complaints(entry)
    yield from _order_complaints(begins[0], ends[0])


def _billed(readings: tuple[Entry, ...]) -> tuple[list[Entry], list[Entry]]:
    """Give the begins and the ends that count; compensated registers displace all."""
    counted = [entry for entry in readings if entry.channel]
    if any(entry.channel in _COMPENSATED for entry in counted):
        counted = [entry for entry in counted if entry.channel in _COMPENSATED]
    begins = [entry for entry in counted if entry.cause == "B"]
    ends = [entry for entry in counted if entry.cause in _ENDS]
    return begins, ends


def _entry_complaints(entry: Entry) -> Iterator[str]:
    if entry.state != "G":
        yield f"ST: {entry.state[:10]!r} at {entry.cause}: the meter was not good"
    if "E" in entry.unusable:
        yield f"EF: {entry.unusable[:10]!r} at {entry.cause}: the energy is unusable"
    if not entry.sync:
        yield f"TM: nothing is said of the clock at {entry.cause}"


def _order_complaints(begin: Entry, end: Entry) -> Iterator[str]:
    if begin.sync == "R" and end.sync != "R":
        yield "TM: the clock is relative (R) at the begin, but not at the end"
    started, ended = _instant(begin), _instant(end)
    if started and ended and ended < started:
        yield "TM: the end is before the begin"
    used = _used_kwh(begin, end)
    if used is None:
        yield f"RU: units {begin.unit[:10]!r} and {end.unit[:10]!r}: not kWh or Wh"
    elif used < 0:
        yield "RV: the end is lower than the begin"


def energy_kwh(fields: Mapping[str, object]) -> Decimal | None:
    """Give the energy from begin to end, or None if the record does not tell it."""
    begins, ends = _billed(entries(fields))
    is_transaction = _text(fields, "PG").startswith("T")
    if not is_transaction or len(begins) != 1 or len(ends) != 1:
        return None
    return _used_kwh(begins[0], ends[0])


def _used_kwh(begin: Entry, end: Entry) -> Decimal | None:
    first, last = begin.number, end.number
    if first is None or last is None or not {begin.unit, end.unit} <= set(_PER_KWH):
        return None
    return last * _PER_KWH[end.unit] - first * _PER_KWH[begin.unit]


def _instant(entry: Entry) -> datetime | None:
    found = _TM.fullmatch(entry.time)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(f"{found[1]}.{found[2]}{found[3]}")
    except ValueError:
        return None


def _text(given: Mapping[str, object], name: str) -> str:
    """Give a field as text: some meters write numbers as texts and texts as numbers."""
    value = given.get(name)
    return str(value) if isinstance(value, str | int) else ""
