# SPDX-License-Identifier: Apache-2.0
"""Bauer BSM-WS36A: five snapshots, each made by writing UPDATING to its status.

    INVALID or VALID --2 to St--> UPDATING --its time--> VALID (or FAILED_...)
    any --power cut--> INVALID

Source: chargeITmobility/bsm-python bdec54e0ca. What it does not say is assumed, and
listed in the README of the simulator.
"""

import random

import msgspec

from ipc.clock import NS_PER_MS, NS_PER_S
from sampler.simulator.device import LoadAt
from sampler.simulator.frame import ExceptionCode, ReadRequest, WriteRequest
from sampler.simulator.signing import bsm_layout as at
from sampler.simulator.signing import der
from sampler.simulator.signing.bsm_clock import SunSpecClock
from sampler.simulator.signing.bsm_layout import Event, Kind, Status
from sampler.simulator.signing.bsm_live import CELLS, import_wh, power_w
from sampler.simulator.signing.bsm_snapshot import Snapshot
from sampler.simulator.signing.memory import Memory
from sampler.simulator.signing.signer import Curve, Signer

FIRST_OPERATING_S = 500_000
"""Seconds that were counted before the start."""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How long the meter takes; a test may shorten it."""

    updating_ns: tuple[int, int] = (50 * NS_PER_MS, 800 * NS_PER_MS)
    boot_ns: int = 2 * NS_PER_S


class BSM:
    """All registers: the numbers of model 203 are put in when they are read.

    Tests make it fail by its public attributes.
    """

    def __init__(self, serial: str, *, load_at: LoadAt, timing: Timing) -> None:
        self.next_status: Status | None = None
        """How the next snapshot ends, instead of VALID."""
        self.events = Event(0)
        """Evt; POWER_FAILURE comes by itself, and goes with the next start."""
        self._serial = serial
        self._load_at = load_at
        self._timing = timing
        self._memory = Memory(at.SPAN)
        self._signer = Signer(Curve.SECP256R1, name=f"BSM-WS36A {serial}")
        self._pace = random.Random(serial)  # noqa: S311 - a pace, no secret
        self._clock = SunSpecClock()
        self._on_wh = import_wh(load_at(0))
        self._off_ns = 0
        self._pending: dict[Kind, tuple[int, Status, Snapshot]] = {}
        self._show_models()
        self._invalidate()

    def holds(self, request: ReadRequest | WriteRequest) -> bool:
        """Say whether it is a code that this meter knows: 3 or 16."""
        return request.function_code in (3, 16)

    def read(self, request: ReadRequest, *, now_ns: int) -> bytes | ExceptionCode:
        """Give the registers as they are now."""
        self._settle(now_ns)
        if not self._memory.holds(request.address, request.count):
            return ExceptionCode.ILLEGAL_ADDRESS
        self._refresh(now_ns)
        if request.address < at.SIGNING:
            self._show_live(now_ns)
        return self._memory.get(request.address, request.count)

    def write(self, request: WriteRequest, *, now_ns: int) -> ExceptionCode | None:
        """Take what may be written; what may only be read ignores it."""
        self._settle(now_ns)
        first, data = request.address, request.data
        end = first + len(data) // 2
        if not self._memory.holds(first, end - first):
            return ExceptionCode.ILLEGAL_ADDRESS
        points = {**at.META, at.EPOCH: 2, at.ZONE: 1}
        touched = {
            start: words
            for start, words in points.items()
            if start < end and first < start + words
        }
        if any(s < first or end < s + words for s, words in touched.items()):
            return ExceptionCode.ILLEGAL_VALUE  # a part of a point is no value
        values = {s: data[2 * (s - first) :][: 2 * w] for s, w in touched.items()}
        self._set_clock(values, now_ns)
        for start in at.META.keys() & values.keys():
            self._memory.put(start, values[start])
        for kind in Kind:
            status = kind.snapshot + 3
            if status in range(first, end):
                word = data[2 * (status - first) :][:2]
                self._update(kind, int.from_bytes(word), now_ns)
        return None

    def lose_power(self, *, at_ns: int) -> None:
        """Lose the snapshots, the clock and the texts; count it."""
        self._settle(at_ns)
        self._pending.clear()
        self._clock.lose()
        self._invalidate()
        for address, words in at.META.items():
            self._memory.clear(address, words)
        self._off_ns -= at_ns
        self._memory.put_number(
            at.POWER_DOWNS, self._memory.number(at.POWER_DOWNS, 2) + 1, 2
        )

    def regain_power(self, *, at_ns: int) -> None:
        """Start again, and say that there was a power failure."""
        self._off_ns += at_ns
        self.events |= Event.POWER_FAILURE

    def _set_clock(self, values: dict[int, bytes], now_ns: int) -> None:
        epoch, zone = values.get(at.EPOCH), values.get(at.ZONE)
        if epoch is not None or zone is not None:
            self._clock.write(
                utc_s=None if epoch is None else int.from_bytes(epoch),
                zone_min=None if zone is None else int.from_bytes(zone, signed=True),
                now_ns=now_ns,
                operating_s=self._operating_s(now_ns),
            )

    def _update(self, kind: Kind, status: int, now_ns: int) -> None:
        """Take the snapshot now; it is there, and signed, a little later."""
        if status != Status.UPDATING or kind in self._pending:
            return
        if kind in (Kind.TURN_ON, Kind.START):
            self.events &= ~Event.POWER_FAILURE
        if kind is Kind.TURN_ON:
            self._on_wh = import_wh(self._load_at(now_ns))
        if kind in (Kind.TURN_ON, Kind.TURN_OFF):
            self._memory.put_number(at.OUTPUTS, kind is Kind.TURN_ON)
        due_ns = now_ns + self._pace.randint(*self._timing.updating_ns)
        outcome = self.next_status or Status.VALID
        self.next_status = None
        self._show_status(kind, Status.UPDATING)
        self._pending[kind] = (due_ns, outcome, self._taken(kind, now_ns))

    def _taken(self, kind: Kind, now_ns: int) -> Snapshot:
        number = self._memory.number(at.SIGNATURES, 2) + 1
        self._memory.put_number(at.SIGNATURES, number, 2)
        state = self._load_at(now_ns)
        first, second, third = (
            self._memory.text(address, words) for address, words in at.META.items()
        )
        return Snapshot(
            kind=kind,
            since_on=self._since_on(now_ns),
            imported=int(import_wh(state)) // at.STEP_WH,
            power=round(power_w(state) / at.STEP_W),
            serial=self._serial,
            number=number,
            operating_s=self._operating_s(now_ns),
            utc_s=self._clock.utc_s(now_ns),
            zone_min=self._clock.zone_min,
            clock_sets=self._clock.sets,
            clock_set_at_s=self._clock.set_at_s,
            inputs=self._memory.number(at.INPUTS),
            outputs=self._memory.number(at.OUTPUTS),
            metas=(first, second, third),
            events=int(self.events),
        )

    def _settle(self, now_ns: int) -> None:
        """Sign what is due."""
        for kind, (due_ns, outcome, snapshot) in [*self._pending.items()]:
            if now_ns >= due_ns:
                del self._pending[kind]
                self._finish(kind, outcome, snapshot)

    def _finish(self, kind: Kind, outcome: Status, snapshot: Snapshot) -> None:
        record = snapshot.record(self._signer)
        if len(record) > 2 * at.OCMF_WORDS:
            outcome = Status.FAILED_GENERAL
        if outcome is Status.VALID:
            signature = der.signature(self._signer.sign(snapshot.message))
            words = snapshot.words + at.SIGNATURE_WORDS.to_bytes(2)
            words += len(signature).to_bytes(2)
            words += signature.ljust(2 * at.SIGNATURE_WORDS, b"\0")
            self._memory.put(kind.snapshot + 4, words)
            filled = record.ljust(2 * at.OCMF_WORDS, b"\0")
            self._memory.put(kind.ocmf + 4, filled)
        self._show_status(kind, outcome)

    def _show_status(self, kind: Kind, status: Status) -> None:
        self._memory.put_number(kind.snapshot + 3, status)
        self._memory.put_number(kind.ocmf + 3, status)

    def _invalidate(self) -> None:
        for kind in Kind:
            self._memory.clear(kind.snapshot + 2, 252)
            self._memory.clear(kind.ocmf + 2, 498)
            self._memory.put_number(kind.snapshot + 2, kind)
            self._memory.put_number(kind.ocmf + 2, kind)
            self._show_status(kind, Status.INVALID)

    def _since_on(self, now_ns: int) -> int:
        since_wh = import_wh(self._load_at(now_ns)) - self._on_wh
        return int(since_wh) // at.STEP_WH

    def _operating_s(self, now_ns: int) -> int:
        return FIRST_OPERATING_S + (now_ns - self._off_ns) // NS_PER_S

    def _refresh(self, now_ns: int) -> None:
        """Bring up to date what changes by itself in model 64900."""
        memory, clock = self._memory, self._clock
        utc_s, zone_min = clock.utc_s(now_ns), clock.zone_min
        memory.put_number(at.RCR, self._since_on(now_ns), 2)
        memory.put_number(at.OPERATING_S, self._operating_s(now_ns), 2)
        memory.put_number(at.EPOCH, at.NO_UINT32 if utc_s is None else utc_s, 2)
        memory.put_number(at.ZONE, at.NO_INT16 if zone_min is None else zone_min)
        memory.put_number(at.EPOCH_SETS, clock.sets, 2)
        memory.put_number(at.EPOCH_SET_AT, clock.set_at_s, 2)
        memory.put_number(at.EVENTS, self.events, 2)

    def _show_live(self, now_ns: int) -> None:
        state = self._load_at(now_ns)
        for cell in CELLS:
            self._memory.put(cell.address, cell.encoding.pack(cell.value(state)))

    def _show_models(self) -> None:
        memory = self._memory
        memory.put(at.SUNS, b"SunS")
        for address, number, words in at.MODELS:
            memory.put_number(address, number)
            memory.put_number(address + 1, words)
        for address, text, words in (
            (at.VENDOR_TEXT, at.VENDOR, 16),
            (at.MODEL_TEXT, at.MODEL, 16),
            (at.VERSION_TEXT, at.METER_FIRMWARE, 8),
            (at.SERIAL_TEXT, self._serial, 16),
            (at.ERROR_TEXT, "00000000", 4),
            (at.METER_SERIAL, self._serial, 8),
            (at.MODULE_SERIAL, self._serial, 8),
            (at.METER_VERSION, at.METER_FIRMWARE, 8),
            (at.MODULE_VERSION, at.MODULE_FIRMWARE, 8),
            (at.ADDRESS_1, self._serial, 8),
        ):
            memory.put_text(address, text, words)
        memory.put_number(at.RCR_SCALE, at.ENERGY_SCALE)
        memory.put_number(at.INPUTS, 1)
        memory.put_number(at.KEY_WORDS, at.SIGNATURE_WORDS)
        memory.put_number(at.KEY_BYTES, len(self._signer.spki))
        memory.put(at.KEY, self._signer.spki + b"\0")
