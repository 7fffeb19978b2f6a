# SPDX-License-Identifier: Apache-2.0
"""A port that does not open: waited for if it may come, else refused with a remedy."""

import errno
import termios

import pytest

from ipc.sample import Quality
from sampler.absence import classify
from sampler.errors import (
    LineSettingsError,
    PortBusyError,
    PortError,
    SamplerError,
)


@pytest.mark.parametrize("code", [errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO])
def test_one_that_is_not_there_may_come(code):
    fault = classify("/dev/p", OSError(code, "gone"))
    assert (fault.kind, fault.detail) == (Quality.NO_PORT, "/dev/p is not there")


@pytest.mark.parametrize(
    ("code", "told", "kind"),
    [
        (errno.EWOULDBLOCK, "in use by another process: end it", PortBusyError),
        (errno.EBUSY, "in use by another process: end it", PortBusyError),
        (errno.EACCES, "add this user to the port's group", PortError),
        (errno.EPERM, "add this user to the port's group", PortError),
        (errno.ENOTTY, "cannot be used as a serial port", PortError),
        (None, "cannot be used as a serial port", PortError),
        (errno.EINVAL, "correct baudrate, parity or stopbits", LineSettingsError),
    ],
)
def test_one_that_will_never_be_ours_is_refused_with_what_to_do(code, told, kind):
    error = OSError(code, "no") if code else termios.error("no number")
    with pytest.raises(kind) as raised:
        classify("/dev/p", error)
    assert told in str(raised.value)
    assert "/dev/p" in str(raised.value)
    assert isinstance(raised.value, SamplerError)
    assert isinstance(raised.value, OSError)
    assert raised.value.errno in (code, errno.ENOTTY)


@pytest.mark.parametrize(
    "error",
    [ValueError("Invalid baud rate: 123457"), termios.error(errno.EINVAL, "no")],
)
def test_settings_that_a_driver_cannot_do_are_told_from_a_port_that_is_none(error):
    with pytest.raises(LineSettingsError, match="correct baudrate") as raised:
        classify("/dev/p", error)
    assert raised.value.errno == errno.EINVAL
