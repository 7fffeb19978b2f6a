# SPDX-License-Identifier: Apache-2.0
"""Why the sampler refuses to start.

    SamplerError
    ├── ProfileError(ValueError)       a meter's profile cannot be used
    ├── RateError(ValueError)          the wire cannot carry what is asked of it
    └── PortError(OSError)             the serial port can never become ours
        ├── PortBusyError(BlockingIOError)   another process holds it
        └── LineSettingsError(ValueError)    its driver cannot do these settings

A meter or an adapter that is merely absent is weather: a Fault, counted.
"""


class SamplerError(Exception):
    """Root of the tree."""


class ProfileError(SamplerError, ValueError):
    """The text names file, key and reason."""


class RateError(SamplerError, ValueError):
    """The text names the bus, the time a tick takes and the highest rate."""


class PortError(SamplerError, OSError):
    """The port exists, and going on makes no sense: permission, no tty."""


class PortBusyError(PortError, BlockingIOError):
    """Another process holds the port's lock: two masters garble each other."""


class LineSettingsError(PortError, ValueError):
    """The driver of the port cannot do this baud rate, parity or stop bits."""
