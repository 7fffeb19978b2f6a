# SPDX-License-Identifier: Apache-2.0
"""Carlo Gavazzi EM580: the signed map at 0800h, the vendor's own form.

Blocks of OBIS (4 words), unit, multiplier and value, numbers low word first; then
model, serial number and the customer's tag; then r and s.

Source: ModDef carlo-gavazzi-em580 d3c8a04 (first OBIS code, addresses). Assumed: the
other OBIS codes, the units (DLMS), and that the signature is over these 61 words.
"""

from sampler.simulator.load import LoadState
from sampler.simulator.signing.em580_live import export_wh, import_wh
from sampler.simulator.signing.em580_record import MODEL
from sampler.simulator.signing.signer import Signer

_WH, _W, _OHM = 30, 27, 38  # DLMS units

WORDS = 61


def content(serial: str, state: LoadState) -> bytes:
    """Give the 61 words that are signed."""
    power = round(10 * state.total(lambda phase: phase.power_w))
    return (
        _block("0100010800FF0000", _WH, 0, import_wh(state), words=4)
        + _block("0100020800FF0000", _WH, 0, export_wh(state), words=4)
        + _block("0100100700FF0000", _W, -1, power, words=2)
        + _block("0000000000000000", _OHM, -3, 0, words=2)
        + MODEL.encode().ljust(20, b"\0")
        + serial.encode().ljust(14, b"\0")
        + bytes(16)
    )


def signed(words: bytes, signer: Signer | None) -> bytes:
    """Give the words with their signature; a meter without a key has none."""
    return words if signer is None else words + signer.raw(signer.sign(words))


def _block(obis: str, unit: int, multiplier: int, value: int, *, words: int) -> bytes:
    low_first = value.to_bytes(2 * words, signed=True)
    numbers = b"".join(low_first[n - 2 : n] for n in range(2 * words, 0, -2))
    exponent = multiplier.to_bytes(2, signed=True)
    return bytes.fromhex(obis) + unit.to_bytes(2) + exponent + numbers
