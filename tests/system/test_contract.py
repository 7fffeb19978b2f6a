# SPDX-License-Identifier: Apache-2.0
"""The contract with EVerest on real processes: what it is told, and what never."""

from datetime import datetime

import msgspec
import pytest

from deploy.demo.everest import Settings
from deploy.demo.stand_in import StandIn
from ipc.clock import SystemClock
from ipc.config import MqttProtocol
from ipc.stop import Stop
from ipc.units import NS_PER_S
from tests.publisher.line import mosquitto, needs_mosquitto
from tests.publisher.test_tls import Pki
from tests.system.station import PATIENCE_S
from tests.system.test_chain import see_checks, see_silence, see_values

pytestmark = [pytest.mark.system, pytest.mark.slow]

SECOND_METER = """
[[bus.meter]]
name = "other"
model = "eastron_sdm630"
unit_id = 8
module_id = "pm_2"

[mqtt]
"""


def module(station, module_id: str, check_timeout_s: float = 2.0) -> StandIn:
    """Connect another of EVerest's modules."""
    settings = Settings(
        module_id=module_id,
        check_timeout_s=check_timeout_s,
        reply_timeout_s=PATIENCE_S,
    )
    stand_in = StandIn(settings, clock=SystemClock(station._stop), stop=station._stop)
    return stand_in.connect(
        station.broker.host, station.broker.port, station.broker.protocol
    )


def log_of(station) -> str:
    return "\n".join(station.log("publisher"))


def test_of_two_meters_the_absent_ones_check_never_comes_and_the_others_goes_on(
    station,
):
    station.write_config("\n[mqtt]\n", SECOND_METER)
    text = station.config.read_text()
    text = text.replace("rate_hz = 5", "rate_hz = 2")
    station.config.write_text(text.replace("fresh_s = 1.0", "fresh_s = 1.5"))
    station.start_all()  # unit 7 answers, unit 8 is not there
    with station.everest() as living, module(station, "pm_2") as absent:
        see_values(station, living)
        see_checks(station, living, 5)
        living.run_for(1.0)
        absent.run_for(0.5)
        assert not living.everest.supervision.fault
        assert absent.everest.supervision.messages == 0
        assert absent.everest.values_received == 0
        for end in (living, absent):
            assert list(end.everest.rejections) == []
    assert "health_awaited" in log_of(station)


OTHER_BUS = """
[[bus]]
name = "other"
port = "{directory}/other"
baudrate = 38400
rate_hz = 5
timeout_s = 0.1

[[bus.meter]]
name = "other"
model = "eastron_sdm630"
unit_id = 7
module_id = "pm_2"

[mqtt]
"""


def test_of_two_meters_one_dies_its_check_ends_in_time_and_the_others_goes_on(station):
    table = OTHER_BUS.format(directory=station.config.parent)
    station.write_config("\n[mqtt]\n", table)
    station.start_all()
    station.start_meter("other")
    station.start_sampler("other")
    with station.everest() as living, module(station, "pm_2") as dying:

        def both(condition):
            def is_true():
                dying.step(0)
                return condition()

            return is_true

        def see_until(condition, what):
            station.until(living, both(condition), what)

        checks = [end.everest.supervision for end in (living, dying)]
        see_until(lambda: all(each.messages >= 2 for each in checks), "both checks")
        station.end("other")
        see_until(lambda: checks[1].fault, "the dead one's fault")
        seen = [end.everest.values_received for end in (living, dying)]
        told = checks[0].messages
        see_until(lambda: checks[0].messages >= told + 5, "the living one's checks")
        assert living.everest.values_received > seen[0]
        assert dying.everest.values_received == seen[1]
        assert not checks[0].fault
        assert not checks[1].ended
        for end in (living, dying):
            assert list(end.everest.rejections) == []


def test_everest_may_be_restarted_and_is_asked_again(station):
    station.start_all()
    with station.everest() as everest:
        see_checks(station, everest)
        station.until(everest, lambda: "everest_found" in log_of(station), "it found")
    with station.everest() as everest:
        see_values(station, everest)
        see_checks(station, everest)
        station.until(
            everest, lambda: "everest_restarted" in log_of(station), "a restart"
        )
        assert list(everest.everest.rejections) == []
        station.until(
            everest, lambda: "everest_discovered" in log_of(station), "its modules"
        )
    assert "module_unknown" not in log_of(station)


def test_a_module_id_that_everest_has_not_is_told_with_the_one_it_has(station):
    station.write_config('module_id = "pm_1"', 'module_id = "pm_9"')
    station.start_all()
    with station.everest() as everest:
        station.until(everest, lambda: "module_unknown" in log_of(station), "the id")
    [line] = [line for line in station.log("publisher") if "module_unknown" in line]
    assert '"module_id":["pm_9"]' in line
    assert '"known":["pm_1"]' in line


def test_the_check_keeps_within_the_period_that_everest_names(station):
    station.write_config("check_period_s = 0.2", "check_period_s = 60")
    station.start_all()
    with module(station, "pm_1", check_timeout_s=1.0) as everest:
        see_checks(station, everest, 3)
    assert "check_period_adapted" in log_of(station)


def test_every_sample_mode_reaches_everest(station):
    station.write_config("window_s = 0.2", "every_sample = true")
    station.start_all()
    with station.everest() as everest:
        see_values(station, everest, 10)
        assert list(everest.everest.rejections) == []


def test_a_broker_that_comes_later_and_is_restarted_is_met_again(station):
    station.broker.stop()
    station.start_all()
    station.broker.start()
    for _ in range(2):
        with station.everest() as everest:
            see_values(station, everest)
            see_checks(station, everest)
            assert list(everest.everest.rejections) == []
        station.broker.stop()
        station.broker.start()


def be_away(station, seconds):
    """Let the broker be away for so long."""
    station.broker.stop()
    stop = Stop()
    clock = SystemClock(stop)
    clock.wait_until(clock.monotonic_ns() + round(seconds * NS_PER_S))
    stop.close()
    station.broker.start()


@pytest.mark.parametrize(
    "away_s", [3, pytest.param(60, marks=[pytest.mark.long, pytest.mark.timeout(180)])]
)
def test_after_the_broker_was_away_only_what_is_true_now_is_told(station, away_s):
    station.start_all()
    with station.everest() as everest:
        see_checks(station, everest)
    be_away(station, away_s)
    back_ns = SystemClock(station._stop).wall_ns()
    with station.everest() as everest:
        see_values(station, everest)
        see_checks(station, everest)
        values = [
            each.message.payload
            for each in everest.everest.passed
            if each.message.topic.endswith("powermeter_values")
        ]
        times = [msgspec.json.decode(payload)["timestamp"] for payload in values]
        oldest_ns = min(datetime.fromisoformat(time).timestamp() for time in times)
        assert oldest_ns * NS_PER_S > back_ns - 2 * NS_PER_S
        assert list(everest.everest.rejections) == []


@needs_mosquitto
def test_a_broker_of_a_ca_that_we_do_not_trust_is_told_nothing(station, tmp_path):
    site, other = Pki(tmp_path, "site"), Pki(tmp_path, "other")
    (tmp_path / "tls").mkdir()
    lines = ("allow_anonymous true", *site.mosquitto)
    with mosquitto(tmp_path / "tls", *lines) as broker:
        tls = f'port = {broker.port}\ntls = true\nca_file = "{other.ca}"'
        station.write_config(f"port = {station.broker.port}", tls)
        station.start_all()
        with station.everest() as everest:  # on a broker of its own: for its time
            said = lambda: "CERTIFICATE_VERIFY_FAILED" in log_of(station)  # noqa: E731
            station.until(everest, said, "a refusal")
        assert "broker_connected" not in log_of(station)
        assert "mqtt.ca_file" in log_of(station)
        assert station.end("publisher") == 0


@needs_mosquitto
def test_rules_that_refuse_our_topics_are_told_and_everest_raises_its_fault(
    station, tmp_path
):
    rules = tmp_path / "acl"
    rules.write_text("topic read #\ntopic write everest_api/1/powermeter/pm_1/e2m/#\n")
    (tmp_path / "refusing").mkdir()
    lines = ("allow_anonymous true", f"acl_file {rules}")
    with mosquitto(tmp_path / "refusing", *lines) as broker:
        station.write_config(f"port = {station.broker.port}", f"port = {broker.port}")
        station.start_all()
        clock = SystemClock(station._stop)
        settings = Settings(check_timeout_s=1.0)
        stand_in = StandIn(settings, clock=clock, stop=station._stop)
        with stand_in.connect(broker.host, broker.port, MqttProtocol.V5) as everest:
            station.until(
                everest, lambda: "publish_refused" in log_of(station), "a refusal"
            )
            see_silence(station, everest)
            assert everest.everest.values_received == 0
