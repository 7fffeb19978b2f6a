# SPDX-License-Identifier: Apache-2.0
"""Parts of a publisher, put together for a test."""

import msgspec

from ipc.config import MeterTable, PublishTable
from ipc.log import RateLimit
from publisher.announcer import KeyAnnouncer
from publisher.everest import Everest
from publisher.feed import Feed
from publisher.handover import Handover
from publisher.meter import Meter
from publisher.report import Report
from publisher.topics import Api, Topics
from tests.fakes import FakeClock, FakeLog, FakeRing

TOPICS = Topics(base="everest_api/1/powermeter", module_id="pm_1")
BELOW = "everest_api/1/powermeter/pm_1/m2e/"


def meter_table(name: str = "charger-1", module_id: str = "pm_1") -> MeterTable:
    return MeterTable(name=name, model="m", unit_id=1, module_id=module_id)


def meter_of(
    *,
    name: str = "charger-1",
    module_id: str = "pm_1",
    **publish: object,
) -> Meter:
    return Meter(
        meter_table(name, module_id),
        topics=Topics(base=TOPICS.base, module_id=module_id),
        publish=PublishTable(**publish),
    )


def feed_of(
    *meters: Meter, ring: FakeRing, clock: FakeClock, log: FakeLog | None = None
) -> Feed:
    return Feed(
        bus="rs485",
        ring=ring,
        meters=meters,
        log=log or FakeLog(),
        limit=RateLimit(clock),
    )


def report_of(clock: FakeClock, log: FakeLog | None = None) -> Report:
    return Report(log=log or FakeLog(), clock=clock, limit=RateLimit(clock))


class Unwatched:
    """The status of a publisher at which nobody looks."""

    def tick(self) -> None: ...


def unsigned(clock: FakeClock, log: FakeLog | None = None) -> dict[str, object]:
    """Give the parts of a loop in which nobody signs."""
    return {
        "transactions": Handover(None, report=report_of(clock, log)),
        "announcer": KeyAnnouncer({}, keys=dict, clock=clock),
    }


def everest_of(
    *meters: Meter,
    clock: FakeClock,
    log: FakeLog | None = None,
    check_period_s: float = 2.0,
) -> Everest:
    return Everest(
        meters,
        api=Api(base=TOPICS.base),
        check_period_s=check_period_s,
        clock=clock,
        log=log or FakeLog(),
    )


def request(payload: object, *, reply_to: object = None) -> bytes:
    """Write a request as EVerest does; without reply_to it has no headers."""
    headers = {} if reply_to is None else {"headers": {"replyTo": reply_to}}
    return msgspec.json.encode({**headers, "payload": payload})


START = {
    "evse_id": "DE*E1",
    "transaction_id": "t-1",
    "identification_status": "ASSIGNED",
    "identification_level": "TRUSTED",
    "identification_flags": ["RFID_PLAIN"],
    "identification_type": "ISO14443",
    "identification_data": "ABCD",
    "tariff_text": "0,50 EUR",
}
