# SPDX-License-Identifier: Apache-2.0
"""The transaction core under any sequence of events keeps its promises.

The world of the test answers the core's questions in any order, late, twice or with a
failure, repeats EVerest's requests, and kills and restarts the core at any moment.
"""

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)
from msgspec.structs import replace

from publisher.callers import MOST_CALLERS
from publisher.events import (
    Abandoned,
    Answer,
    Begun,
    Cleared,
    Closed,
    Ended,
    Ignored,
    JournalFailed,
    Opened,
    PersistAbandon,
    PersistBegin,
    PersistEnd,
    ReadingFailed,
    ReadingTaken,
    Recall,
    Recalled,
    Refused,
    StartAsked,
    StopAllAsked,
    StopAsked,
    TakeReading,
)
from publisher.reading import Finished
from publisher.state import Phase
from publisher.transaction import TRANSITIONS, handle, resume
from tests.publisher.stories import reading, start, stop, stop_all

IDS = st.sampled_from(("a", "b", "c", ""))
WRITES = (PersistBegin, PersistEnd, PersistAbandon)


class Core(RuleBasedStateMachine):
    """The core, the journal as a dictionary, and everyone who was promised an answer."""

    def __init__(self):
        super().__init__()
        self.state, effects = resume(None)
        self.question = None  # the newest one
        self.on_disk = None
        self.finished = {}
        self.pagination = 0
        self.waiting = {}
        self.callers = 0
        self.now_ns = 0
        self.energy = 1000
        self.given = []
        self.begins_with, self.history = None, []
        self.log(effects)

    # What EVerest does.

    @rule(transaction_id=IDS, tariff=st.sampled_from(("x", "y")))
    def start(self, transaction_id, tariff):
        caller = self.new_caller()
        event = start(transaction_id, caller, at_ns=self.now_ns, tariff_text=tariff)
        self.request(event)

    @rule(transaction_id=IDS)
    def stop(self, transaction_id):
        self.request(stop(transaction_id, self.new_caller(), at_ns=self.now_ns))

    @rule()
    def stop_all(self):
        caller = self.new_caller()
        self.request(stop_all(caller, at_ns=self.now_ns))
        writes = self.state.phase in {Phase.OPENING, Phase.CLOSING, Phase.ABANDONING}
        assert writes or caller not in self.waiting, "it waited for the meter"

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def a_request_that_waits_comes_again(self, data):
        self.request(data.draw(st.sampled_from(list(self.waiting.values()))))

    # What the meter and the journal do.

    @precondition(lambda self: isinstance(self.question, TakeReading))
    @rule(
        used=st.integers(-1, 5),
        serial=st.sampled_from(("S1", "S1", "S1", "S2")),
    )
    def the_meter_answers(self, used, serial):
        self.energy = max(0, self.energy + used)
        self.now_ns = max(self.now_ns, self.question.since_ns)
        taken = reading(self.energy, after_s=self.now_ns / 1e9, serial=serial)
        self.answer(ReadingTaken(ask=self.question.ask, reading=taken))

    @precondition(
        lambda self: (
            isinstance(self.question, TakeReading)
            and self.question.deadline_ns is not None
        )
    )
    @rule()
    def the_meter_does_not_answer(self):
        self.now_ns = max(self.now_ns, self.question.deadline_ns)
        self.answer(ReadingFailed(ask=self.question.ask, reason="silent"))

    @precondition(lambda self: isinstance(self.question, (Recall, *WRITES)))
    @rule()
    def the_journal_does_it(self):
        ask = self.question.ask
        match self.question:
            case Recall(transaction_id=transaction_id):
                found = self.finished.get(transaction_id)
                self.answer(Recalled(ask=ask, finished=found))
            case PersistBegin(open=begun):
                assert self.on_disk is None, "two are open"
                assert begun.transaction_id not in self.finished
                self.on_disk = begun
                self.answer(Opened(ask=ask))
            case PersistAbandon(open=begun):
                assert self.on_disk == begun
                self.on_disk = replace(begun, is_dangling=True)
                self.answer(Abandoned(ask=ask))
            case PersistEnd(open=begun):
                assert self.on_disk == begun
                self.answer(Closed(ask=ask, finished=self.sign(begun.transaction_id)))

    def sign(self, name):
        assert name not in self.finished, "ended twice"
        self.pagination += 1
        self.on_disk = None
        self.finished[name] = Finished(
            transaction_id=name,
            record=f"OCMF|{name}|",
            pagination=self.pagination,
            public_key="3059",
        )
        return self.finished[name]

    @precondition(lambda self: isinstance(self.question, (Recall, *WRITES)))
    @rule()
    def the_journal_fails(self):
        self.answer(JournalFailed(ask=self.question.ask, reason="full"))

    @precondition(lambda self: self.given)
    @rule(data=st.data())
    def an_answer_comes_again(self, data):
        before = self.state
        event = data.draw(st.sampled_from(self.given))
        self.log(self.step(event))
        assert self.state == before

    # What the machine does.

    @rule()
    def the_process_is_killed_and_comes_back(self):
        self.waiting.clear()  # EVerest asks again with other callers
        self.question = None
        self.state, effects = resume(self.on_disk)
        self.given = []
        self.begins_with, self.history = self.on_disk, []
        self.log(effects)

    @rule(seconds=st.floats(0, 60))
    def time_passes(self, seconds):
        self.now_ns += round(seconds * 1e9)

    # What must hold.

    @invariant()
    def open_is_what_the_journal_holds_open(self):
        if self.state.phase is Phase.OPENING:
            assert self.on_disk is None
            assert self.question.open == self.state.open
        else:
            assert self.state.open == self.on_disk

    @invariant()
    def paginations_have_no_gap_and_are_used_once(self):
        numbers = sorted(found.pagination for found in self.finished.values())
        assert numbers == list(range(1, self.pagination + 1))

    @invariant()
    def whoever_was_not_answered_waits(self):
        jobs = [self.state.job, *self.state.queue]
        known = {caller for job in jobs if job for caller in job.callers}
        assert known | set(self.state.clearing) == set(self.waiting)

    @invariant()
    def it_never_stands_still_while_somebody_waits(self):
        at_rest = {Phase.IDLE, Phase.OPEN, Phase.RESUMING, Phase.DANGLING}
        if self.waiting:
            assert self.state.phase not in at_rest
        else:
            assert self.state.phase in {*at_rest, Phase.CLOSING}
        assert self.state.phase is not Phase.SETTLING
        if self.state.phase not in {Phase.IDLE, Phase.OPEN}:
            assert self.question is not None
            assert self.question.ask == self.state.ask

    @invariant()
    def the_one_in_hand_has_the_earliest_deadline(self):
        if isinstance(self.question, TakeReading) and self.state.job:
            deadlines = [asked.deadline_ns for asked in self.waiting.values()]
            assert self.question.deadline_ns == min(deadlines)

    @invariant()
    def it_never_grows(self):
        assert self.state.waiting <= MOST_CALLERS

    # How it is done.

    def new_caller(self):
        self.callers += 1
        return f"caller-{self.callers}"

    def request(self, event):
        self.waiting[event.caller] = event
        self.log(self.step(event))

    def answer(self, event):
        self.question = None
        self.given.append(event)
        self.log(self.step(event))

    def step(self, event):
        phase = self.state.phase
        self.history.append(event)
        state, effects = handle(self.state, event)
        if phase is not state.phase:
            self.assert_in_table(phase, event, state.phase)
        self.state = state
        return effects

    def assert_in_table(self, phase, event, to):
        targets = TRANSITIONS[phase][type(event)].to
        if Phase.SETTLING in targets:
            [crossing] = TRANSITIONS[Phase.SETTLING].values()
            targets += crossing.to
        assert to in targets

    def log(self, effects):
        for effect in effects:
            match effect:
                case Answer(caller=caller, outcome=outcome):
                    self.check(self.waiting.pop(caller), outcome)
                case Ignored():
                    pass
                case _:
                    self.question = effect

    def check(self, asked, outcome):
        """Every answer is true of what is on the disk at that moment."""
        match asked, outcome:
            case StartAsked(request=request), Begun():
                assert self.on_disk is not None
                assert self.on_disk.request == request
                assert not self.on_disk.is_dangling
            case StopAsked(transaction_id=name), Ended(finished=finished):
                assert self.finished[name] == finished
            case StopAllAsked(), Cleared():
                assert self.on_disk is None or self.on_disk.is_dangling
            case _, Refused(reason=reason):
                assert reason
            case _:
                raise AssertionError((asked, outcome))

    def teardown(self):
        """See that the same events again lead to the same state."""
        state, _ = resume(self.begins_with)
        for event in self.history:
            state, _ = handle(state, event)
        assert state == self.state


TestCore = Core.TestCase
