# SPDX-License-Identifier: Apache-2.0
"""Answers that come late, in order, any time later: none is taken for another's."""

import struct

from hypothesis import assume, given
from hypothesis import strategies as st

from ipc.sample import QUANTITIES, is_present
from sampler.fault import Fault
from sampler.plan import Block
from sampler.reader import PROBES
from tests.sampler.readers import GARBLED, NO_ANSWER, Case, profile_at

LATEST = 7
"""Requests. With four probes, what is confused would be eight requests old."""


class LateLine:
    """A meter that answers in order, each answer some requests late, or never.

    It takes what comes for the answer if the length is right, as RTU has to.
    """

    def __init__(self, releases):
        self.serial = 0
        self._owed: list[tuple[int, Block]] = []
        self._releases = releases

    def read(self, block: Block) -> bytes | Fault:
        self.serial += 1
        self._owed.append((self.serial, block))
        self._owed = self._owed[-LATEST:]
        count = min(next(self._releases, 99), len(self._owed))
        said, self._owed = self._owed[:count], self._owed[count:]
        if not said:
            return NO_ANSWER
        for serial, answered in said:
            if answered.count == block.count:
                # Both the place and the request are in every register.
                return b"".join(
                    struct.pack(">H", (serial % 64) << 10 | (address & 0x3FF))
                    for address in range(
                        answered.address, answered.address + answered.count
                    )
                )
        return GARBLED


@given(
    st.sets(st.integers(0, 900), min_size=3, max_size=20),
    st.lists(st.integers(0, 3), max_size=40),
    st.integers(4, 40),
)
def test_however_late_a_meter_answers_no_value_is_that_of_another_read(
    addresses, releases, largest
):
    profile = profile_at(*sorted(addresses), largest_block=largest)
    line = LateLine(iter(releases))
    case = Case(profile, line.read)
    assume(
        len(case.reader._probes) == PROBES
    )  # with very many blocks every length is taken
    for _ in range(12):
        before = line.serial
        reading = case.read()
        for quantity, register in profile.registers.items():
            value = reading.values.values[QUANTITIES.index(quantity)]
            if is_present(value):
                assert int(value) & 0x3FF == register.address
                asked_now = {
                    serial % 64 for serial in range(before + 1, line.serial + 1)
                }
                assert int(value) >> 10 in asked_now
