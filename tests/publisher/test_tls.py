# SPDX-License-Identifier: Apache-2.0
"""The ways to a broker: TLS with either side's certificate, a Unix socket."""

import importlib.metadata
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from deploy.demo.broker import HOST
from ipc.config import MqttTable
from publisher import connection, tls
from publisher.errors import SecretError, TlsError, UnixSocketError
from tests.publisher.line import (
    Line,
    Peer,
    listening,
    mosquitto,
    needs_mosquitto,
    until,
)

pytestmark = [
    pytest.mark.system,
    # paho leaves the socket of a failed handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

REQUESTS = "a/e2m/stop"

needs_unix_sockets = pytest.mark.skipif(
    importlib.metadata.version("paho-mqtt").startswith("2.0."),
    reason="paho-mqtt 2.0 has no Unix sockets; what it says of them is tested below",
)


class Pki:
    """A CA, a broker's certificate and ours, in files."""

    def __init__(self, directory: Path, name: str) -> None:
        authority = trustme.CA()
        self.ca = directory / f"{name}-ca.pem"
        authority.cert_pem.write_to_path(self.ca)
        self.broker = self._write(directory / f"{name}-broker", authority, HOST)
        self.ours = self._write(directory / f"{name}-ours", authority, "charger")

    def _write(self, path: Path, authority: trustme.CA, name: str) -> tuple[Path, Path]:
        made = authority.issue_cert(name)
        chain, key = path.with_suffix(".pem"), path.with_suffix(".key")
        chain.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        made.private_key_pem.write_to_path(key)
        key.chmod(0o600)
        return chain, key

    @property
    def mosquitto(self) -> tuple[str, ...]:
        chain, key = self.broker
        return (f"certfile {chain}", f"keyfile {key}", f"cafile {self.ca}")

    @property
    def client(self) -> dict[str, str]:
        chain, key = self.ours
        return {"certificate_file": str(chain), "key_file": str(key)}


@pytest.fixture
def pki(tmp_path):
    return Pki(tmp_path, "site")


@needs_mosquitto
def test_a_broker_whose_certificate_we_trust_is_spoken_to(tmp_path, pki):
    lines = ("allow_anonymous true", *pki.mosquitto)
    with (
        mosquitto(tmp_path, *lines) as broker,
        Line(broker, tls=True, ca_file=str(pki.ca)) as line,
    ):
        line.connect()
        assert line.mqtt.publish("a/m2e/reply", b"x", qos=1)
        until(lambda: line.acknowledged, line)
        own = line.mqtt._client.socket()
        assert isinstance(own, ssl.SSLSocket)
        assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@needs_mosquitto
def test_what_tls_has_decrypted_already_does_not_wait_for_what_comes_next(
    tmp_path, pki
):
    """Many small messages share one TLS record, of which a selector sees one."""
    lines = ("allow_anonymous true", *pki.mosquitto)
    with (
        mosquitto(tmp_path, *lines) as broker,
        Line(broker, tls=True, ca_file=str(pki.ca)) as line,
    ):
        line.connect()
        for number in range(50):
            line.mqtt.publish(REQUESTS, b"%d" % number, qos=0)
        until(lambda: len(line.came) == 50, line)


def accepted(listener: socket.socket, pki: Pki, line: Line) -> ssl.SSLSocket:
    """Give the broker's end of the line; ours blocks until it has shaken hands."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*pki.broker)
    with ThreadPoolExecutor(1) as broker:
        there = broker.submit(
            lambda: context.wrap_socket(listener.accept()[0], server_side=True)
        )
        line.mqtt.service(0)
        return there.result()


def test_the_loop_is_told_of_what_only_tls_knows_of(pki):
    """A selector sees the first of the messages that share one TLS record."""
    topic = REQUESTS.encode()
    body = len(topic).to_bytes(2) + topic + b"\0" + b"x"
    message = bytes((0x30, len(body))) + body
    with (
        listening() as listener,
        Line(listener.getsockname()[1], tls=True, ca_file=str(pki.ca)) as line,
        accepted(listener, pki, line) as broker,
    ):
        broker.sendall(b"\x20\x03\0\0\0")
        until(lambda: line.mqtt.connected, line)
        broker.sendall(50 * message)
        until(lambda: bool(line.came), line)
        assert len(line.came) < 50
        assert line.selector.select(0) == []
        while line.mqtt.due_ns <= line.clock.monotonic_ns():
            line.mqtt.service(0)
        assert line.came == 50 * [(REQUESTS, b"x")]


@needs_mosquitto
def test_a_broker_of_another_ca_gets_no_word_of_us_and_the_setting_is_named(
    tmp_path, pki
):
    other = Pki(tmp_path, "other")
    lines = ("allow_anonymous true", *pki.mosquitto)
    with (
        mosquitto(tmp_path, *lines) as broker,
        Line(broker, tls=True, ca_file=str(other.ca)) as line,
    ):
        until(lambda: bool(line.told("broker_unreachable")), line)
        [told] = line.told("broker_unreachable")
        assert "CERTIFICATE_VERIFY_FAILED" in told["detail"]
        assert "mqtt.ca_file" in told["remedy"]
        assert not line.mqtt.connected


@needs_mosquitto
@pytest.mark.parametrize("is_ours", [True, False], ids=["ours", "of another CA"])
def test_a_broker_that_asks_who_we_are_lets_in_whom_it_knows(tmp_path, pki, is_ours):
    who = pki if is_ours else Pki(tmp_path, "other")
    lines = ("require_certificate true", "allow_anonymous true")
    with (
        mosquitto(tmp_path, *pki.mosquitto, *lines) as broker,
        Line(broker, tls=True, ca_file=str(pki.ca), **who.client) as line,
    ):
        if is_ours:
            line.connect()
        else:
            until(lambda: bool(line.told("broker_unreachable")), line)
            assert not line.mqtt.connected
            remedy = line.told("broker_unreachable")[0]["remedy"]
            assert "mqtt.certificate_file" in remedy


def test_a_key_that_others_may_read_is_refused(pki):
    pki.ours[1].chmod(0o640)
    with pytest.raises(SecretError, match="chmod 600"):
        tls.context(MqttTable(tls=True, ca_file=str(pki.ca), **pki.client))


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_ca_file_that_is_none_is_named(tmp_path, content):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(TlsError, match=r"ca\.pem: no CA certificate"):
        tls.context(MqttTable(tls=True, ca_file=str(file)))


def test_a_key_of_another_certificate_is_refused(tmp_path, pki):
    other = Pki(tmp_path, "other")
    mixed = {"certificate_file": str(pki.ours[0]), "key_file": str(other.ours[1])}
    with pytest.raises(TlsError, match="no certificate with its key"):
        tls.context(MqttTable(tls=True, ca_file=str(pki.ca), **mixed))


def test_a_key_that_asks_for_a_passphrase_is_refused_and_nobody_is_asked(pki):
    chain, path = pki.ours
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"hunter2"),
    )
    path.write_bytes(locked)
    with pytest.raises(TlsError, match="store it without a passphrase") as refused:
        tls.context(MqttTable(tls=True, **pki.client))
    assert str(chain) in str(refused.value)


def test_the_brokers_name_is_verified_whatever_is_configured(pki):
    for settings in ({}, {"ca_file": str(pki.ca)}):
        made = tls.context(MqttTable(tls=True, **settings))
        assert made.check_hostname
        assert made.verify_mode is ssl.CERT_REQUIRED


def test_without_tls_there_is_no_context():
    assert tls.context(MqttTable()) is None


@needs_unix_sockets
@needs_mosquitto
def test_a_brokers_unix_socket_is_spoken_to(tmp_path):
    path = tmp_path / "mosquitto.sock"
    lines = ("allow_anonymous true", f"listener 0 {path}", "allow_anonymous true")
    with (
        mosquitto(tmp_path, *lines) as broker,
        Line(broker, socket=str(path)) as line,
        Peer(broker) as peer,
    ):
        line.connect()
        peer.send(REQUESTS, b"1")
        until(lambda: line.came == [(REQUESTS, b"1")], line)


@needs_unix_sockets
def test_a_unix_socket_that_is_not_there_is_weather(tmp_path):
    with Line(1, socket=str(tmp_path / "none.sock")) as line:
        until(lambda: bool(line.told("broker_unreachable")), line)
        assert "mqtt.socket" in line.told("broker_unreachable")[0]["remedy"]


def test_a_paho_without_unix_sockets_is_told_with_the_remedy(monkeypatch):
    class Old:
        def __init__(self, *_, transport, **__):
            if transport not in ("websockets", "tcp"):
                raise ValueError(transport)

    monkeypatch.setattr(connection.paho, "Client", Old)
    with pytest.raises(UnixSocketError, match=r"paho-mqtt 2\.1"):
        connection.make_client(MqttTable(socket="/x"), password=None, tls=None)
