# SPDX-License-Identifier: Apache-2.0
"""The charger's side of a signing meter, by hand: frames, and verifiers of others."""

import re
import struct
import subprocess
from pathlib import Path

import msgspec
import pyocmf

from ipc.clock import NS_PER_S
from sampler.simulator.frame import crc16, seal

VECTORS = Path(__file__).parents[3] / "vectors" / "ocmf_vectors.jsonl"


def real(name: str) -> str:
    """Give a real meter's record."""
    _, *lines = VECTORS.read_text().splitlines()  # the first says where from
    vectors = map(msgspec.json.decode, lines)
    return next(vector["record"] for vector in vectors if vector["id"] == name)


class RefusedError(Exception):
    """The meter answered with an exception; its code."""

    def __init__(self, code: int):
        super().__init__(code)
        self.code = code


class Host:
    """Talks to a meter without a wire; time passes only by wait()."""

    def __init__(self, meter, *, now_s=0.0, read_code=3):
        self.meter = meter
        self.now_ns = round(now_s * NS_PER_S)
        self.read_code = read_code

    def wait(self, seconds):
        self.now_ns += round(seconds * NS_PER_S)

    def ask(self, body: bytes) -> bytes | None:
        answer = self.meter.answer(seal(bytes((1,)) + body), elapsed_ns=self.now_ns)
        if answer is None:
            return None
        assert crc16(answer) == 0
        if answer[1] & 0x80:
            raise RefusedError(answer[2])
        assert answer[1] == body[0]
        return answer[2:-2]

    def read(self, address: int, count: int = 1, *, code: int | None = None) -> bytes:
        answer = self.ask(struct.pack(">BHH", code or self.read_code, address, count))
        assert answer[0] == 2 * count
        return answer[1:]

    def number(self, address: int, count: int = 1) -> int:
        return int.from_bytes(self.read(address, count))

    def read_long(self, address: int, count: int, *, largest: int) -> bytes:
        """Read in blocks of at most so many registers."""
        return b"".join(
            self.read(address + at, min(largest, count - at))
            for at in range(0, count, largest)
        )

    def write(self, address: int, value: int | bytes) -> None:
        data = value if isinstance(value, bytes) else struct.pack(">H", value & 0xFFFF)
        head = struct.pack(">BHHB", 16, address, len(data) // 2, len(data))
        echo = self.ask(head + data)
        assert echo == struct.pack(">HH", address, len(data) // 2)

    def write_one(self, address: int, value: int) -> None:
        """Write with function code 6."""
        body = struct.pack(">BHH", 6, address, value)
        assert self.ask(body) == body[1:]

    def refusal(self, address: int, value: int | bytes) -> int | None:
        """Write, and give the code of the exception."""
        try:
            self.write(address, value)
        except RefusedError as refused:
            return refused.code
        return None


def openssl_verifies(folder: Path, record: str, spki: bytes) -> bool:
    """Verify as a customer would by hand: the bytes between the pipes."""
    _, payload, tail = record.split("|")
    signature = bytes.fromhex(tail.split('"SD":"')[1].split('"')[0])
    return openssl_verifies_bytes(folder, payload.encode(), signature, spki)


def openssl_verifies_bytes(
    folder: Path, payload: bytes, signature: bytes, spki: bytes
) -> bool:
    (folder / "payload").write_bytes(payload)
    (folder / "signature").write_bytes(signature)
    (folder / "key").write_bytes(spki)
    command = ["openssl", "dgst", "-sha256", "-verify", "key", "-keyform", "DER"]
    done = subprocess.run(
        [*command, "-signature", "signature", "payload"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def pyocmf_verifies(record: str, spki: bytes) -> bool:
    return pyocmf.OCMF.from_string(record, strict=True).verify_signature(spki.hex())


def shape(record: str) -> str:
    """Give what is left of a record without its values: keys, quotes, blanks."""
    text = re.sub(r'":( ?)"[^"]*"', r'":\1""', record)
    return re.sub(r'":( ?)[\d.]+', r'":\g<1>0', text)
