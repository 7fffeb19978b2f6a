# SPDX-License-Identifier: Apache-2.0
"""What a commit costs, and that ten thousand records make it no dearer."""

import statistics

import msgspec
import pytest

from ipc.clock import SystemClock
from ipc.stop import Stop
from ipc.units import NS_PER_MS
from publisher.ecdsa import SigningKey
from publisher.journal import Journal
from publisher.notary import Notary
from publisher.record import SIGNING_CURVES
from tests.publisher.office import GATEWAY, signed_meter
from tests.publisher.stories import KEY, PUBLIC_KEY, begun, ended

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

RECORD = "x" * 740  # a gateway's record is about so long
ROUNDS = 300


def timed(clock, act, *arguments, **fields):
    before = clock.monotonic_ns()
    act(*arguments, **fields)
    return (clock.monotonic_ns() - before) / NS_PER_MS


def run_one(journal, clock, name, times):
    """Run a whole transaction and note what each step took."""
    step = timed(clock, journal.begin, "m", begun(name), fingerprint=KEY)
    times["begin"].append(step)
    values = {"fingerprint": KEY, "sign": lambda _: RECORD}
    times["finish"].append(timed(clock, journal.finish, "m", name, ended(), **values))
    times["recall"].append(timed(clock, journal.recall, "m", name))


def medians(times, label):
    for step, took in times.items():
        p99 = statistics.quantiles(took, n=100)[98]
        print(f"{label} {step}: {statistics.median(took):.2f} ms, p99 {p99:.2f} ms")
    return {step: statistics.median(took) for step, took in times.items()}


def sync(journal, how):
    journal._connection.execute(f"PRAGMA synchronous = {how}")


def fill(journal, count):
    """Put finished transactions in."""
    for number in range(count):
        name = f"old-{number}"
        journal.begin("m", begun(name), fingerprint=KEY)
        journal.finish("m", name, ended(), fingerprint=KEY, sign=lambda _: RECORD)


def compare(journals, clock, label):
    """Run transactions in turns, for the disk is everybody's; give the medians."""
    times = {name: {"begin": [], "finish": [], "recall": []} for name in journals}
    for number in range(ROUNDS):
        for name, journal in journals.items():
            run_one(journal, clock, f"{label}-{number}", times[name])
    return {name: medians(times[name], f"{name}, {label}") for name in journals}


def test_a_commit_takes_milliseconds_with_ten_thousand_records_too(tmp_path):
    clock = SystemClock(Stop())
    journals = {name: Journal.open(tmp_path / name) for name in ("empty", "full")}
    for journal in journals.values():
        journal.add_key(KEY, public_key=PUBLIC_KEY)
        sync(journal, "OFF")
    fill(journals["full"], 10_000)
    # What the journal itself costs shows when nobody waits for the disk.
    without = compare(journals, clock, "without the disk")
    for journal in journals.values():
        sync(journal, "FULL")
    found = compare(journals, clock, "with the disk")
    for journal in journals.values():
        journal.close()
    took = timed(clock, lambda: Journal.open(tmp_path / "full").close())
    print(f"open with {10_000 + 2 * ROUNDS} records: {took:.1f} ms")
    assert found["full"]["finish"] <= 5
    assert without["full"]["finish"] <= 1.1 * without["empty"]["finish"]


@pytest.mark.parametrize("curve", SIGNING_CURVES)
def test_a_record_is_composed_signed_and_stored_within_5_ms(tmp_path, curve):
    stop = Stop()
    clock = SystemClock(stop)
    key, meter, took = SigningKey.generate(curve), signed_meter(), []
    with Journal.open(tmp_path / "journal.db") as journal:
        notary = Notary(journal, key=key, gateway=GATEWAY)
        notary.adopt()
        for number in range(ROUNDS):
            begun_now = begun(f"t-{number}")
            content = {"identification_data": "1F2D3A4F"}
            asked = msgspec.structs.replace(begun_now.request, **content)
            begun_now = msgspec.structs.replace(begun_now, request=asked)
            notary.begin(meter, begun_now)
            took.append(timed(clock, notary.finish, meter, begun_now, ended()))
    stop.close()
    p50, p99 = statistics.median(took), statistics.quantiles(took, n=100)[98]
    print(f"{curve}: compose, sign, store: {p50:.2f} ms, p99 {p99:.2f} ms")
    assert p50 <= 5
