# SPDX-License-Identifier: Apache-2.0
"""The service under a real supervisord with the shipped configuration and watchdog."""

import os
import signal

import pytest

from ipc.clock import SystemClock
from ipc.stop import Stop
from tests.system.supervised import Supervised, supervisords
from tests.system.test_chain import see_values

SUPERVISORDS = supervisords()

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.skipif(not SUPERVISORDS, reason="no supervisor on this machine"),
]


@pytest.fixture(params=SUPERVISORDS.items(), ids=SUPERVISORDS)
def supervised(request, station, tmp_path):
    """Give supervisord; the station has the meter, the broker and EVerest's end."""
    stop = Stop()
    station.start_meter()
    supervised = Supervised(
        request.param[1], tmp_path, station.config, SystemClock(stop)
    )
    yield supervised
    supervised.close()
    stop.close()
    print(supervised.logs())  # noqa: T201 - shown only where it fails


def tell(what, seconds):
    """Show a figure to whoever runs this with -rP."""
    print(f"{what} after {seconds:.2f} s")  # noqa: T201 - as said


def test_a_killed_process_is_replaced_and_the_other_is_not_touched(supervised, station):
    for name, other in (("sampler", "publisher"), ("publisher", "sampler")):
        supervised.until_running(name)
        supervised.until_running(other)
        killed, kept = supervised.process(name).pid, supervised.process(other).pid
        os.kill(killed, signal.SIGKILL)
        tell(f"{name}: kill -9, replaced", supervised.until_replaced(name, killed))
        supervised.until_running(name)
        assert supervised.process(other).pid == kept
    with station.everest() as everest:
        see_values(station, everest)
    assert supervised.stop()
    for name in ("sampler-rs485", "publisher"):
        last = supervised.log(name).splitlines()[-1]
        assert f"{name.partition('-')[0]}_stopped" in last


@pytest.mark.parametrize(
    ("name", "other"), [("sampler", "publisher"), ("publisher", "sampler")]
)
def test_a_process_that_hangs_is_replaced_and_one_that_beats_is_left_alone(
    supervised, station, name, other
):
    with station.everest() as everest:
        see_values(station, everest)
    hung, beating = supervised.process(name).pid, supervised.process(other).pid
    os.kill(hung, signal.SIGSTOP)
    tell(f"{name}: SIGSTOP, replaced", supervised.until_replaced(name, hung))
    assert supervised.process(other).pid == beating, "it had ticks enough to be judged"
    assert supervised.log("watchdog").count("process_killed") == 1
    with station.everest() as everest:
        see_values(station, everest)


def test_who_was_given_up_is_revived_and_runs_once_its_configuration_is_right(
    supervised, station
):
    supervised.until_running("publisher")
    station.config.write_text("this is no TOML")
    os.kill(supervised.process("publisher").pid, signal.SIGKILL)
    supervised.until(
        lambda: "process_revived" in supervised.log("watchdog"), "a revival"
    )
    station.write_config()
    tell("configuration repaired, running", supervised.until_running("publisher"))
    with station.everest() as everest:
        see_values(station, everest)
