# SPDX-License-Identifier: Apache-2.0
"""Bauer BSM-WS36A: where its SunSpec models and their points stand (0-based).

Source: chargeITmobility/bsm-python bdec54e0ca, doc/modbus (registers of the type
BSM-WS36A-H01-1311-0000) and doc/examples (frames of a real meter).
"""

import enum

VENDOR = "BAUER Electronic"
MODEL = "BSM-WS36A-H01-1311-0000"
METER_FIRMWARE = "1.9:32CA:AFF4"
MODULE_FIRMWARE = "f1d3d06"

NO_UINT32, NO_INT16 = 0xFFFF_FFFF, 0x8000
"""What SunSpec writes where there is no number."""

SUNS = 40000

COMMON, AC_METER, SIGNING, HASH, END = 40002, 40090, 40197, 40499, 44291

VENDOR_TEXT, MODEL_TEXT, VERSION_TEXT, SERIAL_TEXT = 40004, 40020, 40044, 40052
EVENTS = 40195
ERROR_TEXT, METER_SERIAL, MODULE_SERIAL = 40199, 40203, 40211
METER_VERSION, MODULE_VERSION = 40219, 40227
ADDRESS_1, ADDRESS_2 = 40235, 40243
RCR, RCR_SCALE, POWER_DOWNS, SIGNATURES = 40251, 40253, 40254, 40256
OPERATING_S, EPOCH, ZONE, EPOCH_SETS, EPOCH_SET_AT = 40258, 40260, 40262, 40263, 40265
INPUTS, OUTPUTS, CHANGES = 40267, 40268, 40269
KEY_WORDS, KEY_BYTES, KEY = 40449, 40450, 40451

META = {40279: 70, 40349: 50, 40399: 50}
"""Meta1, Meta2 and Meta3, and their words."""

MODELS = (
    (COMMON, 1, 66),
    (40070, 10, 4),
    (40076, 17, 12),
    (AC_METER, 203, 105),
    (SIGNING, 64900, 300),
    (HASH, 64902, 20),
    *((40521 + 254 * number, 64901, 252) for number in range(5)),
    *((41791 + 500 * number, 64903, 498) for number in range(5)),
    (END, 0xFFFF, 0),
)
"""Where a model begins, its id, and how many words follow id and length."""

SPAN = range(SUNS, END + 2)

OCMF_WORDS = 496
SIGNATURE_WORDS = 48
ENERGY_SCALE, POWER_SCALE = 1, 1
STEP_WH, STEP_W = 10, 10
"""One count, at these scales."""


class Kind(enum.IntEnum):
    """The five snapshots, by what Typ shows."""

    CURRENT = 0
    TURN_ON = 1
    TURN_OFF = 2
    START = 3
    END = 4

    @property
    def snapshot(self) -> int:
        """Where its model 64901 begins."""
        return 40521 + 254 * self

    @property
    def ocmf(self) -> int:
        """Where its model 64903 begins."""
        return 41791 + 500 * self

    @property
    def reason(self) -> str:
        """OCMF's TX."""
        return "CBEBE"[self]


class Status(enum.IntEnum):
    """What St shows; UPDATING is what a host writes."""

    VALID = 0
    INVALID = 1
    UPDATING = 2
    FAILED_GENERAL = 3
    FAILED_NOT_ENABLED = 4
    FAILED_FEEDBACK = 5


class Event(enum.IntFlag):
    """Bits of Evt that a test may set."""

    POWER_FAILURE = 1 << 2
    MISSING_SENSOR = 1 << 7
    METER_FATAL_ERROR = 1 << 16
    MODULE_INIT_FAILED = 1 << 17
    FIRMWARE_HASH_MISMATCH = 1 << 18
    DEVELOPMENT_MODE = 1 << 19
