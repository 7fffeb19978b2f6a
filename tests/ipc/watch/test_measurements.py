# SPDX-License-Identifier: Apache-2.0
"""Which values the metrics have, and that what is not known is absent."""

import re

import pytest

from ipc.liveness import WriterState
from ipc.status import BrokerStatus
from ipc.watch.families import FAMILIES, Kind
from ipc.watch.measurements import measurements
from ipc.watch.report import PublisherState
from tests.ipc.watch.reports import bus, meter, publisher, publisher_status, report

# Prometheus, "Metric and label naming": base units as suffixes.
UNITS = ("_seconds", "_bytes", "_hertz")


def values_of(told):
    return {(each.family, each.labels): each.value for each in measurements(told)}


def families_of(told):
    return {each.family for each in measurements(told)}


def test_a_whole_station_has_a_value_of_every_family():
    assert families_of(report()) == set(FAMILIES)


def test_every_value_has_the_labels_of_its_family_and_is_there_once():
    keys = []
    for each in measurements(report()):
        assert len(each.labels) == len(FAMILIES[each.family].labels)
        keys.append((each.family, each.labels))
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_a_name_follows_the_conventions_and_has_a_meaning(family):
    assert re.fullmatch(r"powermeter_[a-z_]+", family.name)
    assert family.name.endswith("_total") == (family.kind is Kind.COUNTER)
    if family.kind is Kind.HISTOGRAM:
        assert family.name.endswith(UNITS)
    assert not re.search(r"_(ms|us|milliseconds|kb|percent|ratio)(_|$)", family.name)
    assert len(family.meaning) > 15


def test_what_nobody_hears_is_not_told():
    away = BrokerStatus(
        address="b:1", connected=False, connections=1, refused=0, waiting=0
    )
    status = publisher_status(broker=away)
    told = values_of(report(publisher=publisher(status=status)))
    assert values_of(report())["communication_check", ("charger-1",)] == 1
    assert told["communication_check", ("charger-1",)] == 0


def test_values_are_in_base_units():
    values = values_of(report())
    assert values["tick_period_seconds", ("rs485",)] == 0.2
    assert values["sample_rate_hertz", ("rs485", "charger-1")] == 5.0
    assert values["journal_size_bytes", ()] == 45_056
    module = ("charger-1", "pm_charger-1")
    assert values["everest_heartbeat_age_seconds", module] == 0.5


def test_every_kind_of_fault_is_there_before_it_happens():
    values = values_of(report())
    kinds = {
        labels[2]: value
        for (family, labels), value in values.items()
        if family == "faults" and labels[1] == "charger-1"
    }
    assert kinds == {
        "timeout": 7,
        "garbled": 3,
        "refused": 0,
        "no_port": 0,
        "implausible": 0,
    }


def test_a_meter_without_a_good_sample_has_no_age_and_is_not_healthy():
    values = values_of(report())
    assert ("sample_age_seconds", ("rs485", "grid")) not in values
    assert values["meter_healthy", ("rs485", "grid")] == 0


def test_a_station_where_nothing_runs_says_just_that():
    missing = meter(problem="sampler missing", rate_hz=None, good_age_s=None)
    told = report(
        buses=[bus(writer=None, status=None, meters=[missing])],
        publisher=publisher(state=PublisherState.MISSING, status=None),
    )
    assert values_of(told) == {
        ("sampler_running", ("rs485",)): False,
        ("meter_healthy", ("rs485", "charger-1")): False,
        ("publisher_running", ()): False,
    }


def test_what_a_dead_process_said_last_is_not_told_as_true_now():
    dead = bus()
    dead = bus(writer=dead.writer.__class__(**_words(dead.writer, WriterState.DEAD)))
    told = families_of(
        report(buses=[dead], publisher=publisher(state=PublisherState.SILENT))
    )
    assert "ticks" not in told
    assert "broker_connected" not in told
    assert {"sampler_running", "publisher_running"} <= told


def _words(status, state):
    names = status.__struct_fields__
    return {name: getattr(status, name) for name in names} | {"state": state}
