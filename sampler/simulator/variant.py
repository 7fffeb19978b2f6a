# SPDX-License-Identifier: Apache-2.0
"""Which of the meters of a model it is, where they differ."""

from typing import Literal

import msgspec

KeySize = Literal["256", "384", "none"]


class Variant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a user may choose; None is what the model usually is.

    key_size         of an EM580, in bits; "none" is the type that does not sign
    pad_byte         of an EM580: after a record of odd length
    non_minimal_der  of a WM3M4C: zeros in its signature that DER forbids
    """

    key_size: KeySize | None = None
    pad_byte: int | None = None
    non_minimal_der: bool = False

    @property
    def chosen(self) -> set[str]:
        """The names of what is not as usual."""
        return set(msgspec.to_builtins(self))


USUAL = Variant()
