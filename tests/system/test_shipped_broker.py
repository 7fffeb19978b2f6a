# SPDX-License-Identifier: Apache-2.0
"""The real publisher on the shipped broker configuration: TLS, certificate, rules."""

import shutil

import pytest

from deploy.demo.broker import HOST, Broker, Kind
from deploy.demo.parts import Parts
from tests.deploy.shipped_broker import (
    MOSQUITTO,
    Client,
    make_certificates,
    shipped_broker,
)
from tests.system.station import Station

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.skipif(not MOSQUITTO, reason="no mosquitto on this machine"),
    pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl"),
]

BASE = "everest_api/1/powermeter"


class Charger(Station):
    """A station whose broker is the shipped one, and EVerest's end of its socket."""

    def __init__(self, directory, shipped, parts):
        self.shipped = shipped
        address = Broker(directory, Kind.MOSQUITTO)  # not started: where it would be
        address.host, address.port = HOST, shipped.port
        super().__init__(directory, address, parts)

    def say_who_we_are(self, module_id="pm_1"):
        """Write the configuration with the publisher's certificate."""
        table = self.shipped.table()
        lines = f'''module_id = "{module_id}"
[mqtt]
tls = true
ca_file = "{table.ca_file}"
certificate_file = "{table.certificate_file}"
key_file = "{table.key_file}"'''
        self.write_config('module_id = "pm_1"\n\n[mqtt]', lines)


@pytest.fixture
def charger(tmp_path):
    certificates = make_certificates(tmp_path / "certificates")
    with shipped_broker(tmp_path, certificates) as shipped, Parts(tmp_path) as parts:
        charger = Charger(tmp_path, shipped, parts)
        yield charger
        charger.close()


@pytest.fixture
def everest(charger):
    client = Client("unix").connect_as_everest(charger.shipped)
    client.subscribe("everest_api/#")
    yield client
    client.close()


def test_values_and_checks_reach_everest_and_a_request_is_answered(charger, everest):
    charger.say_who_we_are()
    charger.start_all()

    def heard(topic):
        return [payload for name, payload in everest.messages if name == topic]

    assert everest.until(lambda: heard(f"{BASE}/pm_1/m2e/powermeter_values"))
    assert everest.until(lambda: heard(f"{BASE}/pm_1/m2e/communication_check"))
    assert heard("everest_api/discover")
    reply_to = f"{BASE}/pm_1/m2e/reply/1"
    request = f'{{"headers":{{"replyTo":"{reply_to}"}},"payload":""}}'.encode()
    everest.publish(f"{BASE}/pm_1/e2m/stop_transaction", request)
    assert everest.until(lambda: heard(reply_to))
    assert b'"OK"' in heard(reply_to)[0]
    assert not any("refused" in line for line in charger.log("publisher"))


def test_a_publish_that_the_rules_refuse_is_noticed_and_said(charger, everest):
    charger.say_who_we_are(module_id="pm_9")
    charger.start_all()

    def refused():
        return [line for line in charger.log("publisher") if "publish_refused" in line]

    assert everest.until(refused), charger.log("publisher")
    assert "Not authorized" in refused()[0]
    assert "access rules" in refused()[0]
    assert not [topic for topic, _ in everest.messages if "pm_9" in topic]
