# SPDX-License-Identifier: Apache-2.0
"""Texts on their way into registers and out of them."""

from sampler.procedure import unfit

_HARMFUL = '"\\|'
"""Letters that end a string of JSON, or a section of OCMF: no meter escapes them."""


def checked(text: str, most: int, what: str) -> bytes:
    """Give a text's bytes. ProcedureError (unfit): too long, or letters that do harm.

    It is never cut: what is signed is what was asked for, or nothing.
    """
    characters = text.encode()
    if len(characters) > most:
        raise unfit(
            f"{what} has {len(characters)} bytes, the meter takes {most}: shorten it"
        )
    for letter in text:
        if letter in _HARMFUL or not letter.isprintable():
            raise unfit(f"{what} contains {letter!r}, which breaks a record: remove it")
    return characters


def terminated(characters: bytes) -> bytes:
    """Give a text for registers: with a NUL behind it, in whole registers."""
    return padded(characters, len(characters) // 2 + 1)


def padded(characters: bytes, words: int) -> bytes:
    """Give a text that fills so many registers, NULs behind it."""
    return characters.ljust(2 * words, b"\0")


def text_of(registers: bytes) -> str:
    """Give the text up to the first NUL, without blanks around it."""
    return shown(registers.partition(b"\0")[0]).strip()


def shown(characters: bytes) -> str:
    r"""Give a text; bytes that are no UTF-8 stand as \xNN: such a record is broken."""
    return characters.decode(errors="backslashreplace")
