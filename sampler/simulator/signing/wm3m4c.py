# SPDX-License-Identifier: Apache-2.0
"""Iskra WM3M4C: commands, each of which ends with a signature.

    IDLE --B--> ACTIVE --r (or E L R A P)--> IDLE
                  |
                  +--power cut--> AFTER_POWER_FAILURE --clock, dataset, r--> IDLE

Sources: EVerest RsIskraMeter aa8113f909; the maker's manual, pages 12, 32, 37, 38;
ModDef iskra-wm3m4 b53a128; Tinkerforge's charger. What none of them says is assumed,
and listed in the README of the simulator.
"""

import random

import msgspec

from ipc.clock import NS_PER_MS, NS_PER_S
from sampler.simulator.device import LoadAt
from sampler.simulator.frame import ExceptionCode, ReadRequest, WriteRequest
from sampler.simulator.signing import ocmf, wm3m4c_dataset
from sampler.simulator.signing import wm3m4c_layout as at
from sampler.simulator.signing.clock import MeterClock
from sampler.simulator.signing.memory import Memory
from sampler.simulator.signing.signer import Curve, Signer
from sampler.simulator.signing.wm3m4c_dataset import MOST_BYTES, Reading
from sampler.simulator.signing.wm3m4c_layout import State, Status
from sampler.simulator.signing.wm3m4c_live import import_wh
from sampler.simulator.signing.wm3m4c_output import Output
from sampler.simulator.signing.wm3m4c_refusal import ENDS, refusal


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How long the meter takes; a test may shorten it."""

    state_ns: tuple[int, int] = (10 * NS_PER_MS, 300 * NS_PER_MS)
    signing_ns: tuple[int, int] = (100 * NS_PER_MS, 700 * NS_PER_MS)
    boot_ns: int = 2 * NS_PER_S


class _Charge(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a transaction, over a power failure too."""

    begin: Reading
    begun_ns: int
    end: Reading | None = None
    ended_ns: int | None = None


class _Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A command at work: first the state changes, then the signature is there."""

    letter: str
    state_ns: int
    signed_ns: int
    state: State
    charge: _Charge | None
    message: bytes


class WM3M4C:
    """The holding registers.

    Tests make it fail by its public attribute, and reset it by reset().
    """

    def __init__(
        self, serial: str, *, load_at: LoadAt, timing: Timing, superfluous: int
    ) -> None:
        """Take the zeros that its signatures have too many (see der.py)."""
        self.next_status: Status | None = None
        """How the next command ends, instead of with a signature."""
        self._serial = serial
        self._load_at = load_at
        self._timing = timing
        self._clock = MeterClock()
        self._memory = Memory(at.SPAN)
        signer = Signer(Curve.SECP256R1, name=f"WM3M4C {serial}")
        self._output = Output(self._memory, signer, superfluous=superfluous)
        self._pace = random.Random(serial)  # noqa: S311 - a pace, no secret
        self._pages = {"T": 0, "F": 0}
        self._charge: _Charge | None = None
        self._pending: _Pending | None = None
        self._memory.put_number(at.STATUS, Status.IDLE)
        self._memory.put_number(at.ALGORITHM, at.ECDSA_SECP256R1)
        self._memory.put_number(at.SYNC_TIMEOUT, 1440)

    @property
    def state(self) -> State:
        """What 7000 shows."""
        return State(self._memory.number(at.STATE))

    def holds(self, request: ReadRequest | WriteRequest) -> bool:
        """Say whether the request is for a holding register."""
        return isinstance(request, WriteRequest) or request.function_code == 3

    def read(self, request: ReadRequest, *, now_ns: int) -> bytes | ExceptionCode:
        """Give the registers as they are now."""
        self._settle(now_ns)
        if not self._memory.holds(request.address, request.count):
            return ExceptionCode.ILLEGAL_ADDRESS
        self._memory.put_number(at.TIME, self._clock.utc_s(now_ns), 2)
        self._show_charge(now_ns)
        return self._memory.get(request.address, request.count)

    def write(self, request: WriteRequest, *, now_ns: int) -> ExceptionCode | None:
        """Take the registers; a command's refusal is a status, not an exception."""
        self._settle(now_ns)
        values = request.values
        if not at.WRITABLE.issuperset(values):
            return ExceptionCode.ILLEGAL_ADDRESS
        if not all(v in at.ALLOWED.get(a, (v,)) for a, v in values.items()):
            return ExceptionCode.ILLEGAL_VALUE
        if self._is_untimely(values):
            return ExceptionCode.DEVICE_FAILURE
        self._memory.put_number(at.TIME, self._clock.utc_s(now_ns), 2)
        self._memory.put(request.address, request.data)
        if not {at.TIME, at.TIME + 1}.isdisjoint(values):
            self._clock.set(self._memory.number(at.TIME, 2), now_ns=now_ns)
        if at.COMMAND in values:
            self._command(values[at.COMMAND], now_ns)
        return None

    def lose_power(self, *, at_ns: int) -> None:
        """Lose the outputs, the dataset, the clock and the text; keep the charge."""
        self._settle(at_ns)
        self._pending = None
        self._output.clear()
        self._memory.clear(at.DATASET, at.TEXT_WORDS)
        self._memory.clear(at.DISPLAY, at.DISPLAY_WORDS)
        self._memory.put_number(at.DATASET_BYTES, 0)
        self._memory.put_number(at.CLOCK_STATUS, 0)
        self._memory.put_number(at.STATUS, Status.IDLE)
        if self.state is not State.IDLE:
            self._memory.put_number(at.STATE, State.AFTER_POWER_FAILURE)

    def regain_power(self, *, at_ns: int) -> None:
        """Start again, without the time."""
        self._clock.set(0, now_ns=at_ns)

    def reset(self, *, at_ns: int) -> None:
        """Start again without having lost the power; all but the command is kept."""
        self._settle(at_ns)
        if self._pending is not None:
            self._pending = None
            self._memory.put_number(at.STATUS, Status.IDLE)
        if self.state is not State.IDLE:
            self._memory.put_number(at.STATE, State.AFTER_RESET)

    def _is_untimely(self, values: dict[int, int]) -> bool:
        touches_clock = not {at.ZONE, at.TIME, at.TIME + 1}.isdisjoint(values)
        if touches_clock and self.state in (State.ACTIVE, State.AFTER_RESET):
            return True
        return at.COMMAND in values and self._pending is not None

    def _command(self, word: int, now_ns: int) -> None:
        """Begin what a letter in the high byte asks for, or say why not."""
        self._output.clear()
        dataset = self._dataset()
        status = self.next_status or refusal(
            word,
            state=self.state,
            has_charge=self._charge is not None,
            has_time=self._memory.number(at.CLOCK_STATUS) != 0,
            dataset=dataset,
        )
        self.next_status = None
        if status is None:
            status = self._take_on(chr(word >> 8), dataset, now_ns)
        self._memory.put_number(at.STATUS, status)

    def _dataset(self) -> bytes:
        """Give what was written; of a length that cannot be, one byte too much."""
        size = self._memory.number(at.DATASET_BYTES)
        if size > MOST_BYTES:
            return bytes(MOST_BYTES + 1)
        return self._memory.get(at.DATASET, at.TEXT_WORDS)[:size]

    def _take_on(self, letter: str, dataset: bytes, now_ns: int) -> Status:
        """Take the reading now; what follows from it comes later."""
        now = self._reading({"r": "E", "f": None}.get(letter, letter), now_ns)
        charge, state, readings = self._charge, self.state, [now]
        if letter == "B":
            charge, state = _Charge(begin=now, begun_ns=now_ns), State.ACTIVE
        elif letter in ENDS and charge is not None:
            ended = msgspec.structs.replace(charge, end=now, ended_ns=now_ns)
            charge, state = ended, State.IDLE
        if letter in "ri" and charge is not None and charge.end is not None:
            readings = [charge.begin, charge.end]
        page = self._page(letter)
        message = wm3m4c_dataset.output(
            dataset,
            page=f"{page}{self._pages[page] + 1}",
            serial=self._serial,
            readings=readings,
        )
        if len(message) > MOST_BYTES:
            return Status.INVALID_SIZE
        state_ns = now_ns + self._pace.randint(*self._timing.state_ns)
        self._pending = _Pending(
            letter=letter,
            state_ns=state_ns,
            signed_ns=state_ns + self._pace.randint(*self._timing.signing_ns),
            state=state,
            charge=charge,
            message=message,
        )
        return Status.IN_PROGRESS

    @staticmethod
    def _page(letter: str) -> str:
        return "F" if letter == "f" else "T"

    def _settle(self, now_ns: int) -> None:
        """Do what is due of the command at work."""
        pending = self._pending
        if pending is None or now_ns < pending.state_ns:
            return
        self._memory.put_number(at.STATE, pending.state)
        self._charge = pending.charge
        if now_ns >= pending.signed_ns:
            self._pending = None
            self._pages[self._page(pending.letter)] += 1
            self._output.sign(pending.message)
            self._memory.put_number(at.STATUS, Status.SIGNED)
            self._count(pending.letter)

    def _reading(self, reason: str | None, now_ns: int) -> Reading:
        is_local = self._memory.number(at.UTC_SHOWN) == 0
        zone = self._memory.number(at.ZONE, signed=True)
        time = ocmf.time(
            self._clock.utc_s(now_ns),
            offset_min=zone if is_local else 0,
            letter="UISR"[self._memory.number(at.CLOCK_STATUS)],
        )
        counted = int(import_wh(self._load_at(now_ns)))
        return Reading(time=time, reason=reason, import_wh=counted)

    def _count(self, letter: str) -> None:
        counters = [(at.SIGNATURES, 2)]
        if letter in at.COUNTED:
            counters.append(at.COUNTED[letter])
        for address, words in counters:
            counted = self._memory.number(address, words)
            self._memory.put_number(address, counted + 1, words)

    def _show_charge(self, now_ns: int) -> None:
        """Show the charge that runs, or else the last one."""
        if self._charge is None:
            return
        begin, end = self._charge.begin, self._charge.end
        counted = end.import_wh if end else int(import_wh(self._load_at(now_ns)))
        self._memory.put_number(at.START, begin.import_wh, 2)
        self._memory.put_number(at.STOP, end.import_wh if end else 0, 2)
        for address in (at.CONSUMPTION, at.LOSS_FREE_IMPORT):
            self._memory.put_number(address, counted - begin.import_wh, 2)
        until_ns = self._charge.ended_ns or now_ns
        seconds = (until_ns - self._charge.begun_ns) // NS_PER_S
        self._memory.put_number(at.DURATION, seconds, 2)
