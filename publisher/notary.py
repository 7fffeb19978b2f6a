# SPDX-License-Identifier: Apache-2.0
"""The journal and the key together: what is written, and what is signed on the way.

Whatever goes wrong is a PublisherError whose text goes to EVerest as it is.
"""

import msgspec

from publisher import ending, ocmf, record
from publisher.ecdsa import SigningKey
from publisher.ending import Ending
from publisher.errors import PublisherError, SigningError
from publisher.journal import Journal
from publisher.ocmf import Register, Source
from publisher.reading import Finished, MeterIdentity, Open

LARGEST_PAGINATION = 2**63 - 1
"""What the journal can count to; no PG is longer."""


class SignedMeter(msgspec.Struct, frozen=True, kw_only=True):
    """A meter whose transactions the gateway signs.

    name      of the meter in the configuration, and in the journal
    register  how its import register counts
    """

    name: str
    identity: MeterIdentity
    register: Register


class Notary:
    """Writes transactions of any meter; signs their ends with the one key.

    key      None: there is none that can be used; what has ended can still be told
    gateway  the gateway's own fields of a record
    """

    def __init__(
        self, journal: Journal, *, key: SigningKey | None, gateway: Source
    ) -> None:
        self.journal = journal
        self._key = key
        self._gateway = gateway

    @property
    def reason(self) -> str:
        """Why no transaction could begin and end now; empty if one could."""
        try:
            self.journal.next_pagination(self._signing_key().public.fingerprint)
        except PublisherError as error:
            return str(error)
        return self.journal.reason

    def adopt(self) -> str | None:
        """Let the key sign from 1 on where no key ever signed; give its fingerprint.

        None: there is no key, or one has signed here, and only a person knows where
        this one's counter stands. JournalError: nothing was written.
        """
        if self._key is None or not self.journal.is_unused:
            return None
        public = self._key.public
        self.journal.add_key(public.fingerprint, public_key=public.hex)
        return public.fingerprint

    def rehearse(self, meter: SignedMeter, begun: Open) -> None:
        """Raise OcmfError if the record of this transaction could not be written.

        Its end, hours later, must not be what finds out.
        """
        at_once = ending.judge(begun.begin, begun.begin, was_stopped=True)
        self._record(meter, begun, at_once, LARGEST_PAGINATION)

    def begin(self, meter: SignedMeter, begun: Open) -> None:
        """Write that it has begun, if its end can be written too."""
        self.rehearse(meter, begun)
        fingerprint = self._signing_key().public.fingerprint
        self.journal.begin(meter.name, begun, fingerprint=fingerprint)

    def finish(self, meter: SignedMeter, begun: Open, end: Ending) -> Finished:
        """Sign and write its end."""
        return self.journal.finish(
            meter.name,
            begun.transaction_id,
            end,
            fingerprint=self._signing_key().public.fingerprint,
            sign=lambda number: self._record(meter, begun, end, number),
        )

    def _record(self, meter: SignedMeter, begun: Open, end: Ending, number: int) -> str:
        """Write the record; it names the meter that it began with."""
        identity = begun.begin.meter
        payload = ocmf.compose(
            pagination=number,
            source=msgspec.structs.replace(
                self._gateway,
                meter_vendor=identity.vendor,
                meter_model=identity.model,
                meter_serial=identity.serial,
                meter_firmware=identity.firmware,
            ),
            request=begun.request,
            register=meter.register,
            readings=ending.entries(begun.begin, end),
        )
        return record.sign(payload, self._signing_key())

    def _signing_key(self) -> SigningKey:
        if self._key is None:
            raise SigningError(
                "there is no key to sign with: make one (keygen) and set signing.key_file"
            )
        return self._key
