# SPDX-License-Identifier: Apache-2.0
"""The status file: whole or not there, and never in anybody's way."""

import os
import stat

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.config import BusTable, Config, MeterTable, RingTable
from ipc.status import MOST_TROUBLES, SamplerStatus, Troubles
from ipc.statusfile import StatusFile
from ipc.wake import Wake
from ipc.watch.statuses import read
from tests.fakes import FakeClock, FakeLog
from tests.ipc.watch.reports import sampler_status

WHOLE = msgspec.json.encode(sampler_status())


class Case:
    def __init__(self, path):
        self.path = path
        self.clock, self.log = FakeClock(), FakeLog()
        self.file = StatusFile(path, clock=self.clock, log=self.log)


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path / "status" / "line.sampler.json")


def config_of(tmp_path, *names):
    meter = MeterTable(name="m", model="x", unit_id=1, module_id="pm")
    buses = [BusTable(name=name, port="/dev/null", meter=[meter]) for name in names]
    return Config(bus=buses, ring=RingTable(directory=str(tmp_path)))


def test_what_is_written_is_what_is_read(case):
    case.file.write(sampler_status())
    assert read(case.path, SamplerStatus).status == sampler_status()


def test_the_stamp_says_who_and_when(case):
    started_ns = case.clock.wall_ns()
    case.clock.advance(5)
    stamp = case.file.stamp()
    assert (stamp.pid, stamp.started_ns) == (os.getpid(), started_ns)
    assert stamp.mono_ns == case.clock.monotonic_ns()


def test_it_is_due_once_a_second(case):
    assert case.file.is_due
    case.file.write(sampler_status())
    case.clock.advance(0.999)
    assert not case.file.is_due
    case.clock.advance(0.001)
    assert case.file.is_due


def test_only_owner_and_group_may_read_it(case):
    case.file.write(sampler_status())
    assert stat.S_IMODE(case.path.stat().st_mode) & 0o137 == 0
    assert stat.S_IMODE(case.path.parent.stat().st_mode) & 0o007 == 0


def test_nothing_but_the_file_is_left_and_close_takes_that_too(case):
    case.file.write(sampler_status())
    assert [each.name for each in case.path.parent.iterdir()] == [case.path.name]
    case.file.close()
    case.file.close()
    assert list(case.path.parent.iterdir()) == []


def test_a_directory_that_was_removed_is_made_again(case):
    case.file.write(sampler_status())
    case.path.unlink()
    case.path.parent.rmdir()
    case.file.write(sampler_status())
    assert read(case.path, SamplerStatus).status is not None


def test_what_cannot_be_written_is_told_once_and_is_no_error(tmp_path):
    (tmp_path / "status").write_text("no directory")
    case = Case(tmp_path / "status" / "line.sampler.json")
    for _ in range(100):
        case.clock.advance(1)
        case.file.write(sampler_status())
    assert case.log.events() == ["status_unwritable"]
    assert "ring.directory" in case.log.fields_of("status_unwritable")["remedy"]


def test_a_link_in_the_place_of_the_new_file_is_not_followed(case, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    case.path.parent.mkdir()
    case.path.with_name(f".{case.path.name}.new").symlink_to(victim)
    case.file.write(sampler_status())
    assert victim.read_text() == "mine"
    assert case.log.events() == ["status_unwritable"]


def test_whoever_waits_for_samples_is_not_woken_by_it(case, tmp_path):
    with Wake(tmp_path) as wake:
        case.file.write(sampler_status())  # makes the directory too
        case.file.write(sampler_status())
        with pytest.raises(BlockingIOError):
            os.read(wake.fileno(), 4096)


def test_no_two_processes_share_a_file(tmp_path):
    config = config_of(tmp_path, "publisher", "a", "a.sampler")
    paths = [config.sampler_status_path(bus) for bus in config.bus]
    assert len({*paths, config.publisher_status_path()}) == 4


def test_without_a_file_there_is_nothing_and_no_reason(case):
    found = read(case.path, SamplerStatus)
    assert (found.status, found.reason) == (None, None)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_refused_and_does_not_hang(tmp_path, make):
    path = tmp_path / "odd"
    make(path)
    found = read(path, SamplerStatus)
    assert found.status is None
    assert str(path) in found.reason


@given(
    st.binary(max_size=60)
    | st.integers(0, len(WHOLE) - 1).map(lambda size: WHOLE[:size])
    | st.just(b"[" * 100_000)
)
def test_no_content_makes_it_raise(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.sampler.json"
    path.write_bytes(content)
    found = read(path, SamplerStatus)
    assert found.status is None
    assert "not a status of this release" in found.reason


def test_a_later_release_may_say_more(tmp_path):
    path = tmp_path / "more.sampler.json"
    path.write_bytes(WHOLE[:-1] + b',"more":1}')
    assert read(path, SamplerStatus).status == sampler_status()


def test_a_trouble_counts_up_and_tells_the_newest():
    troubles = Troubles()
    troubles.add("m", "timeout", "first", wall_ns=1)
    troubles.add("m", "timeout", "second", wall_ns=2)
    [told] = troubles.newest()
    assert (told.count, told.detail, told.first_ns, told.last_ns) == (2, "second", 1, 2)


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abc")), max_size=200))
def test_the_newest_troubles_come_first_and_are_few(seen):
    troubles = Troubles()
    for wall_ns, (meter, kind) in enumerate(seen):
        troubles.add(str(meter), kind, "", wall_ns=wall_ns)
    told = troubles.newest()
    assert len(told) == min(len(set(seen)), MOST_TROUBLES)
    newest_first = list(dict.fromkeys(reversed(seen)))[:MOST_TROUBLES]
    assert [(int(each.meter), each.kind) for each in told] == newest_first
