# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between the two processes.

    IpcError
    ├── ConfigError(ValueError)        the configuration file or a profile
    ├── ChannelError(OSError)          the socket on which commands are taken
    └── RingError                      a segment file
        ├── RingMissingError(FileNotFoundError)   not there (yet)
        ├── RingBusyError(BlockingIOError)        another writer holds it
        └── RingInvalidError(ValueError)          not a ring of this layout

Each leaf also derives from the builtin a caller would expect. Expected weather
(a lapped reader, a quiet writer) is data and counters, never one of these.
"""


class IpcError(Exception):
    """Root of the tree."""


class ConfigError(IpcError, ValueError):
    """The file cannot be used as it is; the text names file, key and bound."""


class ChannelError(IpcError, OSError):
    """The socket cannot be made where the configuration wants it."""


class RingError(IpcError):
    """Anything about a segment file."""


class RingMissingError(RingError, FileNotFoundError):
    """No segment at this path, or one that is not finished yet."""


class RingBusyError(RingError, BlockingIOError):
    """Another live process already writes this ring."""


class RingInvalidError(RingError, ValueError):
    """The file is no ring, or one of another layout, or it was cut short."""
