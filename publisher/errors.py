# SPDX-License-Identifier: Apache-2.0
"""Why the publisher refuses to start.

    PublisherError
    ├── SigningError(ValueError)       a meter's signing is not to be had
    ├── CapacityError(ValueError)      the ring is too small for the windows
    ├── SecretError(OSError)           a file with a secret cannot or must not be used
    ├── TlsError(ValueError)           a certificate or its key cannot be used
    ├── UnixSocketError(ImportError)   the installed paho-mqtt has no Unix sockets
    ├── OcmfError(ValueError)          a record cannot be composed of what was given
    ├── RecordError(ValueError)        a text is no OCMF record
    ├── KeyMaterialError(ValueError)   what was given is no key that we can use
    ├── KeyFileError(OSError)          a key's file cannot or must not be used
    ├── SignerMissingError(ImportError)   the library that signs is not installed
    ├── JournalError(OSError)          the journal cannot be read or written now
    │   └── JournalBusyError(BlockingIOError)   another process writes it
    └── CounterError(LookupError)      the journal does not know the key's pagination

A broker that is absent and a ring that is not there yet are weather.
"""


class PublisherError(Exception):
    """Root of the tree."""


class SigningError(PublisherError, ValueError):
    """The text names the meter, its setting and the ones that work."""


class CapacityError(PublisherError, ValueError):
    """The text names the bus, the capacity it needs and what to change."""


class SecretError(PublisherError, OSError):
    """The text names the file and what is wrong with it, never what is in it."""


class TlsError(PublisherError, ValueError):
    """The text names the file and OpenSSL's reason."""


class UnixSocketError(PublisherError, ImportError):
    """The text names the setting and the version that is needed."""


class OcmfError(PublisherError, ValueError):
    """The text names OCMF's field, what was given and its bound."""


class RecordError(PublisherError, ValueError):
    """The text says where the record departs from OCMF's form."""


class KeyMaterialError(PublisherError, ValueError):
    """The text says what is wrong with the key, never what is in it."""


class KeyFileError(PublisherError, OSError):
    """The text names the file and the remedy, never what is in it."""


class SignerMissingError(PublisherError, ImportError):
    """The text names the package and how it is installed."""


class JournalError(PublisherError, OSError):
    """The text names the file, what is wrong with it and what to do."""


class JournalBusyError(JournalError, BlockingIOError):
    """The text names the file; only one process may write it."""


class CounterError(PublisherError, LookupError):
    """The text names the key; nothing was signed, and nothing starts at 1 again."""
