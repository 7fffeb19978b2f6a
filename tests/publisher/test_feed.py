# SPDX-License-Identifier: Apache-2.0
"""A bus's samples, dealt out to their meters."""

from ipc.sample import QUANTITIES, Quality, Quantity
from ipc.units import NS_PER_S
from tests.fakes import FakeClock, FakeLog, FakeRing, sample_of
from tests.publisher.parts import feed_of, meter_of

WALL_NS = 1_787_306_400 * NS_PER_S
IMPORT = QUANTITIES.index(Quantity.ENERGY_IMPORT_MWH)


def at_second(second: int, *, meter: int = 0):
    return sample_of(
        meter=meter,
        tick=second,
        wall_ns=WALL_NS + second * NS_PER_S,
        energy_import_mwh=second,
    )


def test_each_sample_goes_to_the_meter_whose_index_it_bears():
    meters = [meter_of(name=name) for name in ("left", "right")]
    ring = FakeRing(at_second(at, meter=at % 2) for at in range(6))
    feed = feed_of(*meters, ring=ring, clock=FakeClock())
    told = [
        (meter.table.name, sample.tick, [one.values[IMPORT] for one in complete])
        for meter, sample, complete in feed.drain(0)
    ]
    assert told == [
        *(("left", 0, []), ("right", 1, []), ("left", 2, [0]), ("right", 3, [1])),
        *(("left", 4, [2]), ("right", 5, [3])),
    ]
    assert feed.samples == 6


def test_it_reads_until_nothing_is_left():
    class InPortions(FakeRing):
        def read(self):
            taken, self.samples = self.samples[:2], self.samples[2:]
            return taken

    ring = InPortions(at_second(at) for at in range(5))
    feed = feed_of(meter_of(), ring=ring, clock=FakeClock())
    assert len(list(feed.drain(0))) == 5
    assert ring.samples == []


def test_a_sample_of_a_meter_that_is_not_configured_is_told_once_and_left_out():
    log, meter = FakeLog(), meter_of()
    ring = FakeRing([at_second(0, meter=1), at_second(1, meter=65535), at_second(2)])
    feed = feed_of(meter, ring=ring, clock=FakeClock(), log=log)
    assert [sample.tick for _, sample, _ in feed.drain(0)] == [2]
    [closed] = meter.close_by(WALL_NS + 3600 * NS_PER_S)
    assert closed.samples == 1
    assert log.events() == ["sample_unassigned"]
    assert "same configuration" in log.fields_of("sample_unassigned")["remedy"]


def test_lapped_samples_are_told_as_a_number():
    log, ring, clock = FakeLog(), FakeRing(), FakeClock()
    feed = feed_of(meter_of(), ring=ring, clock=clock, log=log)
    for lapped in (0, 7, 7, 9):
        ring.lapped = lapped
        clock.advance(61)
        list(feed.drain(0))
    assert [fields["lost"] for _, _, fields in log.lines] == [7, 2]
    assert log.events() == ["samples_lapped"] * 2


def test_a_file_that_is_refused_is_told_with_its_reason_when_that_changes():
    log, ring, clock = FakeLog(), FakeRing(), FakeClock()
    feed = feed_of(meter_of(), ring=ring, clock=clock, log=log)
    for reason in (None, "another layout", "another layout", None, "cut short"):
        ring.reason = reason
        clock.advance(61)
        list(feed.drain(0))
    assert [fields["detail"] for _, _, fields in log.lines] == [
        "another layout",
        "cut short",
    ]
    assert log.events() == ["ring_refused"] * 2


def test_a_hole_is_given_to_nobody():
    bad = sample_of(quality=Quality.TIMEOUT, energy_import_mwh=1)
    feed = feed_of(meter_of(), ring=FakeRing([bad]), clock=FakeClock())
    assert list(feed.drain(0)) == []
    assert feed.samples == 1
