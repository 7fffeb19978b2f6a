# SPDX-License-Identifier: Apache-2.0
"""EVerest's request as OCMF's fields: everything in its place, or a reason why not."""

import msgspec
import pytest
from hypothesis import given

from ipc.identification import (
    IdentificationFlag,
    IdentificationStatus,
    IdentificationType,
)
from publisher import identification
from publisher.errors import OcmfError
from publisher.messages import StartTransactionRequest
from tests.strategies_ocmf import asked, requests

F = IdentificationFlag


def test_a_request_is_mapped_field_by_field():
    assert identification.fields(asked()) == {
        "IS": True,
        "IL": "HEARSAY",
        "IF": ["RFID_PLAIN", "OCPP_NONE", "ISO15118_NONE", "PLMN_NONE"],
        "IT": "ISO14443",
        "ID": "1F2D3A4F5506C7",
        "TT": "0.49 EUR/kWh",
        "CT": "EVSEID",
        "CI": "DE*ABC*E0001*1",
        "U1": "5f1e5b3c-6d3f-4b0e-9a55-6f5b3c6d3f4b",
    }


def test_what_everest_leaves_out_is_left_out_but_is_it_and_if_always_stand():
    request = msgspec.json.decode(
        b'{"evse_id":"","transaction_id":"t","identification_status":"NOT_ASSIGNED",'
        b'"identification_flags":[],"identification_type":"NONE"}',
        type=StartTransactionRequest,
    )
    found = identification.fields(request)
    assert found == {"IS": False, "IF": [], "IT": "NONE", "U1": "t"}


def test_an_unassigned_user_is_one():
    status = IdentificationStatus.NOT_ASSIGNED
    assert identification.fields(asked(identification_status=status))["IS"] is False


@given(request=requests())
def test_no_field_is_none(request):
    assert None not in identification.fields(request).values()


def test_a_flag_that_is_given_twice_stands_once():
    flags = [F.OCPP_AUTH, F.RFID_NONE, F.OCPP_AUTH]
    found = identification.fields(asked(identification_flags=flags))
    assert found["IF"] == [F.OCPP_AUTH, F.RFID_NONE]


@pytest.mark.parametrize(
    ("one", "other", "group"),
    [
        (F.RFID_NONE, F.RFID_PSK, "RFID"),
        (F.OCPP_RS, F.OCPP_RS_TLS, "OCPP"),
        (F.ISO15118_NONE, F.ISO15118_PNC, "ISO15118"),
        (F.PLMN_RING, F.PLMN_SMS, "PLMN"),
    ],
)
def test_two_flags_of_one_group_are_refused_by_name(one, other, group):
    with pytest.raises(OcmfError, match=rf"IF .*{one} and {other}.*group {group}"):
        identification.fields(asked(identification_flags=[one, other]))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (IdentificationType.ISO14443, "deadBEEF"),
        (IdentificationType.ISO14443, "1F2D3A4F5506C7"),
        (IdentificationType.ISO15693, "E007000012345678"),
        (IdentificationType.EMAID, "DETNME12345678"),
        (IdentificationType.EMAID, "DETNME12345678X"),
        (IdentificationType.EVCCID, "0A1B2C3D4E5F"),
        (IdentificationType.PHONE_NUMBER, "+491701234567"),
        (IdentificationType.CENTRAL, "x" * 40),
        (IdentificationType.ISO14443, ""),
    ],
)
def test_data_that_has_its_types_shape_is_kept_as_it_is(kind, data):
    request = asked(identification_type=kind, identification_data=data)
    assert identification.fields(request)["ID"] == data


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        (IdentificationType.ISO14443, "1F2D3A4F55", "4 or 7 bytes in hex"),
        (IdentificationType.ISO14443, "1F2D3A4X", "4 or 7 bytes in hex"),
        (IdentificationType.ISO14443, "1F2D3A4F\n", "4 or 7 bytes in hex"),
        (IdentificationType.ISO15693, "E0070000", "8 bytes in hex"),
        (IdentificationType.EMAID, "DETNME123", "14 or 15"),
        (IdentificationType.EVCCID, "0A1B2C3D4E5F6", "at most 6 bytes"),
        (IdentificationType.PHONE_NUMBER, "0170", "a [+]"),
        (IdentificationType.CENTRAL, "x" * 41, "41 characters, room is for 40"),
    ],
)
def test_data_without_its_types_shape_is_refused_without_being_shown(
    kind, data, reason
):
    with pytest.raises(
        OcmfError, match=rf"ID \(identification_data\): .*{reason}"
    ) as no:
        identification.fields(asked(identification_type=kind, identification_data=data))
    assert data not in str(no.value)


@pytest.mark.parametrize(
    ("name", "field", "longest"),
    [
        ("tariff_text", "TT", 250),
        ("evse_id", "CI", 100),
        ("transaction_id", "U1", 100),
    ],
)
def test_a_text_that_is_too_long_is_refused_by_name(name, field, longest):
    assert field in identification.fields(asked(**{name: "x" * longest}))
    with pytest.raises(OcmfError, match=f"{field}.*: {longest + 1} characters"):
        identification.fields(asked(**{name: "x" * (longest + 1)}))


def test_half_of_a_surrogate_pair_is_refused():
    with pytest.raises(OcmfError, match="TT: has half"):
        identification.fields(asked(tariff_text="\ud83d"))
