# SPDX-License-Identifier: Apache-2.0
"""paho's socket in the loop's selector, and woken for writing only while it has to."""

import selectors

import paho.mqtt.client as paho

from publisher import connection


def watch(client: paho.Client, selector: selectors.BaseSelector) -> None:
    """Keep the client's socket in the selector for as long as it has one."""

    def opened(_client: paho.Client, _data: object, it: "paho.SocketLike") -> None:
        connection.tune(it)
        selector.register(it, selectors.EVENT_READ)

    def closed(_client: paho.Client, _data: object, it: "paho.SocketLike") -> None:
        selector.unregister(it)

    def wants_to_write(
        _client: paho.Client, _data: object, it: "paho.SocketLike"
    ) -> None:
        selector.modify(it, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def has_written(_client: paho.Client, _data: object, it: "paho.SocketLike") -> None:
        selector.modify(it, selectors.EVENT_READ)

    client.on_socket_open = opened
    client.on_socket_close = closed
    client.on_socket_register_write = wants_to_write
    client.on_socket_unregister_write = has_written


def unwatch(client: paho.Client) -> None:
    """Leave the selector alone from now on: it is the loop's, and ends.

    Without somebody who is told of its wish to write, paho writes at once.
    """
    client.on_socket_register_write = None
    client.on_socket_unregister_write = None
    client.on_socket_close = None
