# SPDX-License-Identifier: Apache-2.0
"""Transactions on real processes: asked on the broker, signed, kept, and told again."""

import contextlib
import shutil
import signal
import subprocess
import sys

import pyocmf
import pytest
from pyocmf.compliance import IssueCode

from deploy.demo.parts import ROOT
from publisher import record
from tests.publisher.line import needs_mosquitto
from tests.publisher.test_independent import openssl
from tests.system.test_chain import START, ask, see_checks, see_silence, see_values

pytestmark = [pytest.mark.system, pytest.mark.slow]


@pytest.fixture
def everest(station):
    """Give EVerest's end of a station that signs; nothing it gets may be rejected."""
    station.key = station.sign()
    station.start_all()
    with station.everest() as everest:
        see_checks(station, everest)
        yield everest
        assert list(everest.everest.rejections) == []


def begin(station, everest, name="b7a1"):
    request = {**START, "transaction_id": name}
    return ask(station, everest, everest.start_transaction(request))


def end(station, everest, name="b7a1"):
    return ask(station, everest, everest.stop_transaction(name))


def text_of(reply):
    return reply["signed_meter_value"]["signed_meter_data"]


def reading(text, number):
    return pyocmf.OCMF.from_string(text).payload.RD[number]


def command(station, *words):
    """Run the publisher's command; give its status and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "publisher", *words, str(station.config)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_session_gives_a_record_that_everybody_can_verify(station, everest, tmp_path):
    assert begin(station, everest) == {"status": "OK"}
    see_values(station, everest)
    reply = end(station, everest)
    assert reply["status"] == "OK"
    text, key = text_of(reply), station.key.public
    assert reply["signed_meter_value"]["public_key"] == key.hex
    assert everest.everest.public_key == key.hex
    assert record.verify(text, key).is_valid
    theirs = pyocmf.OCMF.from_string(text, strict=True)
    assert theirs.verify_signature(key.hex)
    # This machine's clock may be one that nobody synchronises; then the record says so.
    issues = {issue.code for issue in theirs.check_eichrecht()}
    assert issues <= {IssueCode.TIME_SYNC}
    assert shutil.which("openssl") is None or openssl(tmp_path, text, key)
    assert (theirs.payload.PG, theirs.payload.MS) == ("T1", "S1")
    assert [each.TX for each in theirs.payload.RD] == ["B", "E"]
    station.until(everest, lambda: station.entries()[0].delivered_ns, "its delivery")
    assert command(station, "transactions", "export") == (0, f"{text}\n")


def test_a_request_that_is_repeated_is_told_the_same_and_writes_nothing(
    station, everest
):
    assert begin(station, everest) == begin(station, everest) == {"status": "OK"}
    first, again = end(station, everest), end(station, everest)
    assert first == again
    assert begin(station, everest)["status"] == "UNEXPECTED_ERROR"
    assert len(station.entries()) == 1


def test_a_start_ends_what_is_open_and_keeps_its_record(station, everest):
    begin(station, everest, "one")
    assert begin(station, everest, "two") == {"status": "OK"}
    assert end(station, everest, "")["status"] == "OK"
    assert reading(text_of(end(station, everest, "one")), -1).TX == "A"
    assert end(station, everest, "three")["status"] == "UNEXPECTED_ERROR"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_publisher_that_is_started_anew_goes_on_with_what_is_open(
    station, everest, number
):
    begin(station, everest)
    station.end("publisher", number)
    station.start_publisher()
    see_checks(station, everest)
    text = text_of(end(station, everest))
    assert record.verify(text, station.key.public).is_valid
    assert reading(text, -1).TX == "E"
    see_values(station, everest)
    assert text_of(end(station, everest)) == text


@needs_mosquitto
def test_a_start_that_waited_begins_nothing_and_a_stop_that_waited_is_served(
    station, everest
):
    begin(station, everest)
    station.end("publisher", signal.SIGKILL)
    stop = everest.stop_transaction("b7a1")
    start = everest.start_transaction({**START, "transaction_id": "late"})
    everest.run_for(0.3)
    station.start_publisher()
    assert "waited" in ask(station, everest, start)["error"]
    assert ask(station, everest, stop)["status"] == "OK"
    assert [entry.open.transaction_id for entry in station.entries()] == ["b7a1"]


def test_while_the_sampler_is_dead_a_stop_is_refused_in_time_and_later_served(
    station, everest
):
    begin(station, everest)
    station.end("sampler", signal.SIGKILL)
    refused = end(station, everest)
    assert refused["status"] == "UNEXPECTED_ERROR"
    assert "no good reading in time" in refused["error"]
    station.start_sampler()
    assert end(station, everest)["status"] == "OK"


def test_a_sampler_that_is_killed_during_a_start_or_a_stop_only_delays_the_answer(
    station, everest
):
    """Nothing is told meanwhile; the answer comes with its successor's first sample."""
    for ask_for in (
        lambda: everest.start_transaction({**START, "transaction_id": "b7a1"}),
        lambda: everest.stop_transaction("b7a1"),
    ):
        station.end("sampler", signal.SIGKILL)
        call = ask_for()
        everest.run_for(0.3)
        assert not call.done
        station.start_sampler()
        assert ask(station, everest, call)["status"] == "OK"
    [entry] = station.entries()
    assert (entry.pagination, entry.ending.cause) == (1, "E")


def test_a_start_while_the_meter_is_silent_leaves_nothing_open(station, everest):
    station.end("meter")
    assert begin(station, everest)["status"] == "UNEXPECTED_ERROR"
    assert station.entries() == []


def test_a_transaction_outlives_the_broker(station):
    station.sign()
    station.start_all()
    with station.everest() as everest:
        see_checks(station, everest)
        begin(station, everest)
    station.broker.stop()
    station.broker.start()
    with station.everest() as everest:
        see_checks(station, everest)
        assert end(station, everest)["status"] == "OK"
        assert everest.everest.public_key is not None, "a broker forgets it"


def test_without_a_key_there_are_values_but_no_check_and_the_log_says_why(station):
    station.sign()
    station.config.with_name("signing.pem").unlink()
    station.start_all()
    with station.everest() as everest:
        see_values(station, everest)
        assert "no key" in begin(station, everest)["error"]
        assert everest.everest.supervision.messages == 0
        assert everest.everest.public_key is None
    assert any("key_unusable" in line for line in station.log("publisher"))
    assert command(station, "check")[0] == 2


def test_another_key_signs_only_after_it_was_adopted(station, everest):
    begin(station, everest)
    first = text_of(end(station, everest))
    station.end("publisher")
    (station.config.with_name("signing.pem")).unlink()
    command_line = ["keygen", str(station.config.with_name("signing.pem"))]
    subprocess.run(
        [sys.executable, "-m", "publisher", *command_line], cwd=ROOT, check=True
    )
    station.start_publisher()
    see_values(station, everest)
    assert "adopt-key" in begin(station, everest, "two")["error"]
    assert text_of(end(station, everest)) == first
    assert command(station, "adopt-key")[0] == 2  # the publisher has the journal
    station.end("publisher")
    status, said = command(station, "adopt-key")
    assert (status, said.splitlines()[-1]) == (0, "next record: T1")
    station.start_publisher()
    see_checks(station, everest)
    assert begin(station, everest, "two") == {"status": "OK"}
    second = end(station, everest, "two")["signed_meter_value"]
    assert second["public_key"] == everest.everest.public_key
    assert second["public_key"] != station.key.public.hex
    assert text_of(end(station, everest)) == first


@contextlib.contextmanager
def small_disk(path):
    """Mount a disk that a test can fill."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(path)]
    unmount = ["umount", "-l", str(path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root")
    try:
        yield
    finally:
        subprocess.run(unmount, check=True)


def test_on_a_full_disk_nothing_begins_and_what_is_open_ends_once_there_is_room(
    station,
):
    key = station.sign()
    with small_disk(station.journal.parent):
        station.start_all()
        with station.everest() as everest:
            see_checks(station, everest)
            assert begin(station, everest) == {"status": "OK"}
            filler = station.journal.with_name("filler")
            with contextlib.suppress(OSError):
                filler.write_bytes(bytes(1_000_000))
            refused = end(station, everest)
            assert refused["status"] == "UNEXPECTED_ERROR"
            assert "the disk is full: make room" in refused["error"]
            see_silence(station, everest)
            assert begin(station, everest, "two")["status"] == "UNEXPECTED_ERROR"
            filler.unlink()
            see_checks(station, everest)
            assert record.verify(text_of(end(station, everest)), key.public).is_valid
            assert [entry.pagination for entry in station.entries()] == [1]
        station.end("publisher")
