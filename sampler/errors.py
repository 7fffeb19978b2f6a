# SPDX-License-Identifier: Apache-2.0
"""Why the sampler refuses to start, and what it cannot do for a caller.

    SamplerError
    ├── ProfileError(ValueError)       a meter's profile cannot be used
    ├── RateError(ValueError)          the wire cannot carry what is asked of it
    ├── PortError(OSError)             the serial port can never become ours
    │   ├── PortBusyError(BlockingIOError)   another process holds it
    │   └── LineSettingsError(ValueError)    its driver cannot do these settings
    └── ProcedureError(RuntimeError)   a verb to a meter that cannot come to its end

The last one never leaves its procedure: it becomes the verb's outcome. A meter or an adapter that is merely absent is weather: a Fault, counted.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipc.commands import FailureKind  # of few; this file is imported by all


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


class ProcedureError(SamplerError, RuntimeError):
    """kind and reason are those of the verb's Failed."""

    def __init__(self, kind: "FailureKind", reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
