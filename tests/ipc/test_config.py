# SPDX-License-Identifier: Apache-2.0
"""The configuration: what is accepted, and how a mistake is told."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc import config, toml
from ipc.errors import ConfigError, IpcError

ROOT = Path(__file__).parents[2]

LEAST = """
[[bus]]
name = "a"
port = "/dev/ttyUSB0"
[[bus.meter]]
name = "m"
model = "eastron_sdm630"
unit_id = 1
module_id = "pm_1"
"""


@pytest.fixture
def load(tmp_path):
    def load_text(text: str) -> config.Config:
        path = tmp_path / "config.toml"
        path.write_text(text)
        return config.load(path)

    return load_text


def test_the_annotated_example_loads_and_shows_the_defaults(load):
    example = config.load(ROOT / "deploy" / "config.toml")
    least = load(LEAST)
    tables = ("mqtt", "publish", "ring", "signing", "journal", "realtime", "log")
    for table in tables:
        assert getattr(example, table) == getattr(least, table)
    shown, bare = example.bus[0], least.bus[0]
    for key in ("baudrate", "parity", "stopbits", "rate_hz", "timeout_s"):
        assert getattr(shown, key) == getattr(bare, key)


def test_the_example_names_every_key_there_is():
    text = (ROOT / "deploy" / "config.toml").read_text()
    tables = (
        config.BusTable,
        config.MeterTable,
        config.MqttTable,
        config.PublishTable,
        config.RingTable,
        config.SigningTable,
        config.JournalTable,
        config.RealtimeTable,
        config.LogTable,
    )
    for table in tables:
        for key in table.__struct_fields__:
            assert f"{key} = " in text or f"[[bus.{key}]]" in text, key


def test_a_ring_lies_in_the_directory_under_its_bus_name(load):
    loaded = load(LEAST)
    assert loaded.ring_path(loaded.bus[0]) == Path("/run/powermeter/a.ring")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "unit_id = 1",
            "unit_id = 0",
            "bus[0].meter[0].unit_id = 0: expected `int` >= 1",
        ),
        ("unit_id = 1", "unit_id = '1'", "got `str`"),
        ("unit_id", "unitid", "unitid: unknown key; did you mean 'unit_id'?"),
        ('module_id = "pm_1"', "", "bus[0].meter[0].module_id: this key is missing"),
        ('name = "a"', 'name = "a/b"', "bus[0].name = 'a/b'"),
        ("[[bus]]", "[[bus]]\nrate_hz = nan", "bus[0].rate_hz = nan"),
        ("[[bus]]", "[[bus]]\nparity = 'mark'", "bus[0].parity = 'mark'"),
        ("[[bus]]", "[mqtt]\nport = 0\n[[bus]]", "mqtt.port = 0: expected `int` >= 1"),
        ("[[bus]]", "[mqtt]\nbase_topic = 'a/#'\n[[bus]]", "mqtt.base_topic = 'a/#'"),
        (
            "[[bus]]",
            "[publish]\nfresh_s = 1\n[[bus]]",
            "must be at least three periods",
        ),
        ("unit_id = 1", "unit_id = 1\nevery = 2", "three periods of meter 'm' (6 s)"),
        ("unit_id = 1", "unit_id = 1\nevery = 0", "every = 0: expected `int` >= 1"),
        (
            "unit_id = 1",
            "unit_id = 1\nenergy_every = 3",
            "must be at least two energy periods of meter 'm' (6 s)",
        ),
        (
            "[[bus]]",
            "[realtime]\npriority = 100\n[[bus]]",
            "realtime.priority = 100: expected `int` <= 99",
        ),
        (
            "[[bus]]",
            "[realtime]\ncpus = []\n[[bus]]",
            "realtime.cpus: expected `array` of length >= 1",
        ),
        (
            'module_id = "pm_1"',
            "module_id = 'p'\nenergy_every = 2\n[publish]\nevery_sample = true",
            "energy_every = 2 of meter 'm': must be 1 with publish.every_sample",
        ),
        (
            "[[bus]]",
            "[publish]\nevery_sample = true\nearly_power_change_w = 1.0\n[[bus]]",
            "are both set",
        ),
        (
            "[[bus]]",
            "[publish]\nwindow_value = 'median'\n[[bus]]",
            "publish.window_value = 'median'",
        ),
        (
            "[[bus]]",
            "[mqtt]\npassword_file = 'x'\n[[bus]]",
            "mqtt.username is not: set both or none",
        ),
        ("[[bus]]", "[mqtt]\nca_file = 'x'\n[[bus]]", "set tls = true"),
        (
            "[[bus]]",
            "[mqtt]\ntls = true\nkey_file = 'x'\n[[bus]]",
            "mqtt.certificate_file and mqtt.key_file: set both or none",
        ),
        (
            "[[bus]]",
            "[mqtt]\ntls = true\nsocket = '/x'\n[[bus]]",
            "a Unix socket has no TLS",
        ),
        ("[[bus]]", "[mqtt]\nbase_topic = 'a/b\tc'\n[[bus]]", "mqtt.base_topic = "),
        ("[[bus]]", '[mqtt]\nbase_topic = "a/b\\n"\n[[bus]]', "mqtt.base_topic = "),
        ("[[bus]]", '[mqtt]\nbase_topic = "\\u0085a/b"\n[[bus]]', "base_topic = "),
        ('name = "a"', 'name = "a\\n"', "bus[0].name = 'a\\n'"),
        (
            "unit_id = 1",
            "unit_id = 1\nsigning = 'gateway'",
            "bus.meter.serial of meter 'm' is missing",
        ),
        (
            "unit_id = 1",
            "unit_id = 1\nsigning = 'gateway'\nserial = ''",
            "serial = '': expected `str` of length >= 1",
        ),
        (
            "unit_id = 1",
            (
                "unit_id = 1\nsigning = 'gateway'\nserial = '7'\nenergy_unit = 'Wh'\n"
                "energy_decimals = 4"
            ),
            "energy_decimals = 4 of meter 'm': must be at most 3 in Wh",
        ),
        (
            'module_id = "pm_1"',
            (
                "module_id = 'p'\nsigning = 'gateway'\nserial = '7'\n"
                "[signing]\nreply_s = 2"
            ),
            "signing.reply_s = 2.0: must be at least three energy periods",
        ),
        ("[[bus]]", "[signing]\nreply_s = 300\n[[bus]]", "reply_s = 300"),
        ("[[bus]]", "[journal]\nkeep_days = 0\n[[bus]]", "journal.keep_days = 0"),
        ("[[bus]]", "[[bus]", "not valid TOML"),
    ],
)
def test_a_mistake_is_told_with_file_key_value_and_bound(load, old, new, told):
    with pytest.raises(ConfigError) as raised:
        load(LEAST.replace(old, new, 1))
    assert told in str(raised.value)
    assert str(raised.value).count("config.toml: ") == 1
    assert isinstance(raised.value, IpcError)
    assert isinstance(raised.value, ValueError)


def test_all_names_taken_twice_are_told_at_once(load):
    with pytest.raises(ConfigError) as raised:
        load(LEAST + LEAST)
    told = str(raised.value)
    for key in ("bus.name = 'a'", "bus.port", "bus.meter.name", "bus.meter.module_id"):
        assert key in told


def test_two_meters_of_one_bus_need_two_unit_ids(load):
    second = '[[bus.meter]]\nname = "n"\nmodel = "x"\nunit_id = 1\nmodule_id = "pm_2"\n'
    with pytest.raises(ConfigError, match=r"unit_id on bus 'a' = 1: stands 2 times"):
        load(LEAST + second)


def test_a_file_that_is_not_there_or_cannot_be_read_is_told(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        config.load(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        config.load(tmp_path)


def test_an_endless_file_is_not_read_to_its_end():
    with pytest.raises(ConfigError, match="larger than"):
        config.load(Path("/dev/zero"))


@given(st.binary(max_size=200))
def test_no_content_raises_anything_but_a_config_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        config.load(path)


@given(
    st.recursive(
        st.one_of(st.integers(), st.floats(), st.text(max_size=5), st.booleans()),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=4,
    ),
    st.sampled_from(
        ["bus", "mqtt", "publish", "name", "port", "meter", "unit_id", "x"]
    ),
)
def test_no_value_of_a_wrong_kind_raises_anything_else(value, key):
    raw = tomllib.loads(LEAST)
    for target in (raw, raw["bus"][0], raw["bus"][0]["meter"][0]):
        target[key] = value
        refusal = refusal_of(raw)
        assert refusal is None or refusal.startswith("x: ")


def refusal_of(raw: dict) -> str | None:
    try:
        toml.convert(raw, config.Config, where="x")
    except ConfigError as error:
        return str(error)
    return None
