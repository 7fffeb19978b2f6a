# SPDX-License-Identifier: Apache-2.0
"""The demo itself: the chain, EVerest's side of it, and the view of both."""

import sys
from collections.abc import Callable
from pathlib import Path

from deploy.demo.broker import BrokerError
from deploy.demo.chain import Chain, PartDiedError
from deploy.demo.everest import Settings
from deploy.demo.parts import Parts
from deploy.demo.picture import Painter
from deploy.demo.session import Seen, Session
from deploy.demo.stand_in import BrokerLostError, StandIn
from deploy.demo.view import View, view_on
from ipc.clock import NS_PER_MS, NS_PER_S, SystemClock
from ipc.stop import Stop

FRAME_NS = 250 * NS_PER_MS
BROKER_ENDS_S = 1.0
"""How long a broker that closed its connections may take to end."""


class Demo:
    """Starts the chain, is EVerest to it, and shows what happens."""

    def __init__(self, *, duration_s: float, stop: Stop) -> None:
        self.seen = Seen()
        self._stop = stop
        self._clock = SystemClock(stop)
        self._start_ns = self._clock.monotonic_ns()
        self._end_ns = self._start_ns + duration_s * NS_PER_S

    def run(self, directory: Path) -> str:
        """Run until the end; give what went wrong, if anything did.

        Everything it started has ended by then.
        """
        settings = Settings()
        try:
            with Parts(directory) as parts:
                chain = Chain(directory, parts, settings)
                chain.start()
                with StandIn(settings, clock=self._clock, stop=self._stop) as stand_in:
                    self._watch(chain, stand_in)
        except BrokerLostError as error:
            return "" if self._stop.requested else str(error)
        except (BrokerError, PartDiedError, OSError) as error:
            return str(error)
        return ""

    def _watch(self, chain: Chain, stand_in: StandIn) -> None:
        session = Session(stand_in, self.seen, self._clock)
        painter = Painter(
            chain=chain,
            everest=stand_in.everest,
            session=session,
            clock=self._clock,
            start_ns=self._start_ns,
        )
        broker = chain.broker
        with view_on(sys.stdout) as view:
            try:
                stand_in.connect(broker.host, broker.port, broker.protocol)
                self._play(chain, session, lambda: self._show(view, painter))
            except BrokerLostError:
                if not self._stop.requested and broker.part.ends_within(BROKER_ENDS_S):
                    raise PartDiedError(broker.part) from None
                raise
            finally:
                self._show(view, painter)

    def _play(self, chain: Chain, session: Session, show: Callable[[], None]) -> None:
        frame_ns = 0
        while not self._stop.requested:
            now_ns = self._clock.monotonic_ns()
            if now_ns >= self._end_ns:
                break
            session.step()
            chain.check()
            if now_ns >= frame_ns:
                frame_ns = now_ns + FRAME_NS
                show()

    def _show(self, view: View, painter: Painter) -> None:
        try:
            view.show(painter.paint())
        except OSError:  # nobody can see it any more: as good as a hang-up
            self._stop.request()
