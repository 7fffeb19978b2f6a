# SPDX-License-Identifier: Apache-2.0
"""Modbus RTU frames as a meter sees them: CRC, requests in, answers out.

Sources: MODBUS over Serial Line V1.02 (2.5.1 RTU frame, 6.2.2 CRC) and MODBUS
Application Protocol V1.1b3 (6.3, 6.4, 6.6, 6.12 requests; 7 exceptions).
"""

import enum

import msgspec

LARGEST_FRAME = 256
"""Bytes, CRC included (Serial Line 2.5.1)."""

BROADCAST = 0
"""The unit id that every meter obeys and none answers."""

READ_HOLDING_REGISTERS = 3
READ_INPUT_REGISTERS = 4
WRITE_REGISTER = 6
WRITE_REGISTERS = 16

LARGEST_WRITE = 123
"""Registers of one FC16 request (Application Protocol 6.12)."""

_EXCEPTION_FLAG = 0x80
_SHORTEST_FRAME = 4  # unit id, function code, CRC


class ExceptionCode(enum.IntEnum):
    """Why a request is refused (Application Protocol 7)."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_FAILURE = 4


class ReadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """FC3 or FC4: `count` registers from `address`."""

    unit_id: int
    function_code: int
    address: int
    count: int


class WriteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """FC6 or FC16: the registers' bytes, to be written from `address`."""

    unit_id: int
    function_code: int
    address: int
    data: bytes

    @property
    def values(self) -> dict[int, int]:
        """The registers, by their addresses."""
        return {
            self.address + number: int.from_bytes(self.data[2 * number :][:2])
            for number in range(len(self.data) // 2)
        }


class BadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A sound frame whose request no meter can fulfil, whatever its registers."""

    unit_id: int
    function_code: int
    reason: ExceptionCode


Request = ReadRequest | WriteRequest | BadRequest


def _crc_of_byte(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value


_CRC_TABLE = tuple(_crc_of_byte(value) for value in range(256))


def crc16(data: bytes) -> int:
    """Give the CRC-16/MODBUS; it is sent low byte first.

    >>> hex(crc16(b"123456789"))
    '0x4b37'
    """
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


def seal(content: bytes) -> bytes:
    """Add the CRC to unit id, function code and data."""
    return content + crc16(content).to_bytes(2, "little")


def parse(frame: bytes) -> Request | None:
    """Read a request; None where a meter stays silent.

    It stays silent for noise (length, CRC) and for the function codes 0 and 128
    to 255, which no request has: an answer to them could not be told from one.
    """
    if not _SHORTEST_FRAME <= len(frame) <= LARGEST_FRAME:
        return None
    if crc16(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
        return None
    unit_id, function_code, body = frame[0], frame[1], frame[2:-2]
    request: Request | None
    match function_code:
        case 3 | 4:
            request = _parse_read(unit_id, function_code, body)
        case 6:
            request = _parse_single_write(unit_id, function_code, body)
        case 16:
            request = _parse_write(unit_id, function_code, body)
        case code if 0 < code < _EXCEPTION_FLAG:
            reason = ExceptionCode.ILLEGAL_FUNCTION
            return BadRequest(unit_id=unit_id, function_code=code, reason=reason)
        case _:
            return None
    return request or BadRequest(
        unit_id=unit_id,
        function_code=function_code,
        reason=ExceptionCode.ILLEGAL_VALUE,
    )


def read_answer(request: ReadRequest, data: bytes) -> bytes:
    """Give the frame that carries the registers' bytes, at most 250."""
    return seal(bytes((request.unit_id, request.function_code, len(data))) + data)


def write_answer(request: WriteRequest) -> bytes:
    """Give the frame that says the registers are written."""
    head = bytes((request.unit_id, request.function_code))
    count = (len(request.data) // 2).to_bytes(2)
    tail = request.data if request.function_code == WRITE_REGISTER else count
    return seal(head + request.address.to_bytes(2) + tail)


def exception_answer(request: Request, reason: ExceptionCode) -> bytes:
    """Give the frame that refuses a request."""
    flagged = request.function_code | _EXCEPTION_FLAG
    return seal(bytes((request.unit_id, flagged, reason)))


def _parse_read(unit_id: int, function_code: int, body: bytes) -> ReadRequest | None:
    if len(body) != 4:
        return None
    return ReadRequest(
        unit_id=unit_id,
        function_code=function_code,
        address=int.from_bytes(body[:2]),
        count=int.from_bytes(body[2:]),
    )


def _parse_single_write(
    unit_id: int, function_code: int, body: bytes
) -> WriteRequest | None:
    if len(body) != 4:
        return None
    return WriteRequest(
        unit_id=unit_id,
        function_code=function_code,
        address=int.from_bytes(body[:2]),
        data=body[2:],
    )


def _parse_write(unit_id: int, function_code: int, body: bytes) -> WriteRequest | None:
    count, data = int.from_bytes(body[2:4]), body[5:]
    if not 1 <= count <= LARGEST_WRITE:
        return None
    if body[4:5] != bytes((2 * count,)) or len(data) != 2 * count:
        return None
    return WriteRequest(
        unit_id=unit_id,
        function_code=function_code,
        address=int.from_bytes(body[:2]),
        data=data,
    )
