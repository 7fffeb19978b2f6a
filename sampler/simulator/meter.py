# SPDX-License-Identifier: Apache-2.0
"""One meter without its wire: a frame in, an answer or silence out."""

from typing import assert_never

from sampler.simulator import frame as frames
from sampler.simulator.frame import (
    BROADCAST,
    BadRequest,
    ExceptionCode,
    ReadRequest,
    Request,
    WriteRequest,
)
from sampler.simulator.image import Image
from sampler.simulator.load import Load
from sampler.simulator.model import Identity, Model

FIRST_SERIAL_NUMBER = 22_000_000
SERIAL_NUMBERS = 1_000_000


class Meter:
    """A model with a unit id, a load, and settings that may be written."""

    def __init__(
        self, model: Model, *, unit_id: int = 1, seed: int = 1, load_w: float = 11_000
    ) -> None:
        """Take a unit id of 1 to 247 and the load after its ramp, in watts.

        The seed decides everything else: the serial number, the counters' start,
        the grid and the ripple.
        """
        self.model = model
        self._unit_id = unit_id
        serial_number = FIRST_SERIAL_NUMBER + seed % SERIAL_NUMBERS
        identity = Identity(unit_id=unit_id, serial_number=serial_number)
        self._image = Image(model.tables(identity))
        self._load = Load(seed=seed, power_w=load_w)

    def answer(self, frame: bytes, *, elapsed_ns: int) -> bytes | None:
        """Answer a frame that arrived this long after the start; None is silence.

        Silence is for noise, for another unit, and for a broadcast, which is obeyed.
        """
        request = frames.parse(frame)
        if request is None or request.unit_id not in (self._unit_id, BROADCAST):
            return None
        answer = self._carry_out(request, elapsed_ns)
        return None if request.unit_id == BROADCAST else answer

    def _carry_out(self, request: Request, elapsed_ns: int) -> bytes:
        match request:
            case ReadRequest():
                result = self._read(request, elapsed_ns)
                if isinstance(result, bytes):
                    return frames.read_answer(request, result)
                return frames.exception_answer(request, result)
            case WriteRequest():
                refusal = self._image.write(request.address, request.data)
                if refusal is None:
                    return frames.write_answer(request)
                return frames.exception_answer(request, refusal)
            case BadRequest():
                return frames.exception_answer(request, request.reason)
            case _:
                assert_never(request)

    def _read(self, request: ReadRequest, elapsed_ns: int) -> bytes | ExceptionCode:
        if not 1 <= request.count <= self.model.largest_read:
            return ExceptionCode.ILLEGAL_VALUE
        return self._image.read(
            request.function_code,
            request.address,
            request.count,
            self._load.at(elapsed_ns),
        )
