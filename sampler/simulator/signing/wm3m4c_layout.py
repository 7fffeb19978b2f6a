# SPDX-License-Identifier: Apache-2.0
"""Iskra WM3M4C: where the holding registers stand (manual number less 40000).

Sources: EVerest RsIskraMeter aa8113f909; ModDef iskra-wm3m4 b53a128, of the maker's
manual 2.13; Tinkerforge's charger.
"""

import enum

LOSS_FREE_IMPORT = 6997
STATE = 7000
DURATION = 7001
CONSUMPTION = 7003
SIGNATURES = 7013
START, STOP = 7017, 7021
COMMAND = 7051
STATUS = 7052
ZONE = 7053
TIME = 7054
DATASET_BYTES = 7056
OUTPUT_BYTES = 7057
SIGNATURE_BYTES = 7058
SIGNATURE_FORMAT = 7059
ALGORITHM = 7060
BACKLIGHT = 7061
DISPLAY = 7062
CLOCK_STATUS = 7071
SYNC_TIMEOUT = 7072
UTC_SHOWN = 7073
DATASET = 7100
OUTPUT = 7612
PUBLIC_KEY = 8124
RAW_SIGNATURE = 8156
SIGNATURE = 8188
BINARY_BYTES = 8316

TEXT_WORDS, DISPLAY_WORDS, SIGNATURE_WORDS, RAW_WORDS = 512, 7, 128, 32
LARGEST_REQUEST = 120
ECDSA_SECP256R1 = 4

SPAN = range(6985, BINARY_BYTES + 1)

COUNTED = {"T": (7009, 1), "C": (7010, 1), "f": (7011, 2)}
"""Where and in how many words the meter counts what it was asked for."""

ALLOWED: dict[int, range | frozenset[int]] = {
    ZONE: frozenset({*range(1441), *range((1 << 16) - 1440, 1 << 16)}),
    SIGNATURE_FORMAT: range(2),
    ALGORITHM: frozenset({ECDSA_SECP256R1}),
    CLOCK_STATUS: range(4),
    UTC_SHOWN: range(2),
}
"""The numbers of which only some may be written."""

WRITABLE = frozenset(
    {
        *(COMMAND, ZONE, TIME, TIME + 1, DATASET_BYTES, SIGNATURE_FORMAT, ALGORITHM),
        *(BACKLIGHT, CLOCK_STATUS, SYNC_TIMEOUT, UTC_SHOWN),
        *range(DISPLAY, DISPLAY + DISPLAY_WORDS),
        *range(DATASET, DATASET + TEXT_WORDS),
    }
)


class State(enum.IntEnum):
    """What 7000 shows."""

    IDLE = 0
    ACTIVE = 1
    AFTER_POWER_FAILURE = 2
    AFTER_RESET = 3


class Status(enum.IntEnum):
    """What 7052 shows, as far as this meter gets into it."""

    IDLE = 1
    IN_PROGRESS = 2
    SIGNED = 15
    INVALID_TIME = 128
    INVALID_COMMAND = 130
    INVALID_STATE = 131
    INVALID_FORMAT = 252
    INVALID_SIZE = 253
    SIGNING_FAILED = 254
