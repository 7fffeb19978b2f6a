# SPDX-License-Identifier: Apache-2.0
"""The shipped broker configuration on the real broker: who may come in, and do what."""

import re
import shutil
import socket
import ssl
import stat
import subprocess

import pytest

from deploy.demo.broker import HOST
from ipc.config import MqttTable
from publisher import tls
from tests.deploy.shipped_broker import (
    MOSQUITTO,
    SHIPPED,
    Client,
    make_certificates,
    shipped_broker,
)

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not MOSQUITTO, reason="no mosquitto on this machine"),
    pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl"),
]

BASE = "everest_api/1/powermeter"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def broker(tmp_path, certificates):
    with shipped_broker(tmp_path, certificates) as broker:
        yield broker


@pytest.fixture
def publisher(broker):
    client = Client().connect(broker.table())
    yield client
    client.close()


@pytest.fixture
def everest(broker):
    client = Client("unix").connect_as_everest(broker)
    yield client
    client.close()


@pytest.mark.parametrize(
    "topic",
    [
        f"{BASE}/pm_1/m2e/powermeter_values",
        f"{BASE}/pm_1/m2e/communication_check",
        f"{BASE}/pm_1/m2e/reply/5f2c",
        "everest_api/discover",
    ],
)
def test_what_the_publisher_may_say_reaches_everest(publisher, everest, topic):
    everest.subscribe(topic)
    assert publisher.publish(topic, b"true") == "Success"
    assert everest.until(lambda: everest.messages == [(topic, b"true")])


@pytest.mark.parametrize(
    "topic",
    [
        f"{BASE}/pm_1/e2m/start_transaction",
        f"{BASE}/pm_2/m2e/powermeter_values",
        "everest_api/1/evse_manager/pm_1/m2e/x",
        "everest_api/ready_beacon",
        "everest/modules/evse/cmd",
        "$SYS/x",
    ],
)
def test_what_it_may_not_say_is_refused_and_reaches_nobody(publisher, everest, topic):
    allowed = f"{BASE}/pm_1/m2e/powermeter_values"
    everest.subscribe("everest/#", "everest_api/#")
    assert publisher.publish(topic) == "Not authorized"
    assert publisher.publish(allowed) == "Success"
    assert everest.until(lambda: everest.messages)
    assert everest.messages == [(allowed, b"1")]


def test_it_hears_its_requests_and_the_beacon_and_nothing_else(publisher, everest):
    ours = [
        f"{BASE}/pm_1/e2m/start_transaction",
        f"{BASE}/pm_1/e2m/heartbeat",
        f"{BASE}/pm_1/e2m/discovered",
        "everest_api/ready_beacon",
    ]
    others = [
        f"{BASE}/pm_2/e2m/start_transaction",
        f"{BASE}/pm_1/m2e/powermeter_values",
        "everest/modules/evse/cmd",
    ]
    publisher.subscribe("#", *ours)
    for topic in others:
        assert everest.publish(topic) != "Not authorized"
    for topic in ours:
        assert everest.publish(topic) == "Success"
    assert publisher.until(lambda: (ours[-1], b"1") in publisher.messages)
    assert {topic for topic, _ in publisher.messages} == set(ours)


def test_everest_is_kept_to_its_topics_too(everest):
    assert everest.publish("everest/x") != "Not authorized"
    assert everest.publish("home/door") == "Not authorized"


def test_everests_other_door_opens_and_has_the_same_rules(tmp_path, certificates):
    with shipped_broker(tmp_path, certificates, everest_by_port=True) as broker:
        everest = Client().connect(MqttTable(host=HOST, port=broker.everest_port))
        assert everest.publish("everest_api/ready_beacon") != "Not authorized"
        assert everest.publish("home/door") == "Not authorized"
        everest.close()


def test_without_a_certificate_there_is_no_way_in(broker):
    table = MqttTable(
        host=HOST, port=broker.port, tls=True, ca_file=broker.table().ca_file
    )
    assert_refused(table)


def test_with_a_certificate_of_another_authority_there_is_no_way_in(broker, tmp_path):
    others = make_certificates(tmp_path / "others")
    assert_refused(broker.table(others))


def test_without_tls_there_is_no_way_in(broker):
    assert_refused(MqttTable(host=HOST, port=broker.port))


def test_a_broker_of_another_authority_is_not_trusted(broker, tmp_path):
    others = make_certificates(tmp_path / "others")
    address = (HOST, broker.port)
    for directory, is_trusted in ((broker.certificates, True), (others, False)):
        ca_file = str(directory / "ca.pem")
        context = tls.context(MqttTable(host=HOST, tls=True, ca_file=ca_file))
        with socket.create_connection(address) as plain:
            if is_trusted:
                context.wrap_socket(plain, server_hostname=HOST).close()
                continue
            with pytest.raises(ssl.SSLCertVerificationError):
                context.wrap_socket(plain, server_hostname=HOST)


def assert_refused(table):
    """TLS 1.3 lets a client believe it is in; the broker then closes without a word."""
    client = Client()
    try:
        client.connect(table)
        assert not client.until(lambda: client.accepted)
    except OSError:
        pass  # closed earlier
    finally:
        client.close()


def test_the_broker_comes_back_on_a_socket_that_a_killed_one_left(
    tmp_path, certificates
):
    with shipped_broker(tmp_path, certificates) as killed:
        killed.part._process.kill()
        assert killed.part.ends_within(10)
    assert killed.socket.exists()
    with shipped_broker(tmp_path, certificates) as broker:
        everest = Client("unix").connect_as_everest(broker)
        assert everest.until(lambda: everest.accepted)
        everest.close()


def test_the_certificates_are_closed_to_others_and_kept_by_a_second_run(tmp_path):
    before = {}
    for run in ("first", "second"):
        make_certificates(tmp_path)
        found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        assert set(found) == {
            f"{name}.{kind}"
            for name in ("ca", "server", "client")
            for kind in ("pem", "key")
        }
        assert not before or found == before, run
        before = found
    for key in tmp_path.glob("*.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_deleted_certificate_is_made_anew_by_the_same_authority(tmp_path):
    make_certificates(tmp_path)
    authority = (tmp_path / "ca.pem").read_bytes()
    for name in ("server.pem", "server.key"):
        (tmp_path / name).unlink()
    make_certificates(tmp_path, "gateway.local", "10.0.0.7", "fe80::1")
    assert (tmp_path / "ca.pem").read_bytes() == authority
    context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    assert context.get_ca_certs()
    named = names_of(tmp_path / "server.pem")
    assert named == {
        "DNS:gateway.local",
        "IP Address:10.0.0.7",
        "IP Address:FE80:0:0:0:0:0:0:1",
    }


@pytest.mark.parametrize("name", ["server", "client"])
def test_the_certificates_bear_the_strictest_look(certificates, name):
    """Python does so from 3.13 on, whatever it runs on."""
    command = ["openssl", "verify", "-x509_strict", "-purpose", f"ssl{name}"]
    files = ["-CAfile", certificates / "ca.pem", certificates / f"{name}.pem"]
    done = subprocess.run([*command, *files], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def names_of(certificate):
    command = [
        "openssl",
        "x509",
        "-in",
        certificate,
        "-noout",
        "-ext",
        "subjectAltName",
    ]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    return set(re.split(r",\s*", said.stdout.splitlines()[1].strip()))


@pytest.mark.parametrize("name", ["a b", "a;b", "$(id)", "", "*"])
def test_a_name_that_is_none_is_refused(tmp_path, name):
    command = ["sh", SHIPPED / "make-certificates.sh", tmp_path, name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "neither a host name nor an address" in done.stderr
    assert list(tmp_path.iterdir()) == []
