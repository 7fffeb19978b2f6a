# SPDX-License-Identifier: Apache-2.0
"""Iskra WM3M4C: the strict form of what is written to it, and what it makes of that.

Sources: ModDef iskra-wm3m4 b53a128; Tinkerforge's charger (GV may be missing, CF may
stand between ID and CT); the record in S.A.F.E.'s tests (no IF; values, EF "t").
A '|' is taken as it comes, and breaks the record. No length but the whole is checked:
what the meter itself allows is not public.
"""

import re

import msgspec

from sampler.simulator.signing import der, ocmf, words
from sampler.simulator.signing.signer import Signer
from sampler.simulator.signing.wm3m4c_live import FIRMWARE, MODEL

MOST_BYTES = 1024

_TEXT = r'"(?:[^"\\\x00-\x1F]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*"'
_FLAG = '"(?:' + "|".join(flag for group in words.FLAGS for flag in group) + ')"'
_STRICT = re.compile(
    rf'(\{{"FV":"1\.[0-4]","GI":{_TEXT},"GS":{_TEXT}(?:,"GV":{_TEXT})?)'
    r',"PG":"","MV":"","MM":"","MS":"","MF":""'
    rf'(,"IS":(?:true|false)(?:,"IF":\[(?:{_FLAG}(?:,{_FLAG})*)?\])?'
    rf',"IT":"(?:{"|".join(words.TYPES)})","ID":{_TEXT}(?:,"CF":{_TEXT})?'
    rf',"CT":"(?:{"|".join(words.PLACES)})","CI":{_TEXT}),"RD":\[\]\}}'
)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The counter at one instant, and why it was looked at (TX; none is fiscal)."""

    time: str
    reason: str | None
    import_wh: int

    @property
    def text(self) -> str:
        """As it stands in RD."""
        reason = f',"TX":"{self.reason}"' if self.reason else ""
        return (
            f'{{"TM":"{self.time}"{reason},"RV":{ocmf.kwh(self.import_wh, places=2)}'
            ',"RI":"1-b:1.8.0","RU":"kWh","RT":"AC","EF":"t","ST":"G"}'
        )


def is_strict(dataset: bytes) -> bool:
    """Say whether the meter takes it: order, blanks, empty strings, words."""
    return _STRICT.fullmatch(dataset.decode("latin-1")) is not None


def output(dataset: bytes, *, page: str, serial: str, readings: list[Reading]) -> bytes:
    """Fill a strict dataset: this is what is signed."""
    found = _STRICT.fullmatch(dataset.decode("latin-1"))
    if found is None:
        raise ValueError("no strict dataset: ask is_strict() first")
    gateway, user = found.groups()
    meter = (
        f',"PG":"{page}","MV":"Iskra","MM":"{MODEL}","MS":"{serial}"'
        f',"MF":"{FIRMWARE // 100}.{FIRMWARE % 100:02}"'
    )
    taken = ",".join(reading.text for reading in readings)
    return f'{gateway}{meter}{user},"RD":[{taken}]}}'.encode("latin-1")


def signature(
    signer: Signer, message: bytes, *, superfluous: int
) -> tuple[bytes, bytes]:
    """Sign; give r and s as they are, and as DER."""
    rs = signer.sign(message)
    return signer.raw(rs), der.signature(rs, superfluous=superfluous)
