# SPDX-License-Identifier: Apache-2.0
"""Carlo Gavazzi EM580: where the registers of identity, clock and transaction stand.

Sources: EVerest CarloGavazzi_EM580 aa8113f909; ModDef carlo-gavazzi-em580 d3c8a04.
"""

from sampler.simulator.signing import words

IDENTIFICATION_CODE = 0x000B  # when read alone
SIGNED_MAP = 0x0800
KEY_TYPE = 0x24FF
KEY_POINT = 0x2500
KEY_SPKI = 0x2600
SERIAL_NUMBER = 0x5000
PRODUCTION_YEAR = 0x5007
DEVICE_STATE = 0x5012
TARIFF_TEXT = 0x6900
TARIFF_UPDATE = 0x69CC
ID_SOURCE = 0x6F00
EXTERNAL_ID = 0x6F01
IS = 0x7000
IL = 0x7001
IF = 0x7002
IT = 0x7006
ID = 0x7007
CT = 0x701B
CI = 0x701C
UTC_OFFSET = 0x7031
UTC = 0x7032
DIRECTION = 0x7036
COMMAND = 0x7040
CHARGING_STATUS = 0x7045
END_DURATION = 0x7050
LAST_ID = 0x7059
CLOCK_STATUS = 0x7060
FILE_STATE = 0x7100
FILE_WORDS = 0x7101
LAST_NUMBER = 0x7102
FILE = 0x7110
SESSION = 0x7A00

TARIFF_WORDS, SERIAL_WORDS, ID_WORDS, LAST_ID_WORDS = 126, 7, 20, 7
UTC_WORDS, FILE_MOST_WORDS, SESSION_WORDS = 4, 2031, 12

SPANS = (
    range(SIGNED_MAP, SIGNED_MAP + 61 + 48),
    range(KEY_TYPE, KEY_POINT + 49),
    range(KEY_SPKI, KEY_SPKI + 62),
    range(SERIAL_NUMBER, DEVICE_STATE + 1),
    range(TARIFF_TEXT, TARIFF_UPDATE + 1),
    range(ID_SOURCE, EXTERNAL_ID + 7),
    range(IS, CLOCK_STATUS + 1),
    range(FILE_STATE, FILE + FILE_MOST_WORDS),
    range(SESSION, SESSION + SESSION_WORDS),
)

TYPES = dict(
    zip(
        (0, 1, 2, 10, 11, 20, 21, 30, 40, 50, 60, 61, 62, 70, 71, 72, 80, 90),
        words.TYPES,
        strict=True,
    )
)
"""IT, by the value of its register; IL, IF and CT count from 0."""

ALLOWED: dict[int, range | frozenset[int]] = {
    TARIFF_UPDATE: range(1 << 16),  # its meaning is not public
    ID_SOURCE: range(2),
    IS: range(2),
    IL: range(len(words.LEVELS)),
    **{IF + number: range(len(group)) for number, group in enumerate(words.FLAGS)},
    IT: frozenset(TYPES),
    CT: range(len(words.PLACES)),
    UTC_OFFSET: frozenset({*range(1441), *range((1 << 16) - 1440, 1 << 16)}),
    DIRECTION: range(3),
    COMMAND: frozenset(map(ord, "BEA")),
    FILE_STATE: range(1),
}
"""The numbers that may be written, and what they may be."""

WRITABLE = frozenset(
    {
        *ALLOWED,
        *range(TARIFF_TEXT, TARIFF_TEXT + TARIFF_WORDS),
        *range(EXTERNAL_ID, EXTERNAL_ID + LAST_ID_WORDS),
        *range(ID, ID + ID_WORDS),
        *range(CI, CI + ID_WORDS),
        *range(UTC, UTC + UTC_WORDS),
    }
)
