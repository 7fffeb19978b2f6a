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
from sampler.simulator.load import Load, LoadState
from sampler.simulator.model import Identity, Model
from sampler.simulator.supply import PowerEvent, Supply

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
        self._supply = Supply(boot_ns=model.boot_ns)
        self._now_ns = 0
        self.device = model.device and model.device(identity, self._load_at)
        """What the meter has beside its tables, for tests to make it fail."""

    def cut_power(self, *, at_ns: int, for_ns: int) -> None:
        """Take the mains away at a time after the start, for so long.

        One outage after the other (OptionError); a time that has passed is now.
        """
        self._supply.cut(at_ns=max(at_ns, self._now_ns), for_ns=for_ns)

    def answer(self, frame: bytes, *, elapsed_ns: int) -> bytes | None:
        """Answer a frame that arrived this long after the start; None is silence.

        Silence is for noise, for another unit, for a broadcast, which is obeyed, and
        as long as there is no power.
        """
        self._live_through(elapsed_ns)
        if not self._supply.is_up(elapsed_ns):
            return None
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
                refusal = self._write(request, elapsed_ns)
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
        if self.device is not None and self.device.holds(request):
            return self.device.read(request, now_ns=elapsed_ns)
        state = self._load_at(elapsed_ns)
        return self._image.read(
            request.function_code, request.address, request.count, state
        )

    def _write(self, request: WriteRequest, elapsed_ns: int) -> ExceptionCode | None:
        if request.function_code not in self.model.write_codes:
            return ExceptionCode.ILLEGAL_FUNCTION
        if len(request.data) // 2 > self.model.largest_write:
            return ExceptionCode.ILLEGAL_VALUE
        if self.device is not None and self.device.holds(request):
            return self.device.write(request, now_ns=elapsed_ns)
        return self._image.write(request.address, request.data)

    def _load_at(self, elapsed_ns: int) -> LoadState:
        return self._load.at(self._supply.powered_ns(elapsed_ns))

    def _live_through(self, elapsed_ns: int) -> None:
        """Let the device have what happened to the mains since the last frame."""
        self._now_ns = max(self._now_ns, elapsed_ns)
        for at_ns, event in self._supply.happened(elapsed_ns):
            if self.device is None:
                continue
            match event:
                case PowerEvent.LOST:
                    self.device.lose_power(at_ns=at_ns)
                case PowerEvent.BACK:
                    self.device.regain_power(at_ns=at_ns)
                case _:
                    assert_never(event)
