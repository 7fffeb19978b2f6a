# SPDX-License-Identifier: Apache-2.0
"""Carlo Gavazzi EM580: a transaction from B to the record that was read.

    NOT_READY --B--> RUNNING --E, and its time--> READY --0 to 7100h--> NOT_READY

Sources: EVerest CarloGavazzi_EM580 aa8113f909; ModDef carlo-gavazzi-em580 d3c8a04.
What neither says is assumed, and listed in the README of the simulator.
"""

import enum
import random
from collections.abc import Set as AbstractSet

import msgspec

from ipc.clock import NS_PER_MS, NS_PER_S
from sampler.simulator.device import LoadAt
from sampler.simulator.frame import ExceptionCode, ReadRequest, WriteRequest
from sampler.simulator.signing import em580_layout as at
from sampler.simulator.signing import em580_map, em580_record, ocmf
from sampler.simulator.signing.clock import MeterClock
from sampler.simulator.signing.em580_live import export_wh, import_wh
from sampler.simulator.signing.em580_record import Reading
from sampler.simulator.signing.em580_refusal import refusal
from sampler.simulator.signing.memory import Memory
from sampler.simulator.signing.signer import Curve, Signer

KEY_TYPES = {Curve.BRAINPOOL_P256R1: 0, Curve.BRAINPOOL_P384R1: 1, None: 2}
END_DURATION_S = 60
PRODUCTION_YEAR = 2025


class FileState(enum.IntEnum):
    """What 7100h shows."""

    NOT_READY = 0
    RUNNING = 1
    READY = 2
    CORRUPTED = 3


class FileFault(enum.Enum):
    """What is wrong with the next file."""

    CORRUPTED = "state 3, and no file"
    EMPTY = "ready, but of no length"
    CUT = "ready, but its second half is missing"


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How long the meter takes; a test may shorten it."""

    signing_ns: tuple[int, int] = (50 * NS_PER_MS, 800 * NS_PER_MS)
    clock_refused_ns: int = 2 * NS_PER_S
    boot_ns: int = 6 * NS_PER_S


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """Which EM580 it is.

    curve     None: the type without a key, which is no Eichrecht meter
    pad_byte  after a record of odd length; what a real one has is not known
    code      of 000Bh; that of an EM300 is 331 to 355 (assumed: a real EM580's)
    """

    serial: str
    curve: Curve | None = Curve.BRAINPOOL_P384R1
    pad_byte: int = 0
    code: int = 580


class EM580:
    """The registers that are no plain numbers.

    Tests make it fail by its public attributes.
    """

    def __init__(self, build: Build, *, load_at: LoadAt, timing: Timing) -> None:
        self.next_file: FileFault | None = None
        self.device_state = 0
        """The bits of 5012h."""
        self.refuses_code_in_blocks = False
        """Whether a block over 000Bh is refused, and not filled with a voltage."""
        self._build = build
        self._load_at = load_at
        self._timing = timing
        self._clock = MeterClock()
        self._clock_from_ns = timing.clock_refused_ns
        self._memory = Memory(*at.SPANS, low_first=True)
        self._signer = build.curve and Signer(build.curve, name=f"EM580 {build.serial}")
        self._pace = random.Random(build.serial)  # noqa: S311 - a pace, no secret
        self._assigned = ""
        self._begun_ns = 0
        self._begin: Reading | None = None
        self._end: Reading | None = None
        self._ready_ns = 0
        self._show_identity()

    @property
    def state(self) -> FileState:
        """Where the transaction stands."""
        return FileState(self._memory.number(at.FILE_STATE))

    def holds(self, request: ReadRequest | WriteRequest) -> bool:
        """Say whether the request is for these registers."""
        if isinstance(request, WriteRequest):
            return True
        return self._is_code(request) or self._memory.holds(request.address)

    def read(self, request: ReadRequest, *, now_ns: int) -> bytes | ExceptionCode:
        """Give the registers as they are now."""
        self._settle(now_ns)
        first, count = request.address, request.count
        if self._is_code(request) and count == 1:
            return self._build.code.to_bytes(2)
        if not self._memory.holds(first, count):
            return ExceptionCode.ILLEGAL_ADDRESS
        self._refresh(first, now_ns)
        return self._memory.get(first, count)

    def write(self, request: WriteRequest, *, now_ns: int) -> ExceptionCode | None:
        """Obey, or refuse the whole request."""
        self._settle(now_ns)
        state = self.state
        values = request.values
        refused = refusal(
            values,
            is_running=state is FileState.RUNNING,
            can_begin=self._signer is not None and state is not FileState.READY,
            can_set_clock=now_ns >= self._clock_from_ns,
        )
        if refused is None:
            self._memory.put(request.address, request.data)
            self._obey(values.keys(), state, now_ns)
        return refused

    def lose_power(self, *, at_ns: int) -> None:
        """End the transaction that runs, with what the counter shows.

        What was read before, and a file that waits, are kept.
        """
        self._settle(at_ns)
        if self.state is FileState.RUNNING and self._end is None:
            self._end = self._reading("P", at_ns)
        self._ready_ns = at_ns

    def regain_power(self, *, at_ns: int) -> None:
        """Start again, without the time; a file that was due is ready."""
        self._clock.set(0, now_ns=at_ns)
        self._memory.put_number(at.CLOCK_STATUS, 0)
        self._clock_from_ns = at_ns + self._timing.clock_refused_ns
        self._settle(at_ns)

    def _is_code(self, request: ReadRequest) -> bool:
        """Say whether it is the code that is read, or a block that must not be."""
        first, end = request.address, request.address + request.count
        covered = first <= at.IDENTIFICATION_CODE < end
        return covered and (request.count == 1 or self.refuses_code_in_blocks)

    def _obey(self, written: AbstractSet[int], state: FileState, now_ns: int) -> None:
        memory = self._memory
        if at.UTC in written:
            self._clock.set(memory.number(at.UTC, at.UTC_WORDS), now_ns=now_ns)
            memory.put_number(at.CLOCK_STATUS, 1)
        self._clock.offset_min = memory.number(at.UTC_OFFSET, signed=True)
        if at.FILE_STATE in written:
            self._file_was_read(state)
        if at.COMMAND in written:
            self._command(chr(memory.number(at.COMMAND)), now_ns)

    def _file_was_read(self, state: FileState) -> None:
        """Forget the file, if there is one; a transaction that runs goes on."""
        if state is FileState.RUNNING:
            self._memory.put_number(at.FILE_STATE, state)
            return
        self._memory.put_number(at.FILE_WORDS, 0)
        self._memory.clear(at.FILE, at.FILE_MOST_WORDS)

    def _command(self, letter: str, now_ns: int) -> None:
        """Begin, end or abort; what does not fit the state is ignored."""
        is_running = self.state is FileState.RUNNING
        if letter == "B" and not is_running:
            self._assigned = em580_record.assignment(self._memory)
            self._begun_ns = now_ns
            self._begin = self._reading("B", now_ns)
            self._end = None
            self._memory.put_number(at.FILE_STATE, FileState.RUNNING)
            self._memory.put_number(at.CHARGING_STATUS, 1)
        elif letter in "EA" and is_running and self._end is None:
            self._end = self._reading(letter, now_ns)
            self._ready_ns = now_ns + self._pace.randint(*self._timing.signing_ns)

    def _reading(self, reason: str, now_ns: int) -> Reading:
        is_set = self._memory.number(at.CLOCK_STATUS)
        time = ocmf.time(
            self._clock.utc_s(now_ns),
            offset_min=self._clock.offset_min,
            letter="S" if is_set else "U",
        )
        counted = import_wh(self._load_at(now_ns))
        return Reading(time=time, reason=reason, import_wh=counted)

    def _settle(self, now_ns: int) -> None:
        """Do what is due: the record of a transaction that was ended."""
        if self._begin and self._end and self._signer and now_ns >= self._ready_ns:
            number = self._memory.number(at.LAST_NUMBER, 2) + 1
            readings = [self._begin, self._end]
            text = em580_record.payload(
                self._build.serial, number, self._assigned, readings
            )
            self._begin = self._end = None
            self._memory.put_number(at.LAST_NUMBER, number, 2)
            self._show_file(em580_record.record(text, self._signer))
            self._show_last_id(number)

    def _show_file(self, record: bytes) -> None:
        fault, self.next_file = self.next_file, None
        kept = {
            None: record,
            FileFault.CUT: record[: len(record) // 2],
            FileFault.EMPTY: b"",
            FileFault.CORRUPTED: b"",
        }[fault]
        if len(kept) % 2:
            kept += bytes((self._build.pad_byte,))
        corrupted = fault is FileFault.CORRUPTED
        self._memory.put(at.FILE, kept)
        self._memory.put_number(at.FILE_WORDS, len(kept) // 2)
        self._memory.put_number(
            at.FILE_STATE, FileState.CORRUPTED if corrupted else FileState.READY
        )
        self._memory.put_number(at.CHARGING_STATUS, 3 if corrupted else 2)

    def _show_last_id(self, number: int) -> None:
        is_external = self._memory.number(at.ID_SOURCE)
        external = self._memory.text(at.EXTERNAL_ID, at.LAST_ID_WORDS)
        shown = external if is_external else str(number)
        self._memory.put_text(at.LAST_ID, shown, at.LAST_ID_WORDS)

    def _show_identity(self) -> None:
        memory = self._memory
        memory.put_number(at.KEY_TYPE, KEY_TYPES[self._build.curve])
        memory.put_text(at.SERIAL_NUMBER, self._build.serial, at.SERIAL_WORDS)
        memory.put_number(at.PRODUCTION_YEAR, PRODUCTION_YEAR)
        memory.put_number(at.END_DURATION, END_DURATION_S)
        if self._signer is not None:
            memory.put(at.KEY_POINT, self._signer.point + b"\0")
            memory.put(at.KEY_SPKI, self._signer.spki)

    def _refresh(self, first: int, now_ns: int) -> None:
        """Bring up to date what changes by itself, as far as it may be read."""
        memory = self._memory
        memory.put_number(at.DEVICE_STATE, self.device_state)
        memory.put_number(at.UTC, self._clock.utc_s(now_ns), at.UTC_WORDS)
        if first == at.SIGNED_MAP:
            content = em580_map.content(self._build.serial, self._load_at(now_ns))
            memory.put(at.SIGNED_MAP, em580_map.signed(content, self._signer))
        if first >= at.SESSION and self.state is FileState.RUNNING:
            self._show_session(now_ns)

    def _show_session(self, now_ns: int) -> None:
        begin, now = self._load_at(self._begun_ns), self._load_at(now_ns)
        deltas = (
            import_wh(now) - import_wh(begin),
            export_wh(now) - export_wh(begin),
            (now_ns - self._begun_ns) // NS_PER_S,
        )
        for number, delta in enumerate(deltas):
            self._memory.put_number(at.SESSION + 4 * number, delta, 4)
