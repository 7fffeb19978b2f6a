# SPDX-License-Identifier: Apache-2.0
"""A sample as bytes, for the rivals that carry no more than those."""

import struct

from msgspec.structs import astuple

from ipc.sample import SAMPLE_FORMAT, Sample

_PACKED = struct.Struct(f"={SAMPLE_FORMAT}")

SIZE = _PACKED.size


def pack(sample: Sample) -> bytes:
    return _PACKED.pack(*astuple(sample))


def unpack(packed: bytes) -> Sample:
    return Sample(*_PACKED.unpack(packed))
