# SPDX-License-Identifier: Apache-2.0
"""Iskra WM3M4C: what it puts out, until the next command or the next power cut."""

import base64

from sampler.simulator.signing import wm3m4c_dataset
from sampler.simulator.signing import wm3m4c_layout as at
from sampler.simulator.signing.memory import Memory
from sampler.simulator.signing.signer import Signer


class Output:
    """The text, its signature in two forms, and their lengths."""

    def __init__(self, memory: Memory, signer: Signer, *, superfluous: int) -> None:
        """Take the zeros that a DER signature has too many."""
        self._memory = memory
        self._signer = signer
        self._superfluous = superfluous
        memory.put(at.PUBLIC_KEY, signer.point[1:])

    def clear(self) -> None:
        """Forget it all."""
        for length in (at.OUTPUT_BYTES, at.SIGNATURE_BYTES):
            self._memory.put_number(length, 0)
        self._memory.clear(at.OUTPUT, at.TEXT_WORDS)
        self._memory.clear(at.RAW_SIGNATURE, at.RAW_WORDS)
        self._memory.clear(at.SIGNATURE, at.SIGNATURE_WORDS)

    def sign(self, message: bytes) -> None:
        """Show the message and its signature, in the form that 7059 asks for."""
        raw, signature = wm3m4c_dataset.signature(
            self._signer, message, superfluous=self._superfluous
        )
        if self._memory.number(at.SIGNATURE_FORMAT):
            signature = base64.b64encode(signature)
        self._memory.put(at.RAW_SIGNATURE, raw)
        self._show(at.OUTPUT, at.OUTPUT_BYTES, message)
        self._show(at.SIGNATURE, at.SIGNATURE_BYTES, signature)

    def _show(self, address: int, length: int, data: bytes) -> None:
        self._memory.put(address, data + bytes(len(data) % 2))
        self._memory.put_number(length, len(data))
