# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher transactions: shows what the journal holds; writes nothing."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ipc import config
from ipc.errors import IpcError
from publisher.contents import AnyEntry
from publisher.entry import Entry
from publisher.errors import PublisherError
from publisher.journal import read_only
from publisher.messages import timestamp
from publisher.signing.showing import plain, short, whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    actions = parser.add_subparsers(dest="action", required=True)
    for name, what in (
        ("list", "one line a transaction, oldest first"),
        ("show", "all that is known of a transaction"),
        ("export", "the signed records, one a line, oldest first"),
    ):
        action = actions.add_parser(name, help=what, description=what)
        action.add_argument("config", type=Path, help="the TOML file")
        if name == "show":
            action.add_argument("transaction_id", help="EVerest's name for it")
        action.add_argument("--json", action="store_true", help="one object a line")


def run(arguments: argparse.Namespace) -> int:
    """Print; give 0, 1 if there is none of the id, 2 if the journal cannot be read."""
    wanted: str | None = getattr(arguments, "transaction_id", None)
    is_found = False
    try:
        loaded = config.load(arguments.config)
        with read_only(Path(loaded.journal.path)) as look:
            for entry in look():
                if wanted is not None and entry.transaction_id != wanted:
                    continue
                is_found = True
                for line in _lines(entry, arguments):
                    sys.stdout.write(f"{line}\n")
    except (IpcError, PublisherError) as error:
        sys.stderr.write(f"powermeter-publisher: {error}\n")
        return 2
    if wanted is not None and not is_found:
        sys.stderr.write(
            f"powermeter-publisher: {plain(wanted)}: no transaction of this id;"
            " `transactions list` shows those there are: choose one\n"
        )
        return 1
    return 0


def _lines(entry: AnyEntry, arguments: argparse.Namespace) -> Iterator[str]:
    if arguments.action == "export" and entry.record is None:
        return
    if arguments.json:
        yield msgspec.json.encode(entry).decode("ascii", "backslashreplace")
    elif arguments.action == "export":
        yield entry.record or ""
    elif arguments.action == "show":
        yield from _whole(entry) if isinstance(entry, Entry) else whole(entry)
    else:
        yield _short(entry) if isinstance(entry, Entry) else short(entry)


def _short(entry: Entry) -> str:
    begin = timestamp(entry.open.begin.wall_ns)
    number = "-" if entry.pagination is None else f"T{entry.pagination}"
    name = plain(entry.open.transaction_id)
    return f"{begin}  {entry.meter}  {number}  {_stands(entry)}  {name}"


def _stands(entry: Entry) -> str:
    if entry.record is None:
        return "to be ended" if entry.open.is_dangling else "open"
    return "ended" if entry.delivered_ns is None else "delivered"


def _whole(entry: Entry) -> Iterator[str]:
    begin, end = entry.open.begin, entry.ending
    yield f"transaction  {plain(entry.open.transaction_id)}"
    yield f"stands       {_stands(entry)}"
    yield f"meter        {entry.meter}, serial {plain(begin.meter.serial)}"
    yield f"begin        {timestamp(begin.wall_ns)} {begin.sync}  {begin.energy_mwh} mWh"
    if end is not None:
        energy = "no energy" if end.energy_mwh is None else f"{end.energy_mwh} mWh"
        yield (
            f"end          {timestamp(end.reading.wall_ns)} {end.reading.sync}  {energy}"
            f"  (TX {end.cause}, EF {end.unusable or '-'}, ST {end.state})"
        )
    if entry.delivered_ns is not None:
        yield f"delivered    {timestamp(entry.delivered_ns)}"
    if entry.record is not None:
        yield f"key          {entry.fingerprint}"
        yield f"record       {entry.record}"
