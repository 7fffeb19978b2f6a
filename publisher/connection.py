# SPDX-License-Identifier: Apache-2.0
"""How the broker is reached: TCP, TLS or a Unix socket; MQTT 5 or 3.1.1."""

import random
import socket
import ssl
from collections.abc import Mapping

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ipc.config import MqttProtocol, MqttTable
from publisher.errors import UnixSocketError

CONNECT_TIMEOUT_S = 5.0
"""For the connection to a broker that does not even refuse; TLS has as much again."""

LARGEST_MARK = 268_435_455
"""Of a subscription identifier."""


def make_client(
    table: MqttTable, *, password: str | None, tls: ssl.SSLContext | None
) -> paho.Client:
    """Make a client that is not connected yet.

    UnixSocketError: a socket is asked of a paho that has none.
    """
    v5 = table.protocol is MqttProtocol.V5
    try:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=table.client_id,
            protocol=paho.MQTTv5 if v5 else paho.MQTTv311,
            clean_session=None if v5 else True,
            transport="tcp" if table.socket is None else "unix",
            reconnect_on_failure=False,
        )
    except ValueError as error:
        raise UnixSocketError(
            f"mqtt.socket = {table.socket!r} needs paho-mqtt 2.1 or newer:"
            " install it, or use mqtt.host"
        ) from error
    client.connect_timeout = CONNECT_TIMEOUT_S
    if table.username is not None:
        client.username_pw_set(table.username, password)
    if tls is not None:
        client.tls_set_context(tls)
    return client


def connect(client: paho.Client, table: MqttTable) -> None:
    """Try once, blocking. OSError, ValueError: it cannot be reached so.

    With MQTT 5 the session outlives a restart of ours by a little: a request sent
    meanwhile is then delivered and answered instead of timing out.
    """
    host = table.host if table.socket is None else table.socket
    if table.protocol is MqttProtocol.V311:
        client.connect(host, table.port, keepalive=table.keepalive_s)
        return
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = table.session_expiry_s
    client.connect(
        host,
        table.port,
        keepalive=table.keepalive_s,
        clean_start=table.session_expiry_s == 0,
        properties=properties,
    )


def subscribe(
    client: paho.Client,
    table: MqttTable,
    topics: Mapping[str, int],
    *,
    told: Properties | None,
    chance: random.Random,
) -> int | None:
    """Subscribe with a mark of this connection; None if the broker has no marks.

    A subscription identifier (MQTT 5.0, section 3.8.2.1.2) comes back with every
    message. What waited in the session bears that of an earlier connection.

    told  what the broker said when it accepted us; with MQTT 3.1.1 it says nothing
    """
    wanted = list(topics.items())
    has_marks = getattr(told, "SubscriptionIdentifierAvailable", 1) != 0
    if table.protocol is MqttProtocol.V311 or not has_marks:
        client.subscribe(wanted)
        return None
    mark = chance.randint(1, LARGEST_MARK)
    properties = Properties(PacketTypes.SUBSCRIBE)  # type: ignore[no-untyped-call]
    properties.SubscriptionIdentifier = mark
    client.subscribe(wanted, properties=properties)
    return mark


def has_other_mark(message: paho.MQTTMessage, mark: int | None) -> bool:
    """Whether a message was sent for a subscription of an earlier connection."""
    marks = getattr(message.properties, "SubscriptionIdentifier", [])
    return bool(mark and marks) and mark not in marks


def address(table: MqttTable) -> str:
    """Say where the broker is, for a person."""
    if table.socket is not None:
        return table.socket
    scheme = "tls://" if table.tls else ""
    return f"{scheme}{table.host}:{table.port}"


def remedies(table: MqttTable) -> str:
    """Say which settings to look at if it cannot be reached."""
    if table.socket is not None:
        return "is it running? check mqtt.socket, mqtt.protocol"
    if table.tls:
        return (
            "is it running? check mqtt.host, mqtt.port, mqtt.ca_file,"
            " mqtt.certificate_file, mqtt.protocol"
        )
    return "is it running? check mqtt.host, mqtt.port, mqtt.protocol"


def tune(connection: object) -> None:
    """Send small messages at once: else some exchanges wait 40 ms for a delayed ACK."""
    if isinstance(connection, socket.socket) and connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def has_more(connection: object) -> bool:
    """Whether bytes wait that no selector sees: TLS has decrypted them already."""
    return isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
