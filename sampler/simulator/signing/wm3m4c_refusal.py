# SPDX-License-Identifier: Apache-2.0
"""Iskra WM3M4C: the commands it knows, and when it does not obey.

Sources: the maker's manual, pages 12, 32, 37, 38; Tinkerforge's charger ("i").
Assumed: that after a power failure a command without clock and dataset is in an
invalid state, and that an output longer than its registers is of an invalid size.
The command "h" (sign a held value) is not simulated, and unknown here.
"""

from sampler.simulator.signing import wm3m4c_dataset
from sampler.simulator.signing.wm3m4c_layout import State, Status

ENDS = "ELRAPr"
MEANWHILE = "CXTS"
LETTERS = f"B{ENDS}{MEANWHILE}fi"


def refusal(
    word: int, *, state: State, has_charge: bool, has_time: bool, dataset: bytes
) -> Status | None:
    """Judge a command, whose letter is in the high byte; None is consent."""
    letter = chr(word >> 8)
    if word & 0xFF or letter not in LETTERS:
        return Status.INVALID_COMMAND
    has_forgotten = state is State.AFTER_POWER_FAILURE and not (has_time and dataset)
    if has_forgotten or not _fits(letter, state, has_charge=has_charge):
        return Status.INVALID_STATE
    if not has_time:
        return Status.INVALID_TIME
    if not 0 < len(dataset) <= wm3m4c_dataset.MOST_BYTES:
        return Status.INVALID_SIZE
    return None if wm3m4c_dataset.is_strict(dataset) else Status.INVALID_FORMAT


def _fits(letter: str, state: State, *, has_charge: bool) -> bool:
    match letter:
        case "f":
            return True
        case "i":
            return state is State.IDLE and has_charge
        case "B":
            return state is State.IDLE
        case _:
            return state is not State.IDLE
