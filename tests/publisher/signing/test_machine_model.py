# SPDX-License-Identifier: Apache-2.0
"""Whatever EVerest asks, the meter does and the disk bears: the promises are kept.

The meter does a verb or not, and its answer comes or not; it loses its power, and is
exchanged; the journal fails; the process is killed and comes back, at any moment.
"""

from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ipc.commands import MeterPhase
from publisher.callers import MOST_CALLERS
from publisher.events import (
    JournalFailed,
)
from publisher.signing.events import (
    Expired,
    LookAgain,
    NotAbandoned,
    Paused,
    PersistAbandon,
    PersistBegun,
    PersistIntent,
    PersistLoss,
    PersistRecord,
)
from publisher.signing.machine import handle, resume
from publisher.signing.state import AT_REST, Phase
from tests.publisher.signing.meters import FakeMeter, busy, refused, silent
from tests.publisher.signing.play import Disk, Play
from tests.publisher.stories import start, stop, stop_all

IDS = st.sampled_from(("a", "b", "c", ""))
CHANGES = (PersistIntent, PersistBegun, PersistAbandon, PersistRecord, PersistLoss)


class Core(Play, RuleBasedStateMachine):
    """The core, a disk, a meter, and everyone who was promised an answer."""

    def __init__(self):
        super().__init__()
        self.disk = Disk()
        self.meter = self.new_meter()
        self.removed = []
        self.given_up = set()
        self.waiting = {}
        self.callers = 0
        self.now_ns = 0
        self.order = self.pause = None
        self.writes = deque()
        self.begin_process()

    def new_meter(self, serial="W1"):
        return FakeMeter(serial)

    def begin_process(self):
        self.waiting.clear()  # EVerest asks again, with other callers
        self.order = self.pause = None
        self.refused = []
        self.writes.clear()
        self.history = []
        self.begins_with = self.disk.open, bool(self.disk.unconfirmed)
        self.state, effects = self.resumed()
        self.log(effects)

    def resumed(self):
        open_, is_unconfirmed = self.begins_with
        return resume(open_, is_unconfirmed=is_unconfirmed)

    # What EVerest does.

    @rule(name=IDS, tariff=st.sampled_from(("x", "y")))
    def start(self, name, tariff):
        self.ask(start(name, self.caller(), at_ns=self.now_ns, tariff_text=tariff))

    @rule(name=IDS)
    def stop(self, name):
        self.ask(stop(name, self.caller(), at_ns=self.now_ns))

    @rule()
    def stop_all(self):
        caller = self.caller()
        self.ask(stop_all(caller, at_ns=self.now_ns))
        assert self.writes or caller not in self.waiting, "it waited for the meter"

    # What the meter does.

    @precondition(lambda self: self.order)
    @rule()
    def the_meter_does_it(self):
        self.told(self.obey())

    @precondition(lambda self: self.order)
    @rule(is_done=st.booleans())
    def its_answer_is_lost(self, is_done):
        if is_done:
            self.obey()
        self.told(silent())

    @precondition(lambda self: self.order)
    @rule(outcome=st.sampled_from((busy(), refused("no"))))
    def it_does_not_do_it(self, outcome):
        self.told(outcome)

    @rule()
    def it_loses_its_power(self):
        if self.meter.forgets:
            self.given_up.add(self.meter.record)
        self.meter.lose_power()

    @precondition(lambda self: self.meter.phase is MeterPhase.IDLE)
    @rule()
    def somebody_else_begins_on_it(self):
        if self.meter.tells_id:
            self.meter.begin("stranger")

    @precondition(lambda self: not self.writes)  # nobody is as quick as that
    @rule()
    def it_is_exchanged(self):
        self.removed.append(self.meter)
        serial = f"W{len(self.removed) % 3 + 1}"
        back = [meter for meter in self.removed if meter.serial == serial]
        self.meter = back[0] if back else self.new_meter(serial)
        if back:
            self.removed.remove(self.meter)
        if self.order is not None:
            self.told(silent())

    @precondition(lambda self: self.meter.phase is MeterPhase.ENDED)
    @rule()
    def its_record_is_spoilt(self):
        self.given_up.add(self.meter.record)
        self.meter.spoil()

    # What the disk and time do.

    @precondition(lambda self: self.writes)
    @rule(is_good=st.sampled_from((True, True, True, False)))
    def the_disk_answers(self, is_good):
        effect = self.writes.popleft()
        if is_good:
            self.feed(self.disk.write(effect))
        elif isinstance(effect, PersistAbandon):
            self.feed(NotAbandoned(ask=effect.ask, reason="full"))
        else:
            self.feed(JournalFailed(ask=effect.ask, reason="full"))

    @precondition(lambda self: self.pause)
    @rule()
    def a_pause_is_over(self):
        pause, self.pause = self.pause, None
        self.feed(Paused(ask=pause.ask))

    @precondition(lambda self: self.state.phase in AT_REST)
    @rule(is_clock_due=st.booleans())
    def it_is_looked_at(self, is_clock_due):
        self.feed(LookAgain(is_clock_due=is_clock_due))

    @rule(steps=st.integers(1, 20))
    def all_goes_well(self, steps):
        for _ in range(steps):
            if self.writes:
                self.feed(self.disk.write(self.writes.popleft()))
            elif self.order:
                self.the_meter_does_it()
            elif self.pause:
                self.a_pause_is_over()

    @rule(seconds=st.floats(0, 40))
    def time_passes(self, seconds):
        self.now_ns += round(seconds * 1e9)
        self.feed(Expired(now_ns=self.now_ns))
        assert all(asked.deadline_ns > self.now_ns for asked in self.timed())

    @rule()
    def the_process_is_killed_and_comes_back(self):
        self.begin_process()

    # What must hold.

    @invariant()
    def open_is_what_the_journal_holds_open(self):
        pending = any(isinstance(effect, CHANGES) for effect in self.writes)
        if not pending:
            assert self.state.open == self.disk.open

    @invariant()
    def nothing_runs_whose_start_was_refused(self):
        if self.state.phase is Phase.OPEN and not self.state.is_over:
            assert self.state.open.request not in self.refused

    @invariant()
    def no_record_is_lost(self):
        held = {meter.record for meter in (*self.removed, self.meter)}
        for meter in (*self.removed, self.meter):
            for text in meter.made:
                kept = text in self.disk.records()
                assert kept or text in held or text in self.given_up

    @invariant()
    def every_record_is_whose_it_is(self):
        for meter in (*self.removed, self.meter):
            for text, name in meter.made.items():
                if kept := self.disk.records().get(text):
                    unknown = kept.transaction_id.startswith("unknown-")
                    assert unknown or kept.transaction_id == name

    @invariant()
    def whoever_was_not_answered_waits(self):
        known = {caller for job in self.state.jobs for caller in job.callers}
        assert known | set(self.state.clearing) == set(self.waiting)

    @invariant()
    def it_never_stands_still(self):
        assert self.state.phase is not Phase.SETTLING
        if self.state.phase in {Phase.IDLE, Phase.OPEN}:
            assert not self.state.jobs
        else:
            assert self.order or self.pause or self.writes
        assert self.state.waiting <= MOST_CALLERS

    def teardown(self):
        """Let all go well: it comes to rest, and the same events lead there again."""
        state, _ = self.resumed()
        for event in self.history:
            state, _ = handle(state, event)
        assert state == self.state
        self.all_goes_well(200)
        self.feed(LookAgain(is_clock_due=True))
        self.all_goes_well(200)
        assert not self.waiting
        assert self.meter.phase in {MeterPhase.IDLE, MeterPhase.RUNNING}
        if self.disk.open is None:
            assert self.state.phase is Phase.IDLE


class IdlessCore(Core):
    """A meter that cannot tell whose transaction it holds."""

    def new_meter(self, serial="W1"):
        return FakeMeter(serial, tells_id=False)


class ForgettingCore(Core):
    """A meter that loses all it holds with its power."""

    def new_meter(self, serial="W1"):
        return FakeMeter(serial, forgets=True)


TestCore = pytest.mark.slow(Core.TestCase)
TestIdlessCore = pytest.mark.slow(IdlessCore.TestCase)
TestForgettingCore = pytest.mark.slow(ForgettingCore.TestCase)
TestCore.settings = settings(stateful_step_count=60)
TestIdlessCore.settings = TestForgettingCore.settings = TestCore.settings
