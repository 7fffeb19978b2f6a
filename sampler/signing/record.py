# SPDX-License-Identifier: Apache-2.0
"""A record as a meter gives it: where it ends, and a signature in strict form."""

from typing import Final

P256_SPKI: Final = bytes.fromhex(
    "3059301306072A8648CE3D020106082A8648CE3D03010703420004"
)
"""SubjectPublicKeyInfo of a secp256r1 key, up to its X and Y (RFC 5480)."""

P256_BYTES: Final = 32

_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02


def trimmed(registers: bytes) -> bytes:
    """Give the record in a file's registers, without what fills up the last of them.

    It ends with the brace that closes its third section: only that can be told from
    a pad byte of any value. Where no such end is found, only NULs are taken off.
    """
    second = registers.find(b"|", registers.find(b"|") + 1)
    if second > 0 and (end := _closing(registers, second + 1)):
        return registers[:end]
    return registers.rstrip(b"\0")


def der(r: int, s: int) -> bytes:
    """Give a signature as DER: no byte more than needed (X.690, 8.3.2)."""
    body = _integer(r) + _integer(s)
    return bytes((_SEQUENCE, len(body))) + body


def lenient(signature: bytes) -> tuple[int, int] | None:
    """Give r and s of a signature that may have superfluous zeros; None: it is none."""
    if len(signature) < 2 or signature[0] != _SEQUENCE:
        return None
    numbers, at = [], 2
    while at + 2 <= len(signature) and signature[at] == _INTEGER:
        end = at + 2 + signature[at + 1]
        numbers.append(int.from_bytes(signature[at + 2 : end]))
        at = end
    if len(numbers) != 2 or at != len(signature):
        return None
    return numbers[0], numbers[1]


def _integer(number: int) -> bytes:
    size = number.bit_length() // 8 + 1  # a zero where the first bit would be a sign
    return bytes((_INTEGER, size)) + number.to_bytes(size)


def _closing(text: bytes, start: int) -> int:
    """Give the place behind the object that begins at start; 0: it does not end."""
    depth, in_string, is_escaped = 0, False, False
    for place in range(start, len(text)):
        letter = text[place : place + 1]
        if in_string:
            in_string = is_escaped or letter != b'"'
            is_escaped = letter == b"\\" and not is_escaped
        elif letter == b'"':
            in_string = True
        elif letter == b"{":
            depth += 1
        elif letter == b"}":
            depth -= 1
        if depth == 0 and not in_string:
            return place + 1 if letter == b"}" else 0
    return 0
