# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher check --live, against real processes and a real broker."""

import subprocess
import sys

import msgspec
import pytest

pytestmark = pytest.mark.system


def inspected(station, everest=None):
    """Run the check while EVerest's end, if there is one, goes on."""
    command = [sys.executable, "-m", "publisher", "check", str(station.config)]
    checking = subprocess.Popen(
        [*command, "--live", "--json"], stdout=subprocess.PIPE, text=True
    )
    if everest is not None:
        station.until(everest, lambda: checking.poll() is not None, "the check's end")
    output, _ = checking.communicate(timeout=30)
    return checking.returncode, {
        each["subject"]: each for each in msgspec.json.decode(output)
    }


def test_a_station_in_order_passes_while_its_publisher_runs(station):
    station.start_all()
    with station.everest() as everest:
        station.until(
            everest, lambda: everest.everest.values is not None, "the first values"
        )
        status, found = inspected(station, everest)

    assert {each["verdict"] for each in found.values()} == {"ok"}, found
    assert status == 0
    assert {"broker", "EVerest", "heartbeat pm_1", "meter charger"} <= found.keys()


def test_with_nothing_but_a_broker_it_says_what_is_missing(station):
    status, found = inspected(station)

    assert status == 1
    assert found["broker"]["verdict"] == "ok"
    assert found["bus bus"]["verdict"] == "failed"
    assert "powermeter-sampler run" in found["bus bus"]["remedy"]
    assert found["meter charger"]["verdict"] == "unknown"
    assert found["EVerest"]["verdict"] == "failed"
    assert found["heartbeat pm_1"]["verdict"] == "failed"


def test_without_a_broker_it_says_so_and_ends(station):
    station.broker.stop()

    status, found = inspected(station)

    assert status == 1
    assert found["broker"]["verdict"] == "failed"
    assert "is it running" in found["broker"]["remedy"]
    assert found["heartbeat"]["verdict"] == "unknown"
