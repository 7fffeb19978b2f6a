# SPDX-License-Identifier: Apache-2.0
"""An EM580's record: the shape of the real one, and a signature others verify."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler.simulator.signing import der
from tests.sampler.simulator.signing.em580 import UUID, EM580Host
from tests.sampler.simulator.signing.host import (
    openssl_verifies,
    openssl_verifies_bytes,
    pyocmf_verifies,
    real,
    shape,
)


def charged(**variant):
    host = EM580Host(**variant)
    host.set_clock()
    host.assign()
    host.charge()
    return host


def test_it_has_the_shape_of_the_real_one_to_the_last_blank():
    host = EM580Host()
    host.set_clock()
    host.write(0x7000, 1)
    host.charge()
    assert shape(host.record()) == shape(real("everest:em580"))


@pytest.mark.parametrize(("key_size", "pad"), [("256", 0x00), ("384", 0x20)])
def test_openssl_verifies_it_with_the_key_of_2600h(tmp_path, key_size, pad):
    host = charged(key_size=key_size, pad_byte=pad)
    record = host.file().rstrip(bytes((pad,))).decode()
    spki = host.spki()
    assert openssl_verifies(tmp_path, record, spki)
    assert not openssl_verifies(tmp_path, record.replace("T1", "T2"), spki)
    assert f'"SA":"ECDSA-brainpoolP{key_size}r1-SHA256"}}' in record


def test_pyocmf_verifies_what_it_knows():
    host = charged(key_size="256")
    assert pyocmf_verifies(host.record(), host.spki())


@pytest.mark.parametrize(
    ("key_size", "key_type", "point_words", "head"),
    [("256", 0, 33, "305a"), ("384", 1, 49, "307a")],
)
def test_the_key_stands_in_both_forms(key_size, key_type, point_words, head):
    host = charged(key_size=key_size)
    point = host.read(0x2500, point_words)
    assert host.number(0x24FF) == key_type
    assert host.spki().hex().startswith(head)
    assert point[0] == 4
    assert point[-1] == 0
    assert host.spki().endswith(point[:-1])


def test_the_same_meter_has_the_same_key_and_another_another():
    keys = {size: [charged(key_size=size).spki() for _ in "ab"] for size in ("256",)}
    assert keys["256"][0] == keys["256"][1]
    other = EM580Host(key_size="384")
    assert other.spki()[-32:] != keys["256"][0][-32:]


def test_everything_that_was_assigned_is_in_it():
    record = charged().record()
    assert (
        '"IS":true,"IL":"VERIFIED","IF":["RFID_PLAIN","OCPP_AUTH"]'
        f',"IT":"ISO14443","ID":"04A1B2C3","TT":"0.30 EUR/kWh<=>{UUID}"'
        ',"CT":"EVSEID","CI":"DE*ENBW*BER001*EVSE01"'
    ) in record


def test_the_readings_are_what_the_counter_shows():
    host = EM580Host(load_w=36_000)

    host.wait(60)
    begun = host.long(0x0500, 4)
    host.begin()
    host.wait(100)
    ended = host.long(0x0500, 4)
    host.end()
    host.wait(1)
    begin, end = (
        reading["RV"]
        for reading in msgspec.json.decode(host.record().split("|")[1])["RD"]
    )
    assert (round(begin * 1000), round(end * 1000)) == (begun, ended)


@pytest.mark.parametrize("pad_byte", [0x00, 0x20, 0xFF])
def test_a_record_of_odd_length_is_filled_up_with_the_pad_byte(pad_byte):
    odd = 0
    for length in range(1, 9):
        host = EM580Host(pad_byte=pad_byte)
        host.assign(data="X" * length)
        host.charge()
        file = host.file()
        if not file.endswith(b"}"):
            odd += 1
            assert file.endswith(b"}" + bytes((pad_byte,)))
    assert 0 < odd < 8


@given(text=st.text(max_size=39).filter(lambda text: "\0" not in text))
def test_whatever_is_written_the_record_is_json_and_gives_it_back(text):
    whole = text.encode()[:39].decode(errors="ignore")
    host = EM580Host()
    host.assign(data=whole)
    host.charge()
    if "|" not in whole:
        payload = msgspec.json.decode(host.record().split("|")[1])
        assert payload["ID"] == whole


def test_the_longest_texts_fit_into_the_file():
    host = EM580Host()
    host.assign(data='"' * 39, tariff='"' * 251)
    host.charge()
    assert len(host.file()) <= 4062


@pytest.mark.parametrize(("key_size", "words"), [("256", 93), ("384", 109)])
def test_the_signed_map_has_a_signature_of_its_own(tmp_path, key_size, words):
    host = charged(key_size=key_size)
    whole = host.read(0x0800, words)
    content, raw = whole[: 2 * 61], whole[2 * 61 :]
    middle = len(raw) // 2
    rs = (int.from_bytes(raw[:middle]), int.from_bytes(raw[middle:]))
    assert openssl_verifies_bytes(tmp_path, content, der.signature(rs), host.spki())
    assert content[:8].hex() == "0100010800ff0000"
    assert content[12:20] == host.read(0x0500, 4)
    assert content[0x2E * 2 :][:13] == host.read(0x5000, 7)[:13]
    assert host.read(0x083D, words - 61) == raw
