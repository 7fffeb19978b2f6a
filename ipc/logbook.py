# SPDX-License-Identifier: Apache-2.0
"""What an entry of a logbook is: the meaning of a log event, for who reads it later."""

from collections.abc import Mapping
from typing import Final

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """A log event explained.

    meaning  what has happened
    remedy   what to do; empty where nothing is to be done
    level    where the code chooses it; empty: it stands in the call
    """

    meaning: str
    remedy: str = ""
    level: str = ""


STATUS_UNWRITABLE: Final[Mapping[str, Entry]] = {
    "status_unwritable": Entry(
        "powermeter-watch and the metrics cannot be told how this process is",
        "make `ring.directory` writable for the service's user",
    )
}
"""Of both processes (statusfile.py)."""
