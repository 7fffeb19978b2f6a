# SPDX-License-Identifier: Apache-2.0
"""The metrics page: what Prometheus reads is what was measured."""

import urllib.request

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families as parse

from ipc.watch.exporter import registry, serving, write
from ipc.watch.families import FAMILIES, Kind
from ipc.watch.measurements import measurements
from tests.ipc.watch.reports import meter, report


def page_of(told):
    return generate_latest(registry(lambda: told)).decode()


def samples_of(page):
    return {
        (each.name, frozenset(each.labels.items())): each.value
        for family in parse(page)
        for each in family.samples
    }


def key_of(family, labels, suffix="", **more):
    named = dict(zip(family.labels, labels, strict=True)) | more
    return family.name + suffix, frozenset(named.items())


def test_the_page_says_what_was_measured():
    samples = samples_of(page_of(report()))
    for each in measurements(report()):
        family = FAMILIES[each.family]
        if family.kind is not Kind.HISTOGRAM:
            assert samples.pop(key_of(family, each.labels)) == each.value
            continue
        below = 0
        bounds = (*map(str, each.value.bounds), "+Inf")
        for bound, number in zip(bounds, each.value.counts, strict=True):
            below += number
            key = key_of(family, each.labels, "_bucket", le=bound)
            assert samples.pop(key) == below
        assert samples.pop(key_of(family, each.labels, "_count")) == below
        assert samples.pop(key_of(family, each.labels, "_sum")) == each.value.sum_s
    assert samples == {}


def test_every_family_has_its_help_and_its_type():
    families = {family.name: family for family in parse(page_of(report()))}
    for family in FAMILIES.values():
        # The parser strips a counter's suffix.
        found = families[family.name.removesuffix("_total")]
        assert (found.documentation, found.type) == (family.meaning, family.kind)


def test_a_name_with_anything_in_it_is_quoted():
    told = report()
    told.buses[0].meters[0] = meter(meter='a"b\\c\nd')
    labels = {dict(labels).get("meter") for _, labels in samples_of(page_of(told))}
    assert 'a"b\\c\nd' in labels


@pytest.mark.slow  # the server looks for its end twice a second
def test_every_request_is_a_new_look():
    looks = []

    def look():
        looks.append(1)
        return report()

    with serving(registry(look), "127.0.0.1", 0) as port:
        for _ in range(3):
            url = f"http://127.0.0.1:{port}/metrics"
            with urllib.request.urlopen(url) as page:
                assert b"powermeter_ticks_total" in page.read()
    assert len(looks) == 3


@pytest.mark.slow
def test_when_it_is_over_nobody_listens():
    with serving(registry(report), "127.0.0.1", 0) as port:
        pass
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics")


def test_the_textfile_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "powermeter.prom"
    path.write_text("old")
    write(registry(report), path)
    assert samples_of(path.read_text()) == samples_of(page_of(report()))
    assert list(tmp_path.iterdir()) == [path]


def test_a_textfile_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        write(registry(report), tmp_path / "none" / "powermeter.prom")
