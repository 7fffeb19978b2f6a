# SPDX-License-Identifier: Apache-2.0
"""A signature as ASN.1: SEQUENCE of two INTEGERs (RFC 3279, 2.2.3; X.690, 8.3).

Written by hand, because one meter's firmware writes it wrongly and its simulator
must be able to.
"""


def signature(rs: tuple[int, int], *, superfluous: int = 0) -> bytes:
    """Write r and s; superfluous: zero bytes before each that X.690 forbids."""
    content = b"".join(_integer(each, superfluous) for each in rs)
    return b"\x30" + _length(len(content)) + content


def _integer(number: int, superfluous: int) -> bytes:
    # One bit more than the number has: the sign.
    data = bytes(superfluous) + number.to_bytes(number.bit_length() // 8 + 1)
    return b"\x02" + _length(len(data)) + data


def _length(size: int) -> bytes:
    return bytes((size,)) if size < 0x80 else bytes((0x81, size))
