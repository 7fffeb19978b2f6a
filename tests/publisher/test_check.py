# SPDX-License-Identifier: Apache-2.0
"""What the publisher refuses, and what it says it would do."""

import msgspec
import pytest

from ipc.config import (
    BusTable,
    Config,
    MqttTable,
    PublishTable,
    RingTable,
    Signing,
    SigningTable,
)
from publisher import check
from publisher.errors import CapacityError, KeyFileError, SecretError
from tests.publisher.parts import meter_table


def config_of(**tables) -> Config:
    bus = BusTable(name="rs485", port="/dev/ttyX", meter=[meter_table()])
    return Config(**{"bus": [bus], **tables})


def test_a_plain_configuration_is_not_refused():
    check.refuse(config_of())


def signed_by(signing, **fields) -> BusTable:
    meter = msgspec.structs.replace(meter_table(), signing=signing, **fields)
    return BusTable(name="rs485", port="/dev/ttyX", meter=[meter])


def test_a_meter_that_signs_by_itself_is_described():
    config = config_of(bus=[signed_by(Signing.METER)])
    check.refuse(config)
    text = "\n".join(check.describe(config))
    assert "meter charger-1: signing meter: by itself, with its own key" in text
    assert "asks   /run/powermeter/rs485.sock" in text
    assert "sends  everest_api/1/powermeter/pm_1/m2e/public_key_ocmf" in text


def test_a_gateway_without_a_usable_key_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    bus = [signed_by(Signing.GATEWAY, serial="7")]
    signing = SigningTable(key_file=str(tmp_path / "none.pem"))
    with pytest.raises(KeyFileError, match=r"none\.pem"):
        check.refuse_key(config_of(bus=bus, signing=signing))
    check.refuse_key(config_of(signing=signing))  # nobody needs it
    check.refuse_key(config_of(bus=bus))  # systemd's, who is not here
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(KeyFileError, match="signing-key"):
        check.refuse_key(config_of(bus=bus))


def test_what_is_signed_how_is_described():
    bus = signed_by(Signing.GATEWAY, serial="7", vendor="Eastron", product="SDM630")
    text = "\n".join(check.describe(config_of(bus=[bus])))
    assert "signs with systemd's credential signing-key; journal /var/lib/" in text
    assert "cfg_request_reply_to_s must be more than 60" in text
    wanted = "signing gateway, serial 7 (Eastron SDM630), kWh with 2 decimals"
    assert f"meter charger-1: {wanted}" in text
    assert "sends  everest_api/1/powermeter/pm_1/m2e/public_key_ocmf" in text


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
    assert "meter charger-1: signs nothing" in text
    assert "public_key" not in text
    assert "hunter2" not in text
