# SPDX-License-Identifier: Apache-2.0
"""The letter of a time, as true as the kernel's clock."""

import pytest

from publisher.clock_sync import BOOT_ID, ClockSync, kernel_is_synchronised
from publisher.ocmf import Sync


def test_a_clock_is_unknown_then_synchronised_then_informative(tmp_path):
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("3d4f\n")
    says = [False, True, False]
    clock = ClockSync(is_synchronised=lambda: says.pop(0), boot_id=boot_id)
    letters = [clock.sync() for _ in range(3)]
    assert letters == [Sync.UNKNOWN, Sync.SYNCHRONISED, Sync.INFORMATIVE]
    assert clock.boot_id == "3d4f"


@pytest.mark.skipif(not BOOT_ID.exists(), reason="not Linux")
def test_the_real_kernel_answers():
    clock = ClockSync(is_synchronised=kernel_is_synchronised)
    expected = Sync.SYNCHRONISED if kernel_is_synchronised() else Sync.UNKNOWN
    assert clock.sync() is expected
    assert len(clock.boot_id) == 36
