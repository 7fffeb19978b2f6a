# SPDX-License-Identifier: Apache-2.0
"""Answers every request at once: `python -m tests.bench.echo PORT TOPIC`.

What is left of an answer's time when nothing has to be done for it, or, where the
topic ends in "write", nothing but to write a page to the disk.
"""

import os
import sys
import tempfile
from typing import BinaryIO

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from deploy.demo.broker import HOST
from ipc.stop import Stop, StopRequested
from tests.bench.chain import at_once


class Echo:
    """Sends an answer where the request wants it."""

    def __init__(self, disk: BinaryIO) -> None:
        self._disk = disk

    def answer(
        self, client: paho.Client, _userdata: object, message: paho.MQTTMessage
    ) -> None:
        """Take one request."""
        to = msgspec.json.decode(message.payload)["headers"]["replyTo"]
        if message.topic.endswith("write"):
            self._disk.write(bytes(4096))
            self._disk.flush()
            os.fdatasync(self._disk.fileno())
        client.publish(to, b'{"status":"OK"}', qos=1)


def main() -> None:
    """Answer until SIGTERM."""
    _, port, topic = sys.argv
    stop = Stop.on_signals()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_socket_open = at_once
    client.connect(HOST, int(port))
    client.subscribe(topic, qos=2)
    with tempfile.TemporaryFile() as disk:
        client.on_message = Echo(disk).answer
        try:
            with stop.interrupting():
                client.loop_forever()
        except StopRequested:
            client.disconnect()
    stop.close()


if __name__ == "__main__":
    main()
