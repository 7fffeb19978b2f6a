# SPDX-License-Identifier: Apache-2.0
"""Samples for tests: any at all, and ones whose content follows from a number."""

import math
import struct

from hypothesis import strategies as st
from msgspec.structs import astuple

from ipc.sample import QUANTITIES, SAMPLE_FORMAT, Sample

_PACKED = struct.Struct(f"={SAMPLE_FORMAT}")


def unsigned(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1)


def signed(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def samples() -> st.SearchStrategy[Sample]:
    """Any sample that a slot can hold, absent and odd values included."""
    values = {
        quantity.value: signed(64) if quantity.is_energy else st.floats()
        for quantity in QUANTITIES
    }
    return st.builds(
        Sample,
        meter=unsigned(16),
        quality=unsigned(16),
        phase_sequence=signed(8),
        tick=unsigned(64),
        wall_ns=signed(64),
        mono_ns=signed(64),
        lateness_us=unsigned(32),
        duration_us=unsigned(32),
        misses=unsigned(32),
        overruns=unsigned(32),
        **values,
    )


def packed(sample: Sample) -> bytes:
    """Give a sample's bytes: equal for equal samples, even where a value is NaN."""
    return _PACKED.pack(*astuple(sample))


def sample_of(tick: int) -> Sample:
    """Give the sample that belongs to a number: a mixture of two is none of them.

    Each value follows from the tick and differs from its neighbours' in many bits.
    """

    def word(index: int) -> int:
        return (tick * 41 + index + 1) * 0x9E37_79B9_7F4A_7C15 % 2**63

    return Sample(
        meter=tick % 7,
        quality=word(1) % 2**16,
        phase_sequence=0,
        tick=tick,
        **{name: word(at) for at, name in enumerate(("wall_ns", "mono_ns"), 2)},
        **{
            name: word(at) % 2**32
            for at, name in enumerate(
                ("lateness_us", "duration_us", "misses", "overruns"), 4
            )
        },
        **{
            quantity.value: word(at)
            if quantity.is_energy
            else math.ldexp(word(at), -40)
            for at, quantity in enumerate(QUANTITIES, 8)
        },
    )


def is_whole(sample: Sample) -> bool:
    """Whether a sample is the one that belongs to its tick, bit for bit."""
    return packed(sample) == packed(sample_of(sample.tick))
