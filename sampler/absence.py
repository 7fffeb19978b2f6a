# SPDX-License-Identifier: Apache-2.0
"""Why a port did not open: one that may come, or one that never will be ours."""

import errno

from ipc.sample import Quality
from sampler.errors import LineSettingsError, PortBusyError, PortError
from sampler.fault import Fault

_ABSENT = (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO)


def classify(path: str, error: Exception) -> Fault:
    """Give the fault of an absent port, which may come.

    Raises PortBusyError, LineSettingsError or PortError where waiting cannot help.
    """
    code = _code(error)
    match code:
        case errno.EWOULDBLOCK | errno.EBUSY:
            raise PortBusyError(
                code,
                f"{path} is in use by another process: end it, or correct bus.port",
            ) from error
        case errno.EACCES | errno.EPERM:
            raise PortError(
                code,
                f"{path}: permission denied: add this user to the port's group"
                " (often dialout)",
            ) from error
        case errno.EINVAL:
            raise LineSettingsError(
                code,
                f"{path}: its driver cannot do these settings ({error}):"
                " correct baudrate, parity or stopbits",
            ) from error
        case _ if code in _ABSENT:
            return Fault(kind=Quality.NO_PORT, detail=f"{path} is not there")
        case _:
            raise PortError(
                code or errno.ENOTTY,
                f"{path} cannot be used as a serial port ({error}): correct bus.port",
            ) from error


def _code(error: Exception) -> int | None:
    """Give the errno, of a termios.error too, which is no OSError.

    To pyserial an unusual baud rate is a ValueError.
    """
    match error:
        case OSError(errno=code):
            return code
        case ValueError():
            return errno.EINVAL
        case _:
            return next((code for code in error.args if isinstance(code, int)), None)
