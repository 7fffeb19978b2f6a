# SPDX-License-Identifier: Apache-2.0
"""Ways to read a whole sample of a meter: ours, minimalmodbus, pymodbus, libmodbus.

Each opens its port, gives a function that reads so many samples, and closes.
"""

import contextlib
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import minimalmodbus
import msgspec
from pymodbus.client import ModbusSerialClient
from pymodbus.exceptions import ModbusException

from ipc.clock import SystemClock
from ipc.config import MeterTable, RealtimeTable
from ipc.stop import Stop
from ipc.units import NS_PER_MS, NS_PER_US
from sampler import realtime, registermap
from sampler.assembly import meters_of
from sampler.bus import SerialBus
from sampler.check import plan_bus
from sampler.fault import Fault
from sampler.plan import Block, plan
from sampler.simulator import registry
from sampler.simulator.wire import Line
from sampler.tick import Tick
from sampler.tools.line import LineSettings
from tests.bench.contest import Round
from tests.bench.record import OURS

MOST_FAILED = 20
"""In one round: with more, it is not the neighbours."""

KERNELS_SLACK_US = 50
"""How late a wait may end where nothing else was asked (Linux, init/init_task.c)."""

LIBMODBUS = Path(__file__).with_name("libmodbus_master.c")

Master = Callable[[str, "Workload"], "contextlib.AbstractContextManager[Reads]"]
Reads = Callable[[int], dict[str, list[float]]]
"""Reads so many samples; gives the milliseconds and the CPU microseconds of each.

Where a neighbour takes the processor for long enough, a read fails as on a bad line: it
is counted, and not timed.
"""


class ReadError(OSError):
    """A sample that was not whole."""


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """What is read, at which speed.

    block  one large block of the model, where not its whole sample is read
    """

    model: str
    baudrate: int
    block: Block | None = None

    @property
    def blocks(self) -> Sequence[Block]:
        """Give what the sampler reads."""
        profile = registermap.load(self.model)
        wire = LineSettings(baudrate=self.baudrate).wire
        return [self.block] if self.block else plan(profile, wire).blocks

    @property
    def values(self) -> Sequence[tuple[int, int]]:
        """Give address and registers of each value."""
        if self.block:
            block = self.block
            return [(block.address + at, 2) for at in range(0, block.count, 2)]
        registers = registermap.load(self.model).registers.values()
        return [(each.start, each.end - each.start) for each in registers]

    def wire_ms(self, counts: Sequence[int]) -> float:
        """Give the wire's time for reads of so many registers: nobody reads faster."""
        line = Line(baudrate=self.baudrate)
        turnaround_ns = registry.find(self.model).turnaround_ns
        fixed_ns = 2 * line.silence_ns + line.duration_ns(8) + turnaround_ns
        answers_ns = [line.duration_ns(5 + 2 * count) for count in counts]
        return (len(counts) * fixed_ns + sum(answers_ns)) / NS_PER_MS


def _timed(read: Callable[[], object]) -> Reads:
    def reads(count: int) -> dict[str, list[float]]:
        wall_ms, cpu_us, failed = [], [], 0
        while len(wall_ms) < count:
            wall, cpu = time.monotonic_ns(), time.process_time_ns()
            try:
                read()
            except OSError:
                failed += 1
                if failed > MOST_FAILED:
                    raise
                continue
            cpu_us.append((time.process_time_ns() - cpu) / NS_PER_US)
            wall_ms.append((time.monotonic_ns() - wall) / NS_PER_MS)
        return {"cycle_ms": wall_ms, "cpu_us": cpu_us, "failed": [float(failed)]}

    return reads


@contextlib.contextmanager
def ours(path: str, workload: Workload) -> Iterator[Reads]:
    """Read as the sampler does: bus, blocks, decoding, judgement, one Sample.

    With the timer slack that it asks for, which the others are measured without.
    """
    meter = MeterTable(name="meter", model=workload.model, unit_id=1, module_id="none")
    stop = Stop()
    clock = SystemClock(stop)
    settings = LineSettings(baudrate=workload.baudrate)
    planned = plan_bus(settings.table(path, timeout_s=0.5, meters=(meter,)))
    bus = SerialBus(planned.table, wire=planned.wire, clock=clock, stop=stop)
    assert bus.open() is None
    (reader,) = meters_of(planned, bus=bus, clock=clock)
    tick = Tick(number=0, deadline_ns=0, missed=0)
    first = workload.blocks[0]
    values = struct.Struct(f">{first.count // 2}f")

    def sample() -> None:
        if not reader.read(tick, lateness_us=0, overruns=0).sample.is_good:
            raise ReadError

    def block() -> None:
        answer = bus.read(1, first)
        if isinstance(answer, Fault):
            raise ReadError
        values.unpack(answer)

    reads = _timed(block if workload.block else sample)

    def punctually(count: int) -> dict[str, list[float]]:
        realtime.set_timer_slack(RealtimeTable().timer_slack_us)
        try:
            return reads(count)
        finally:
            realtime.set_timer_slack(KERNELS_SLACK_US)

    with contextlib.closing(bus):
        yield punctually
    stop.close()


@contextlib.contextmanager
def by_block(path: str, workload: Workload) -> Iterator[Reads]:
    """Read our blocks with plain minimalmodbus: read_registers, then one struct."""
    blocks = workload.blocks

    def read() -> None:
        for block in blocks:
            words = instrument.read_registers(
                block.address, block.count, block.function_code
            )
            data = struct.pack(f">{len(words)}H", *words)
            struct.unpack_from(f">{len(words) // 2}f", data)

    with _instrument(path, workload) as instrument:
        yield _timed(read)


@contextlib.contextmanager
def by_value(path: str, workload: Workload) -> Iterator[Reads]:
    """Read with plain minimalmodbus, as it is mostly done: one call a value."""
    code = workload.blocks[0].function_code
    values = workload.values

    def read() -> None:
        for address, count in values:
            if count == 2:
                instrument.read_float(address, code)
            else:
                instrument.read_registers(address, count, code)

    with _instrument(path, workload) as instrument:
        yield _timed(read)


@contextlib.contextmanager
def _instrument(path: str, workload: Workload) -> Iterator[minimalmodbus.Instrument]:
    instrument = minimalmodbus.Instrument(path, 1)
    instrument.serial.baudrate = workload.baudrate
    instrument.serial.timeout = 0.5
    with contextlib.closing(instrument.serial):
        yield instrument


@contextlib.contextmanager
def pymodbus(path: str, workload: Workload) -> Iterator[Reads]:
    """Read our blocks with pymodbus' synchronous client."""
    client = ModbusSerialClient(path, baudrate=workload.baudrate, timeout=0.5)
    assert client.connect()
    functions = {3: client.read_holding_registers, 4: client.read_input_registers}
    blocks = workload.blocks

    def read() -> None:
        for block in blocks:
            function = functions[block.function_code]
            try:
                answer = function(block.address, count=block.count, device_id=1)
            except ModbusException as error:
                raise ReadError from error
            if answer.isError():
                raise ReadError
            words = answer.registers
            data = struct.pack(f">{len(words)}H", *words)
            struct.unpack_from(f">{len(words) // 2}f", data)

    with contextlib.closing(client):
        yield _timed(read)


def compile_libmodbus(directory: Path) -> Master | None:
    """Make a master of libmodbus, if there is a compiler and the library."""
    program = directory / "libmodbus_master"
    command = ["cc", "-O2", "-o", str(program), str(LIBMODBUS), "-lmodbus"]
    if not shutil.which("cc"):
        return None
    if subprocess.run(command, check=False, capture_output=True).returncode:
        return None

    @contextlib.contextmanager
    def libmodbus(path: str, workload: Workload) -> Iterator[Reads]:
        silence_ns = Line(baudrate=workload.baudrate).silence_ns
        blocks = [(block.address, block.count) for block in workload.blocks]
        code = workload.blocks[0].function_code
        numbers = [workload.baudrate, silence_ns, code, *sum(blocks, ())]
        with subprocess.Popen(
            [str(program), path, *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin
            assert process.stdout

            def reads(count: int) -> dict[str, list[float]]:
                process.stdin.write(f"{count}\n")
                process.stdin.flush()
                lines = [process.stdout.readline().split() for _ in range(count)]
                failed = int(process.stdout.readline())
                return {
                    "failed": [float(failed)],
                    "cycle_ms": [int(wall) / NS_PER_MS for wall, _ in lines],
                    "cpu_us": [int(cpu) / NS_PER_US for _, cpu in lines],
                }

            yield reads
            process.stdin.close()

    return libmodbus


def wire(workload: Workload, *, by_value: bool = False) -> Round:
    """Be the contender that no one beats: the wire itself, and no CPU."""
    counts = (
        [count for _, count in workload.values]
        if by_value
        else [block.count for block in workload.blocks]
    )
    return lambda: {"cycle_ms": [workload.wire_ms(counts)]}


MASTERS: dict[str, Master] = {
    OURS: ours,
    "minimalmodbus, block by block": by_block,
    "minimalmodbus, value by value": by_value,
    "pymodbus, block by block": pymodbus,
}
