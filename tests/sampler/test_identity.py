# SPDX-License-Identifier: Apache-2.0
"""Identity registers: codes and texts, whatever bytes a meter shows."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler.identity import IdentityEncoding, IdentityRegister, Mark


def register(encoding: str, length: int = 1) -> IdentityRegister:
    return IdentityRegister(
        function_code=3,
        address=0,
        encoding=IdentityEncoding(encoding),
        length=length,
    )


@pytest.mark.parametrize(
    ("where", "data", "value"),
    [
        (register("uint16"), "014B", 331),
        (register("uint32"), "014FB181", 22_000_001),
        (register("ascii", 4), "5734313535373735", "W4155775"),
        (register("ascii", 3), "423233002020", "B23"),
        (register("ascii", 2), "42323320", "B23"),
        (register("ascii-low", 3), "004B005A0031", "KZ1"),
        (register("ascii", 1), "FF41", "?A"),
    ],
)
def test_a_value_is_read_from_its_registers(where, data, value):
    assert where.words == len(data) // 4
    assert where.value(bytes.fromhex(data)) == value


def test_a_mark_holds_for_each_of_its_values_and_for_a_text_that_begins_so():
    code = Mark(
        function_code=4, address=11, encoding=IdentityEncoding.UINT16, values=[7, 9]
    )
    assert code.matches(b"\x00\x09")
    assert not code.matches(b"\x00\x08")
    name = Mark(
        function_code=4,
        address=1,
        encoding=IdentityEncoding.ASCII,
        length=4,
        values=["WM3M4"],
    )
    assert name.matches(b"WM3M4\0\0\0")
    assert name.matches(b"WM3M4   ")
    assert not name.matches(b"WM3M4C\0\0")
    beginning = msgspec.structs.replace(name, values=["WM3M4*"])
    assert beginning.matches(b"WM3M4C\0\0")
    assert not beginning.matches(b"WM3M\0\0\0\0")


@given(st.sampled_from(IdentityEncoding), st.integers(1, 16), st.data())
def test_no_bytes_of_a_meter_raise(encoding, length, data):
    where = register(encoding.value, length)
    value = where.value(
        data.draw(st.binary(min_size=2 * where.words, max_size=2 * where.words))
    )
    assert isinstance(value, str if encoding.is_text else int)
    if isinstance(value, str):
        assert value.isascii()
        assert "\0" not in value
