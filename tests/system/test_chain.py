# SPDX-License-Identifier: Apache-2.0
"""The whole chain on real parts: a meter's answer becomes what EVerest gets."""

import signal

import pytest

pytestmark = pytest.mark.system

START = {
    "evse_id": "DE*PNX*E1",
    "transaction_id": "b7a1",
    "identification_status": "ASSIGNED",
    "identification_flags": [],
    "identification_type": "ISO14443",
}


def see_values(station, everest, more=2):
    seen = everest.everest.values_received
    station.until(
        everest, lambda: everest.everest.values_received >= seen + more, "values"
    )


def see_checks(station, everest, more=2):
    supervision = everest.everest.supervision
    seen = supervision.messages
    station.until(everest, lambda: supervision.messages >= seen + more, "checks")


def see_silence(station, everest):
    """EVerest raises its fault: no check for longer than it bears."""
    supervision = everest.everest.supervision
    station.until(everest, lambda: supervision.fault, "silence")


def ask(station, everest, call):
    station.until(everest, lambda: call.done, "a reply")
    return call.reply


def test_values_checks_and_replies_reach_everest_and_none_is_rejected(station):
    station.start_all()
    with station.everest() as everest:
        see_values(station, everest)
        see_checks(station, everest)
        values = everest.everest.values
        assert values["meter_id"] == "charger"
        assert 200 < values["voltage_V"]["L2"] < 260
        assert values["energy_Wh_import"]["total"] > 0
        start = ask(station, everest, everest.start_transaction(START))
        stop = ask(station, everest, everest.stop_transaction("b7a1"))
        for reply in (start, stop):
            assert reply["status"] == "NOT_SUPPORTED"
            assert "does not sign" in reply["error"]
        assert ask(station, everest, everest.stop_transaction(""))["status"] == "OK"
        assert list(everest.everest.rejections) == []
        assert not everest.everest.supervision.ended, "false was sent"
    for name in ("publisher", "sampler", "meter"):
        assert station.end(name) == 0, station.log(name)
    assert list(station.config.parent.glob("meter")) == []


def test_a_silent_meter_ends_values_and_checks_until_it_answers_again(station):
    station.start_all()
    with station.everest() as everest:
        see_values(station, everest)
        see_checks(station, everest)
        assert station.end("meter") == 0
        see_silence(station, everest)
        seen = everest.everest.values_received
        everest.run_for(0.5)
        assert everest.everest.values_received == seen
        assert any("meter_fails" in line for line in station.log("sampler"))
        station.start_meter()
        see_values(station, everest)
        see_checks(station, everest)
        assert list(everest.everest.rejections) == []


def test_a_killed_sampler_is_told_by_silence_and_its_successor_goes_on(station):
    station.start_all()
    with station.everest() as everest:
        see_checks(station, everest)
        assert station.end("sampler", signal.SIGKILL) == -signal.SIGKILL
        see_silence(station, everest)
        station.start_sampler()
        see_values(station, everest)
        see_checks(station, everest)
        assert list(everest.everest.rejections) == []


def test_a_killed_publisher_leaves_no_false_and_its_successor_goes_on(station):
    station.start_all()
    with station.everest() as everest:
        see_checks(station, everest)
        assert station.end("publisher", signal.SIGKILL) == -signal.SIGKILL
        see_silence(station, everest)
        assert not everest.everest.supervision.ended
        station.start_publisher()
        see_values(station, everest)
        see_checks(station, everest)


def test_the_publisher_outlives_its_broker(station):
    station.start_all()
    with station.everest() as everest:
        see_values(station, everest)
    station.broker.stop()
    station.broker.start()
    with station.everest() as everest:
        see_values(station, everest)
        see_checks(station, everest)
        reply = ask(station, everest, everest.start_transaction(START))
        assert reply["status"] == "NOT_SUPPORTED"
    assert any("broker_lost" in line for line in station.log("publisher"))


def test_everything_may_start_in_the_wrong_order(station):
    station.start_publisher()
    station.start_sampler()
    with station.everest() as everest:
        see_silence(station, everest)
        assert everest.everest.values_received == 0
        station.start_meter()
        see_values(station, everest)
        see_checks(station, everest)


def test_a_meter_of_another_unit_id_gives_no_value_and_the_log_says_what_to_do(station):
    station.write_config("unit_id = 7", "unit_id = 8")
    station.start_all()
    with station.everest() as everest:
        everest.run_for(1.5)
        assert everest.everest.values_received == 0
        assert everest.everest.supervision.messages == 0
    [line] = [line for line in station.log("sampler") if "meter_fails" in line]
    assert '"unit_id":8' in line
    assert "check unit_id" in line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_either_signal_ends_either_process_in_order(station, number):
    station.start_all()
    with station.everest() as everest:
        see_values(station, everest)
    for name in ("sampler", "publisher"):
        assert station.end(name, number) == 0
        assert f"{name}_stopped" in station.log(name)[-1]


def test_a_second_sampler_of_the_same_bus_is_refused(station):
    station.start_all()
    with station.everest() as everest:
        see_values(station, everest)
        station.start_sampler()
        part = station._running["sampler"]
        assert part.ends_within(20)
        assert part.exit_status == 2
        assert "another writer owns it" in "".join(station.log("sampler"))
        see_values(station, everest)
