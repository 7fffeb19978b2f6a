# SPDX-License-Identifier: Apache-2.0
"""A WM3M4C's output: the shape of the real record, and signatures others verify."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler.simulator.signing import der, wm3m4c_dataset
from tests.sampler.simulator.signing.host import (
    openssl_verifies,
    openssl_verifies_bytes,
    pyocmf_verifies,
    real,
    shape,
)
from tests.sampler.simulator.signing.wm3m4c import DATASET, WM3M4CHost


def charged(*, zone_min=0, **variant):
    host = WM3M4CHost(**variant)
    host.set_clock(zone_min=zone_min)
    host.assign()
    host.charge()
    return host


def test_it_has_the_shape_of_the_real_one_to_the_last_blank():
    host = WM3M4CHost()
    host.set_clock()
    host.assign(DATASET.replace(',"IF":[]', ""))
    host.charge()
    assert shape(host.record()) == shape(real("safe:EfT iskra WM3M4C"))


def test_openssl_and_pyocmf_verify_it(tmp_path):
    host = charged()
    assert openssl_verifies(tmp_path, host.record(), host.spki())
    assert pyocmf_verifies(host.record(), host.spki())
    other = host.record().replace("0480423a4b5880", "0480423a4b5881")
    assert not openssl_verifies(tmp_path, other, host.spki())


def test_the_signature_stands_in_three_forms(tmp_path):
    host = charged()
    raw, binary = host.read(8156, 32), host.signature()
    rs = (int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    assert der.signature(rs) == binary
    host.write(7059, 1)
    host.obeyed("i")
    in_base64 = base64.b64decode(host.signature(), validate=True)
    payload = host.output()
    assert openssl_verifies_bytes(tmp_path, payload, in_base64, host.spki())


def test_a_non_minimal_signature_is_refused_but_its_numbers_are_good(tmp_path):
    host = charged(non_minimal_der=True)
    assert not openssl_verifies(tmp_path, host.record(), host.spki())
    raw = host.read(8156, 32)
    rs = (int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    mended = der.signature(rs)
    assert len(host.signature()) == len(mended) + 2
    assert openssl_verifies_bytes(tmp_path, host.output(), mended, host.spki())


def test_the_readings_are_what_the_counters_show_cut_to_ten_wh():
    host = charged(load_w=36_000)
    readings = msgspec.json.decode(host.output())["RD"]
    started, stopped = host.number(7017, 2), host.number(7021, 2)
    assert [reading["RV"] for reading in readings] == [
        started // 10 / 100,
        stopped // 10 / 100,
    ]
    assert [reading["TX"] for reading in readings] == ["B", "E"]


@pytest.mark.parametrize(
    ("utc_shown", "stamp"),
    [(0, "2023-04-14T13:51:06,000+0200 S"), (1, "2023-04-14T11:51:06,000+0000 S")],
)
def test_the_time_is_shown_as_it_was_asked_for(utc_shown, stamp):
    host = WM3M4CHost()
    host.set_clock(zone_min=120)
    host.write(7073, utc_shown)
    host.assign()
    host.obeyed("B")
    assert stamp.encode() in host.output()


@pytest.mark.parametrize(("status", "letter"), [(1, "I"), (2, "S"), (3, "R")])
def test_the_letter_of_the_time_is_what_the_host_says_of_it(status, letter):
    host = WM3M4CHost()
    host.set_clock()
    host.write(7071, status)
    host.assign()
    host.obeyed("B")
    assert f'+0000 {letter}"'.encode() in host.output()


texts = st.text(max_size=30).filter(lambda text: "\0" not in text)


@given(user=texts, place=texts)
def test_whatever_stands_in_a_strict_dataset_is_json_when_it_comes_out(user, place):
    quoted = [msgspec.json.encode(text).decode() for text in (user, place)]
    dataset = DATASET.replace('"0480423a4b5880"', quoted[0])
    host = WM3M4CHost()
    host.set_clock()
    host.assign(dataset.replace('"KHStation"', quoted[1]))
    host.obeyed("B")
    payload = msgspec.json.decode(host.output())
    assert (payload["ID"], payload["CI"]) == (user, place)


def test_only_a_strict_dataset_can_be_filled():
    with pytest.raises(ValueError, match="ask is_strict"):
        wm3m4c_dataset.output(b"{}", page="T1", serial="W1", readings=[])
