# SPDX-License-Identifier: Apache-2.0
"""The conversation with the broker: under a name of its own, and ended at any time."""

import pytest

from ipc.clock import SystemClock
from ipc.config import BusTable, Config, MeterTable, MqttTable
from ipc.stop import Stop
from publisher.live.dialogue import Dialogue, _of_its_own
from tests.publisher.line import listening
from tests.publisher.parts import meter_of
from tests.system.broker import running_broker

pytestmark = pytest.mark.system

FOR_EVER_S = 3600.0
METER = MeterTable(name="m", model="eastron_sdm630", unit_id=1, module_id="pm_1")


class Interrupted(SystemClock):
    """Time during which somebody asks for the end, once something was said."""

    def __init__(self, stop):
        super().__init__(stop)
        self._stop_asked = stop
        self.heard = []
        self.is_enough = "never"

    def monotonic_ns(self):
        if any(each["event"] == self.is_enough for each in self.heard):
            self._stop_asked.request()
        return super().monotonic_ns()


@pytest.fixture
def stop():
    stop = Stop()
    yield stop
    stop.close()


def dialogue_with(port, stop, *, protocol, until=None):
    table = MqttTable(host="127.0.0.1", port=port, protocol=protocol)
    config = Config(
        bus=[BusTable(name="b", port="/dev/none", meter=[METER])], mqtt=table
    )
    clock = Interrupted(stop)
    held = Dialogue(config, [meter_of()], clock=clock, stop=stop)
    clock.heard, clock.is_enough = held._events, until
    return held


def test_whoever_asks_for_the_end_beforehand_is_not_kept_waiting(stop):
    stop.request()
    with listening() as listener:
        port = listener.getsockname()[1]
        held = dialogue_with(port, stop, protocol=MqttTable().protocol)
        heard = held.hold(FOR_EVER_S)
    assert (heard.connected, heard.events, heard.beats) == (False, (), {})


def test_whoever_asks_for_the_end_meanwhile_hears_what_was_heard_so_far(tmp_path, stop):
    with running_broker(tmp_path) as broker:
        held = dialogue_with(
            broker.port, stop, protocol=broker.protocol, until="broker_connected"
        )
        heard = held.hold(FOR_EVER_S)
    assert heard.connected
    assert [each["event"] for each in heard.events] == ["broker_connected"]


def test_when_the_time_is_up_nothing_more_is_waited_for(tmp_path, stop):
    with running_broker(tmp_path) as broker:
        held = dialogue_with(broker.port, stop, protocol=broker.protocol)
        heard = held.hold(0.0)
    assert not heard.connected


@pytest.mark.parametrize("name", ["gateway", "x" * 60, "x" * 64])
def test_the_service_is_not_thrown_out_by_its_own_name(name):
    own = _of_its_own(MqttTable(client_id=name, host="h", port=7))
    assert own.client_id != name
    assert len(own.client_id) <= 63
    assert own.session_expiry_s == 0
    assert (own.host, own.port) == ("h", 7)
