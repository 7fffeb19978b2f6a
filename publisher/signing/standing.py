# SPDX-License-Identifier: Apache-2.0
"""Where a transaction stands: with the journal, and with the meter that signs it."""

import msgspec

from ipc.commands import MeterPhase
from publisher.messages import StartTransactionRequest


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """A meter as it named itself.

    public_key  SubjectPublicKeyInfo, DER, upper-case hex; empty if it cannot sign
    """

    vendor: str
    model: str
    serial: str
    firmware: str
    public_key: str

    def is_same(self, other: "Signer") -> bool:
        """Whether both are one meter: its firmware may be another, its key not."""
        mine = (self.serial, self.public_key)
        return mine == (other.serial, other.public_key)


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that the journal holds open.

    signer       the meter that was to begin it
    is_begun     the meter said that it runs; until then it may or may not
    start        of a meter that signs its begin apart: that record
    is_dangling  nobody waits for its end any more, it only has to be ended
    """

    request: StartTransactionRequest
    signer: Signer
    is_begun: bool = False
    start: str | None = None
    is_dangling: bool = False

    @property
    def transaction_id(self) -> str:
        """EVerest's name for it."""
        return self.request.transaction_id


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What a meter holds, as it said last.

    transaction_id  of it; None where the meter cannot tell
    is_safe         what it holds is in the journal, or is not to be had: it may
                    forget it
    """

    phase: MeterPhase
    signer: Signer
    transaction_id: str | None = None
    is_safe: bool = False

    def is_of(self, open_: Open) -> bool:
        """Whether what it holds is this transaction, for all that can be told."""
        return open_.signer.is_same(self.signer) and (
            self.transaction_id in {None, open_.transaction_id}
        )


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that is over, and whose record is not to be had; why."""

    transaction_id: str
    reason: str
