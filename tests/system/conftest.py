# SPDX-License-Identifier: Apache-2.0
"""A station per test, with a real broker."""

import pytest

from deploy.demo.parts import Parts
from tests.system.broker import running_broker
from tests.system.station import Station


@pytest.fixture
def station(tmp_path):
    with running_broker(tmp_path) as broker, Parts(tmp_path) as parts:
        station = Station(tmp_path, broker, parts)
        yield station
        station.close()
