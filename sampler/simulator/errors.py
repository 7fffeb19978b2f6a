# SPDX-License-Identifier: Apache-2.0
"""Why a simulated meter cannot be put on the wire.

    SimulatorError
    ├── UnknownModelError(LookupError)     no model of this name
    ├── UnfitProfileError(ValueError)      a profile that nothing can be made of
    ├── OptionError(ValueError)            a number outside its bounds
    ├── LinkTakenError(FileExistsError)    the link's path belongs to something else
    ├── LinkPlaceError(OSError)            the link cannot be made there
    └── SigningMissingError(ImportError)   a meter that signs, but no `cryptography`

What a reader does wrong is never one of these: it is answered with a Modbus
exception, or with silence, as a meter does.
"""


class SimulatorError(Exception):
    """Root of the tree."""


class UnknownModelError(SimulatorError, LookupError):
    """The text says where the models are listed, and a near one."""


class UnfitProfileError(SimulatorError, ValueError):
    """The text names the file and the reason."""


class OptionError(SimulatorError, ValueError):
    """The text names the option, its value and its bounds."""


class LinkTakenError(SimulatorError, FileExistsError):
    """Something that is not a link of ours stands at the path."""


class LinkPlaceError(SimulatorError, OSError):
    """The directory is missing, or may not be written."""


class SigningMissingError(SimulatorError, ImportError):
    """The extra `signing` is not installed."""
