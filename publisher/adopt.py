# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher adopt-key: lets the configured key sign in a journal.

Not needed for the first key of a new journal. Needed for a new key, and for one whose
counter was lost: only a person knows its last number, and none may be used twice.
"""

import argparse
import os
import sys
from pathlib import Path

from ipc import config
from ipc.errors import IpcError
from publisher.errors import PublisherError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("config", type=Path, help="the TOML file")
    parser.add_argument(
        "--first-pagination",
        type=_positive,
        default=1,
        metavar="N",
        help="the number of its next record: one more than its last; a new key: 1",
    )


def run(arguments: argparse.Namespace) -> int:
    """Adopt it; give 0, 1 if the journal counts further already, 2 if it cannot be."""
    try:
        return _adopt(config.load(arguments.config), arguments.first_pagination)
    except (IpcError, PublisherError) as error:
        sys.stderr.write(f"powermeter-publisher: {error}\n")
        return 2


def _adopt(loaded: config.Config, first: int) -> int:
    from publisher import keys  # noqa: PLC0415 - late: the library is heavy
    from publisher.journal import Journal  # noqa: PLC0415 - late, too

    public = keys.configured(loaded.signing, os.environ).public
    with Journal.open(Path(loaded.journal.path)) as journal:
        is_new = journal.add_key(
            public.fingerprint, public_key=public.hex, first_pagination=first
        )
        number = journal.next_pagination(public.fingerprint)
    sys.stdout.write(
        f"public key: {public.hex}\nfingerprint: {public.fingerprint}\n"
        f"next record: T{number}\n"
    )
    if is_new or number == first:
        return 0
    sys.stderr.write(
        f"powermeter-publisher: the journal counts further than {first}: unchanged;"
        f" leave it so, or give --first-pagination {number}\n"
    )
    return 1


def _positive(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: must be a whole number from 1")
    return number
