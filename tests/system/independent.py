# SPDX-License-Identifier: Apache-2.0
"""A Modbus meter that shares no line of code with ours: a pymodbus server.

It has an SDM630's input registers; each parameter holds 100 + address / 256, which a
float32 holds exactly.
"""

import asyncio
import contextlib
import os
import threading
import tty
from collections.abc import Iterator

from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

REGISTERS = 0x180


def shown(address: int) -> float:
    """Give what the parameter at this address holds."""
    return 100 + address / 256


def _device(unit_id: int) -> SimDevice:
    numbers = [shown(address) for address in range(0, REGISTERS, 2)]
    registers = SimData(0, values=numbers, datatype=DataType.FLOAT32)
    return SimDevice(id=unit_id, simdata=[registers])


@contextlib.contextmanager
def independent_meter(unit_id: int) -> Iterator[int]:
    """Serve on a pseudo-terminal; give the descriptor of its other end."""
    near, far = os.openpty()
    tty.setraw(far)
    loop = asyncio.new_event_loop()
    listening = threading.Event()
    ended = asyncio.Event()

    async def serve() -> None:
        server = ModbusSerialServer(
            _device(unit_id),
            framer=FramerType.RTU,
            port=os.ttyname(far),
            baudrate=115200,
            ignore_missing_devices=True,
        )
        await server.serve_forever(background=True)
        listening.set()
        await ended.wait()
        await server.shutdown()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    listening.wait()
    try:
        yield near
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()
        os.close(near)
        os.close(far)
