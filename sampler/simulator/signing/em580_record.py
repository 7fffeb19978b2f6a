# SPDX-License-Identifier: Apache-2.0
"""Carlo Gavazzi EM580: the record, as the one public one is written.

Source: the record in EVerest's CarloGavazzi_EM580/ocmf_validation aa8113f909. Its
order, its blanks after LC's colons and its spelling of the curve are kept, because
whoever reads them must not lose them. Assumed: quotes are escaped, a flag of value 0
("..._NONE") is not listed, and an empty tariff text stands as "".
"""

import msgspec

from sampler.simulator.signing import der, ocmf
from sampler.simulator.signing.em580_layout import (
    CI,
    CT,
    ID,
    ID_WORDS,
    IF,
    IL,
    IS,
    IT,
    TARIFF_TEXT,
    TARIFF_WORDS,
    TYPES,
)
from sampler.simulator.signing.memory import Memory
from sampler.simulator.signing.signer import Signer
from sampler.simulator.signing.words import FLAGS, LEVELS, PLACES

VENDOR = "Carlo Gavazzi Controls"
MODEL = "EM580DINAV23XS3DET"
FIRMWARE = "M_1.6.3-C_1.6.3"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The counter at one instant, and why it was looked at (TX)."""

    time: str
    reason: str
    import_wh: int

    @property
    def text(self) -> str:
        """As it stands in RD."""
        return (
            f'{{"TM":"{self.time}","TX":"{self.reason}"'
            f',"RV":{ocmf.kwh(self.import_wh, places=3)}'
            ',"RI":"1-b:1.8.0","RU":"kWh","RT":"AC","RM":"","ST":"G"}'
        )


def assignment(memory: Memory) -> str:
    """Give the keys from IS to CI, from the registers as they are now."""
    flags = [
        f'"{group[value]}"'
        for number, group in enumerate(FLAGS)
        if (value := memory.number(IF + number))
    ]
    return (
        f'"IS":{"true" if memory.number(IS) else "false"}'
        f',"IL":"{LEVELS[memory.number(IL)]}","IF":[{",".join(flags)}]'
        f',"IT":"{TYPES[memory.number(IT)]}"'
        f',"ID":{ocmf.quoted(memory.text(ID, ID_WORDS))}'
        f',"TT":{ocmf.quoted(memory.text(TARIFF_TEXT, TARIFF_WORDS))}'
        f',"CT":"{PLACES[memory.number(CT)]}"'
        f',"CI":{ocmf.quoted(memory.text(CI, ID_WORDS))}'
    )


def payload(serial: str, number: int, assigned: str, readings: list[Reading]) -> str:
    """Put together what is signed."""
    return (
        f'{{"FV":"1.2","GI":"{VENDOR}-{MODEL}","GS":"{serial}","GV":"{FIRMWARE}"'
        f',"PG":"T{number}","MV":"{VENDOR}","MM":"{MODEL}","MS":"{serial}"'
        f',"MF":"{FIRMWARE}",{assigned}'
        ',"LC":{"LN":"CABLE_LOSS","LI": 99,"LR": 0,"LU": "mOhm"}'
        f',"RD":[{",".join(reading.text for reading in readings)}]}}'
    )


def record(payload_text: str, signer: Signer) -> bytes:
    """Sign, and give the whole record."""
    signed = ocmf.signed_bytes(payload_text)
    signature = der.signature(signer.sign(signed)).hex().upper()
    algorithm = f"ECDSA-{signer.curve.value}-SHA256"
    tail = f'{{"SD":"{signature}","SA":"{algorithm}"}}'
    return b"OCMF|" + signed + b"|" + tail.encode()
