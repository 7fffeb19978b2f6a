# SPDX-License-Identifier: Apache-2.0
"""How OCMF writes an energy, an instant and a text.

Source: OCMF 1.4.1 (2025-01-15). There is no float on the way, because the decimals of
a reading are significant (269.110 kWh is not 269.11), and no character outside
printable ASCII, because a verifier may read the bytes in another encoding than UTF-8.
"""

import re
from datetime import UTC, datetime

from ipc.units import NS_PER_MS, NS_PER_S
from publisher.errors import OcmfError


def energy(energy_mwh: int, *, finest: int, decimals: int) -> str:
    """Write RV: milliwatt-hours in a unit that has `finest` decimals down to them.

    Exactly `decimals` of them are written. A meter that counts in floats gives more
    digits than it means: they are rounded to the nearest (ties up), which never turns
    an increase into a decrease.

    >>> energy(269_109_985, finest=6, decimals=3)  # kWh
    '269.110'
    """
    if energy_mwh < 0:
        raise OcmfError(f"RV: {energy_mwh} mWh: not an energy")
    step = 10 ** (finest - decimals)
    count = (energy_mwh + step // 2) // step
    if decimals == 0:
        return str(count)
    whole, fraction = divmod(count, 10**decimals)
    return f"{whole}.{fraction:0{decimals}d}"


def instant(wall_ns: int, sync: str) -> str:
    """Write TM: UTC, a comma, milliseconds, the offset without a colon, the letter.

    >>> instant(1_787_306_400_123_999_999, "I")
    '2026-08-21T10:00:00,123+0000 I'
    """
    seconds, rest_ns = divmod(wall_ns, NS_PER_S)
    try:
        whole = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        raise OcmfError(f"TM: {seconds} s since 1970: no year of four digits") from None
    date_time = whole.isoformat(timespec="seconds")
    return f"{date_time},{rest_ns // NS_PER_MS:03d}+0000 {sync}"


def ascii_json(json: str) -> str:
    r"""Escape what is not printable ASCII, and the pipe, which ends a section.

    Both stand in strings only, where \uXXXX means the same to every JSON reader.
    """
    return re.sub("[^ -{}~]", _escape, json)  # from blank to ~, without |


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
