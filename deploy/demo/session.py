# SPDX-License-Identifier: Apache-2.0
"""What the demo's EVerest does, over and over: boot, charge, pause; and what was seen."""

import uuid
from collections.abc import Iterator

import msgspec

from deploy.demo import receipt
from deploy.demo.exchange import Call
from deploy.demo.stand_in import StandIn
from ipc.clock import NS_PER_S, Clock

FIRST_CHARGE_S = 2.0  # so that a short demo sees everything
CHARGE_S = 15.0
PAUSE_S = 5.0
SHOWN_REJECTIONS = 5


class Seen(msgspec.Struct, kw_only=True):
    """What has to be seen before the demo may call itself a success."""

    values: int = 0
    checks: int = 0
    start: str | None = None
    stop: str | None = None
    record: str | None = None
    rejected: int = 0
    reasons: list[str] = []

    @property
    def complete(self) -> bool:
        """Whether everything was, and nothing that EVerest would drop."""
        charged = self.start == "OK" and self.stop == "OK" and self.record is not None
        return bool(self.values and self.checks and charged and not self.rejected)

    def __str__(self) -> str:
        summary = (
            f"seen: {self.values} values, {self.checks} checks,"
            f" start {self.start or 'without reply'},"
            f" stop {self.stop or 'without reply'},"
            f" record {self.record or 'missing'}, {self.rejected} rejected"
        )
        return "\n".join([summary, *self.reasons])


class Session:
    """One charging session after the other. `phase` is what it does now."""

    def __init__(self, stand_in: StandIn, seen: Seen, clock: Clock) -> None:
        self.seen = seen
        self.phase = "waiting for the meter"
        self._stand_in = stand_in
        self._clock = clock
        self._steps = self._run()

    def step(self) -> None:
        """Wait a moment for messages and go on as far as they allow.

        Raises BrokerLostError.
        """
        everest = self._stand_in.everest
        self._stand_in.step()
        self.seen.values = everest.values_received
        # A false ends the supervision: no statement that the chain is good.
        if not everest.supervision.ended:
            self.seen.checks = everest.supervision.messages
        self.seen.rejected = everest.rejections_made
        self.seen.reasons = [
            f"  rejected: {rejection.topic}: {rejection.reason}"
            for rejection in list(everest.rejections)[-SHOWN_REJECTIONS:]
        ]
        next(self._steps)

    def _run(self) -> Iterator[None]:
        """As EVerest: wait for values, cancel what is open, then sessions."""
        everest = self._stand_in.everest
        while everest.values is None or everest.supervision.fault:
            yield
        self.phase = "cancelling what may be open"
        yield from self._reply(self._stand_in.stop_transaction(""))
        charge_s = FIRST_CHARGE_S
        while True:
            yield from self._charge(charge_s)
            charge_s = CHARGE_S
            yield from self._pause(PAUSE_S)

    def _charge(self, seconds: float) -> Iterator[None]:
        self.phase = "starting a transaction"
        transaction_id = str(uuid.uuid4())
        start = self._stand_in.start_transaction(_request(transaction_id))
        yield from self._reply(start)
        status = _status(start)
        self.seen.start = status or self.seen.start
        self.phase = f"charging (start: {status or 'no reply'})"
        yield from self._pause(seconds)
        self.phase = "stopping the transaction"
        stop = self._stand_in.stop_transaction(transaction_id)
        yield from self._reply(stop)
        status = _status(stop)
        self.seen.stop = status or self.seen.stop
        record = self._verify(stop)
        self.phase = f"vehicle gone (stop: {status or 'no reply'}; {record})"

    def _verify(self, stop: Call) -> str:
        """Verify the record with the key that was told on its topic."""
        value = (stop.reply or {}).get("signed_meter_value")
        if value is None:
            return "no record"
        key = self._stand_in.everest.public_key or ""
        try:
            document = receipt.read(value["signed_meter_data"], key)
        except receipt.ReceiptError as error:
            return f"record not valid: {error}"
        self.seen.record = receipt.told(document)
        return f"record {self.seen.record}"

    def _reply(self, call: Call) -> Iterator[None]:
        while not call.done:
            yield

    def _pause(self, seconds: float) -> Iterator[None]:
        end_ns = self._clock.monotonic_ns() + int(seconds * NS_PER_S)
        while self._clock.monotonic_ns() < end_ns:
            yield


def _request(transaction_id: str) -> dict[str, object]:
    return {
        "evse_id": "DE*PNX*E1",
        "transaction_id": transaction_id,
        "identification_status": "ASSIGNED",
        "identification_level": "VERIFIED",
        "identification_flags": ["RFID_PLAIN", "OCPP_AUTH"],
        "identification_type": "ISO14443",
        "identification_data": "04A2B3C4D5E680",
        "tariff_text": "0.49 EUR/kWh",
    }


def _status(call: Call) -> str | None:
    return call.reply["status"] if call.reply is not None else None
