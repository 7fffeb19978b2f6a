# SPDX-License-Identifier: Apache-2.0
"""What the publisher refuses, and what it says it would do."""

import msgspec
import pytest

from ipc.config import BusTable, Config, MqttTable, PublishTable, RingTable, Signing
from publisher import check
from publisher.errors import CapacityError, SecretError, SigningError
from tests.publisher.parts import meter_table


def config_of(**tables) -> Config:
    bus = BusTable(name="rs485", port="/dev/ttyX", meter=[meter_table()])
    return Config(**{"bus": [bus], **tables})


def test_a_plain_configuration_is_not_refused():
    check.refuse(config_of())


@pytest.mark.parametrize("signing", [Signing.GATEWAY, Signing.METER])
def test_a_meter_that_shall_sign_is_refused_by_name(signing):
    meter = msgspec.structs.replace(meter_table(), signing=signing)
    bus = BusTable(name="rs485", port="/dev/ttyX", meter=[meter])
    with pytest.raises(SigningError, match=r"'charger-1'.*use signing = 'none'"):
        check.refuse(config_of(bus=[bus]))


def bus_of(*, meters: int, rate_hz: float) -> BusTable:
    tables = [meter_table(f"m{at}", f"pm_{at}") for at in range(meters)]
    return BusTable(name="fast", port="/dev/ttyX", rate_hz=rate_hz, meter=tables)


@pytest.mark.parametrize(
    ("meters", "rate_hz", "window_s", "wanted"),
    [(1, 10.0, 10.0, 200), (3, 10.0, 10.0, 600), (1, 1.0, 60.0, 120)],
)
def test_a_ring_holds_two_windows_of_its_bus_or_is_refused(
    meters, rate_hz, window_s, wanted
):
    tables = {
        "bus": [bus_of(meters=meters, rate_hz=rate_hz)],
        "publish": PublishTable(window_s=window_s),
    }
    check.refuse(config_of(ring=RingTable(capacity=wanted), **tables))
    with pytest.raises(CapacityError, match=rf"'fast' needs at least {wanted}"):
        check.refuse(config_of(ring=RingTable(capacity=wanted - 1), **tables))


def test_a_password_file_that_cannot_be_used_is_refused(tmp_path):
    mqtt = MqttTable(username="u", password_file=str(tmp_path / "none"))
    with pytest.raises(SecretError, match="none"):
        check.refuse(config_of(mqtt=mqtt))


def test_what_would_be_sent_where_is_described_without_the_password(tmp_path):
    file = tmp_path / "password"
    file.write_text("hunter2")
    file.chmod(0o600)
    mqtt = MqttTable(host="broker", username="charger", password_file=str(file))
    config = config_of(mqtt=mqtt)
    check.refuse(config)
    text = "\n".join(check.describe(config))
    assert "broker broker:1883 as charger, MQTT 5" in text
    assert "bus rs485: ring /run/powermeter/rs485.ring" in text
    assert "sends  everest_api/1/powermeter/pm_1/m2e/powermeter_values" in text
    assert "sends  everest_api/1/powermeter/pm_1/m2e/communication_check" in text
    assert "takes  everest_api/1/powermeter/pm_1/e2m/start_transaction" in text
    assert "takes  everest_api/1/powermeter/pm_1/e2m/stop_transaction" in text
    assert "hunter2" not in text
