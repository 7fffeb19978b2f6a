# SPDX-License-Identifier: Apache-2.0
"""The sampler of one bus put together, and run until it is to stop."""

import contextlib
import os
from typing import TYPE_CHECKING

from ipc import log
from ipc.clock import SystemClock
from ipc.config import BusTable, Config, Signing
from ipc.notify import Notify
from ipc.shm import SegmentWriter
from ipc.statusfile import StatusFile
from ipc.stop import Stop
from sampler import realtime
from sampler.assembly import meters_of
from sampler.bus import SerialBus
from sampler.check import plan_bus
from sampler.loop import Loop
from sampler.meter import Meter
from sampler.report import Report
from sampler.status import Status
from sampler.tick import Ticker

if TYPE_CHECKING:
    from sampler.slack import Slack


def run(config: Config, table: BusTable, stop: Stop) -> None:
    """Read a bus until the stop is requested. Raises IpcError or SamplerError."""
    logger = log.set_up(config.log, process="sampler").bind(bus=table.name)
    with contextlib.ExitStack() as closing:
        service = Service(config, table, closing=closing, stop=stop)
        service.make_loop(logger).run()
        logger.info("sampler_stopped")


class Service:
    """Makes the parts; what has to be closed is, in reverse, by `closing`."""

    def __init__(
        self,
        config: Config,
        table: BusTable,
        *,
        closing: contextlib.ExitStack,
        stop: Stop,
    ) -> None:
        self._config = config
        self._table = table
        self._planned = plan_bus(table)
        self._closing = closing
        self._stop = stop
        self._clock = SystemClock(stop)

    def make_loop(self, logger: log.Logger) -> Loop:
        """Make everything, own the ring, and open the port if it is there."""
        clock, table = self._clock, self._table
        path, capacity = self._config.ring_path(table), self._config.ring.capacity
        ring = SegmentWriter.open(path, capacity=capacity, clock=clock)
        self._closing.enter_context(ring)
        notify = Notify(os.environ, clock=clock)
        self._closing.callback(notify.close)
        status = self._make_status(logger)
        bus = SerialBus(table, wire=self._planned.wire, clock=clock, stop=self._stop)
        self._closing.callback(bus.close)
        meters = meters_of(self._planned, bus=bus, clock=clock)
        slack = self._make_slack(meters, bus, status=status, logger=logger)
        bus.open()  # a port that is not there is reported with its first sample
        logger.info("sampler_started", port=table.port, rate_hz=table.rate_hz)
        realtime.prepare(self._config.realtime, logger)
        return Loop(
            ticker=Ticker(start_ns=clock.monotonic_ns(), rate_hz=table.rate_hz),
            meters=meters,
            ring=ring,
            report=Report(log=logger, clock=clock, status=status),
            notify=notify,
            clock=clock,
            stop=self._stop,
            slack=slack,
        )

    def _make_status(self, logger: log.Logger) -> Status:
        path = self._config.sampler_status_path(self._table)
        file = StatusFile(path, clock=self._clock, log=logger)
        status = Status(self._planned, file=file)
        self._closing.callback(status.close)
        return status

    def _make_slack(
        self,
        meters: list[Meter],
        bus: SerialBus,
        *,
        status: Status,
        logger: log.Logger,
    ) -> "Slack | None":
        """Make who serves meters that sign, between ticks; nothing of it for none.

        Whoever owns the ring owns the channel: the ring was opened before.
        """
        tables = [meter.table for meter in self._planned.meters]
        if all(table.signing is not Signing.METER for table in tables):
            return None
        from ipc.channel import ChannelServer  # noqa: PLC0415 - for few alone
        from sampler.signing.kinds import arbiter_of  # noqa: PLC0415 - the same
        from sampler.slack import Slack  # noqa: PLC0415 - the same
        from sampler.verbreport import VerbReport  # noqa: PLC0415 - the same

        channel = ChannelServer(self._config.channel_path(self._table))
        self._closing.callback(channel.close)
        report = VerbReport(log=logger, clock=self._clock, watcher=status.procedure)
        return Slack(
            arbiter=arbiter_of(self._planned, meters),
            channel=channel,
            bus=bus,
            report=report,
            clock=self._clock,
            stop=self._stop,
        )
