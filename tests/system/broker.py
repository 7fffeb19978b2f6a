# SPDX-License-Identifier: Apache-2.0
"""A real broker on the loopback for a test: the demo's, mosquitto where there is one."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from deploy.demo.broker import Broker, Kind, found


@contextlib.contextmanager
def running_broker(directory: Path, kind: Kind | None = None) -> Iterator[Broker]:
    """Give a started broker: .host, .port, .protocol, .stop(), .start() again.

    It keeps its port over a restart and forgets everything else. `kind` asks for
    one of the two; None takes what this machine has.
    """
    broker = Broker(directory, kind or found())
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
