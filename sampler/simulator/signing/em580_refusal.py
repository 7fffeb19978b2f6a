# SPDX-License-Identifier: Apache-2.0
"""Carlo Gavazzi EM580: what it does not let be written.

Source: ModDef carlo-gavazzi-em580 d3c8a04 (limits, tariff text); EVerest aa8113f909
(a clock write right after power-up fails, so does B while a file waits). Assumed: the
exception codes, and that the clock is not to be touched while a transaction runs.
"""

from sampler.simulator.frame import ExceptionCode
from sampler.simulator.signing import em580_layout as at
from sampler.simulator.signing import ocmf

_CLOCK = frozenset(range(at.UTC_OFFSET, at.UTC + at.UTC_WORDS))
_TARIFF = frozenset(range(at.TARIFF_TEXT, at.TARIFF_TEXT + at.TARIFF_WORDS))


def refusal(
    values: dict[int, int], *, is_running: bool, can_begin: bool, can_set_clock: bool
) -> ExceptionCode | None:
    """Judge registers and what is to be written to them; None is consent."""
    if not at.WRITABLE.issuperset(values):
        return ExceptionCode.ILLEGAL_ADDRESS
    if not all(value in at.ALLOWED.get(a, (value,)) for a, value in values.items()):
        return ExceptionCode.ILLEGAL_VALUE
    if not _is_time(values):
        return ExceptionCode.ILLEGAL_VALUE
    is_untimely = (
        (not _CLOCK.isdisjoint(values) and (is_running or not can_set_clock))
        or (not _TARIFF.isdisjoint(values) and is_running)
        or (values.get(at.COMMAND) == ord("B") and not can_begin)
    )
    return ExceptionCode.DEVICE_FAILURE if is_untimely else None


def _is_time(values: dict[int, int]) -> bool:
    """Say whether the time, if it is written, is written whole, and is one."""
    words = [values[at.UTC + n] for n in range(at.UTC_WORDS) if at.UTC + n in values]
    seconds = sum(word << 16 * n for n, word in enumerate(words))
    return not words or (len(words) == at.UTC_WORDS and seconds < ocmf.LATEST_S)
