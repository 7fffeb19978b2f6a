# SPDX-License-Identifier: Apache-2.0
"""The embedded broker's process: python -m deploy.demo.amqtt_broker PORT."""

import asyncio
import sys

from amqtt.broker import Broker  # type: ignore[import-untyped]
from amqtt.errors import BrokerError  # type: ignore[import-untyped]

from deploy.demo.broker import HOST


async def serve(port: int) -> None:
    """Serve anonymous clients on the loopback until a signal ends the process.

    Nothing is kept, so nothing is tidied up: its own shutdown waits for clients.
    """
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {
                    "allow_anonymous": True
                }
            },
        }
    )
    await broker.start()
    print(f"amqtt on {HOST}:{port} is running", flush=True)  # noqa: T201 - read by the parent
    await asyncio.Event().wait()


def main() -> int:
    """Run; a port that is taken is one line and exit status 1."""
    try:
        asyncio.run(serve(int(sys.argv[1])))
    except BrokerError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a process of its own
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
