# SPDX-License-Identifier: Apache-2.0
"""Why the publisher refuses to start.

    PublisherError
    ├── SigningError(ValueError)       a meter's signing is not to be had
    ├── CapacityError(ValueError)      the ring is too small for the windows
    └── SecretError(OSError)           a file with a secret cannot or must not be used

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
