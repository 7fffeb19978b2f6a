# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher verify: checks a record and shows what is in it."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from publisher import record, transparency
from publisher.errors import KeyFileError, KeyMaterialError, PublisherError
from publisher.record import Record, Verdict, Verifier

LONGEST_INPUT = 1_000_000
"""Bytes; thirty times what OCPP carries."""

MOST_READINGS = 100
"""A record with more is shown in part."""

_CAUSES = {
    "B": "begin",
    "C": "during",
    "X": "exception",
    "S": "suspended",
    "T": "tariff change",
    "E": "end",
    "L": "end, local",
    "R": "end, remote",
    "A": "end, aborted",
    "P": "end, power failure",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("record", help="OCMF|...|..., a file with it, or - for stdin")
    parser.add_argument(
        "--public-key",
        required=True,
        metavar="KEY",
        help="SubjectPublicKeyInfo in hex or base64, or a file with it (PEM and DER too)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Verify and print; give 0 if valid, 1 if not, 2 if nothing could be verified."""
    try:
        key = _public_key(arguments.public_key)
        content = _content(arguments.record)
    except PublisherError as error:
        sys.stderr.write(f"powermeter-publisher: {error}\n")
        return 2
    verdict = _verdict(content, key)
    sys.stdout.write("".join(f"{_plain(line)}\n" for line in describe(verdict)))
    return 0 if verdict.is_valid else 1


def describe(verdict: Verdict) -> Iterator[str]:
    """Give the lines that are printed: the verdict, the readings, the warnings.

    The energy is told only where nothing speaks against billing it.
    """
    if verdict.is_valid:
        yield "valid: the signature is this key's and nothing was changed"
    else:
        yield f"NOT VALID: {verdict.reason}"
    if verdict.record is None:
        return
    if not verdict.is_valid:
        yield "what it says, and nobody vouches for:"
    yield from _contents(verdict.record)
    energy = transparency.energy_kwh(verdict.record.fields)
    if verdict.is_valid and not verdict.warnings:
        total = "not told: no begin and end" if energy is None else f"{energy:f} kWh"
        yield f"energy       {total}"
    for warning in verdict.warnings:
        yield f"warning: not for S.A.F.E.: {warning}"


def _contents(found: Record) -> Iterator[str]:
    yield f"algorithm    {found.signature.SA}"
    for title, names in (
        ("pagination", ("PG",)),
        ("gateway", ("GI", "GS", "GV")),
        ("meter", ("MV", "MM", "MS", "MF")),
        ("user", ("IT", "ID", "IL", "IF")),
        ("tariff", ("TT",)),
        ("charge point", ("CT", "CI")),
        ("vendor's U1", ("U1",)),
    ):
        if any(name in found.fields for name in names):
            yield f"{title:12} {_joined(found.fields, names)}"
    readings = transparency.entries(found.fields)
    for entry in readings[:MOST_READINGS]:
        cause = _CAUSES.get(entry.cause, entry.cause)
        unusable = f", unusable: {entry.unusable}" if entry.unusable else ""
        yield (
            f"reading      {entry.time} {entry.sync}  {cause}:"
            f" {entry.value.strip() or 'no value'} {entry.unit}"
            f"  ({entry.obis}, state {entry.state}{unusable})"
        )
    if len(readings) > MOST_READINGS:
        yield f"             and {len(readings) - MOST_READINGS} readings more"


def _joined(fields: Mapping[str, object], names: tuple[str, ...]) -> str:
    values = []
    for name in names:
        value = fields.get(name, "")
        listed = value if isinstance(value, list) else [value]
        values += [str(item)[:250] for item in listed[:20]]
    return " ".join(value for value in values if value)


def _verdict(content: bytes, key: Verifier) -> Verdict:
    if len(content) > LONGEST_INPUT:
        return Verdict(reason=f"longer than {LONGEST_INPUT} bytes: not a record")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return Verdict(reason=f"not UTF-8 text: byte {error.start}")
    return record.verify(text.strip(), key)


def _content(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(LONGEST_INPUT + 1)
    if name.startswith("OCMF|"):
        return name.encode(errors="surrogateescape")
    return _read(name, what="record")


def _public_key(name: str) -> Verifier:
    from publisher.ecdsa import PublicKey  # noqa: PLC0415 - late: the library is heavy

    try:
        return PublicKey.read(name.encode(errors="surrogateescape"))
    except KeyMaterialError:
        content = _read(name, what="public key")
    try:
        return PublicKey.read(content)
    except KeyMaterialError as error:
        raise KeyFileError(f"{name}: {error}") from None


def _read(name: str, *, what: str) -> bytes:
    try:
        with Path(name).open("rb") as file:
            return file.read(LONGEST_INPUT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise KeyFileError(
            f"{name[:100]}: neither a {what} nor a file that can be read: {reason};"
            " give one"
        ) from None


def _plain(line: str) -> str:
    """Give a line that cannot move a terminal's cursor, whatever the record says."""
    return "".join(
        character
        if " " <= character <= "~"
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in line
    )
