# SPDX-License-Identifier: Apache-2.0
"""What must hold before we tell EVerest that the whole chain is good.

`communication_check = true` is sent only while this says so. Otherwise silence:
EVerest takes a `false` not for a fault but for the end of its supervision.
"""

import msgspec

RECOVERED_AFTER = 3
"""Good samples in a row after a loss: a meter that answers now and then is not well."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one meter's chain. `reason` is empty when it is good."""

    reason: str

    @property
    def is_good(self) -> bool:
        """Whether EVerest may be told that all is well."""
        return not self.reason


def judge(
    *,
    writer_runs: bool,
    newest_good_age_s: float | None,
    fresh_s: float,
    trouble: str = "",
    is_recovering: bool = False,
) -> Health:
    """Judge one meter.

    writer_runs        the sampler process of its bus is alive and writing
    newest_good_age_s  age of its newest good sample, None if there was none yet
    fresh_s            the greatest age that still counts as measured now
    trouble            why EVerest's requests cannot be served; empty if they can
    is_recovering      it was lost, and RECOVERED_AFTER are not in a row yet
    """
    if not writer_runs:
        return Health(reason="sampler is not running")
    if newest_good_age_s is None:
        return Health(reason="no good sample yet")
    if newest_good_age_s > fresh_s:
        return Health(reason=f"newest good sample is older than {fresh_s:g} s")
    if trouble:
        return Health(reason=trouble)
    if is_recovering:
        return Health(reason=f"recovering: not {RECOVERED_AFTER} good in a row yet")
    return Health(reason="")
