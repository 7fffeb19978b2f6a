# SPDX-License-Identifier: Apache-2.0
"""What a WM3M4C is to sign: the one form of JSON that its firmware takes.

The keys and their order are fixed, and there are no blanks; what the meter fills in
itself is empty. The form has no place for a level (IL) or a tariff (TT).
"""

from ipc.commands import Assignment
from ipc.identification import IdentificationStatus
from sampler.procedure import unfit
from sampler.signing.table import IskraTable
from sampler.signing.text import checked


def dataset(table: IskraTable, assignment: Assignment) -> bytes:
    """Give the dataset of an assignment. ProcedureError (unfit): it does not fit."""
    data = checked(assignment.data, table.id_bytes, "identification_data")
    place = checked(assignment.evse_id, table.place_bytes, "evse_id")
    is_assigned = assignment.status is IdentificationStatus.ASSIGNED
    flags = ",".join(f'"{flag.value}"' for flag in assignment.flags)
    text = (
        '{"FV":"1.0","GI":"","GS":"","GV":"","PG":"","MV":"","MM":"","MS":"","MF":"",'
        f'"IS":{"true" if is_assigned else "false"},"IF":[{flags}],'
        f'"IT":"{assignment.type.value}","ID":"{data.decode()}",'
        f'"CT":"EVSEID","CI":"{place.decode()}","RD":[]}}'
    )
    signed = text.encode()
    if len(signed) > 2 * table.dataset.words:
        raise unfit(f"the dataset has {len(signed)} bytes: shorten evse_id or data")
    return signed
