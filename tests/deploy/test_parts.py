# SPDX-License-Identifier: Apache-2.0
"""Parts: started in sessions of their own, watched, ended whatever they do."""

import contextlib
import os
import signal
import sys

import pytest

from deploy.demo.parts import Part, Parts

pytestmark = pytest.mark.system

PATIENT = "import signal; print('ready', flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(15, signal.SIG_IGN)\nwhile True: {PATIENT}"


def python(code):
    return [sys.executable, "-c", code]


def started(name, code, directory):
    """Start a part and wait until it says that it is ready."""
    part = Part(name, python(code), directory / f"{name}.log")
    while part.last_lines(1) != ["ready"]:
        assert not part.ends_within(0.01), part.last_lines(9)
    return part


def test_a_part_leads_a_session_of_its_own_and_ends_when_asked(tmp_path):
    part = started("patient", PATIENT, tmp_path)
    assert part.alive
    assert os.getsid(part.pid) == part.pid
    part.end()
    assert part.exit_status == -signal.SIGTERM
    part.end()


@pytest.mark.slow
def test_a_part_that_does_not_end_when_asked_is_killed(tmp_path):
    part = started("stubborn", STUBBORN, tmp_path)
    part.end()
    assert part.exit_status == -signal.SIGKILL


def test_the_last_lines_of_a_part_are_kept_whatever_they_are(tmp_path):
    code = "import os; os.write(1, b'x' * 100_000 + b'\\nfirst\\n\\xff second\\n')"
    part = Part("talker", python(code), tmp_path / "talker.log")
    assert part.ends_within(30)
    assert part.last_lines(2) == ["first", "\ufffd second"]
    part.end()


def test_parts_are_ended_in_reverse_even_when_something_goes_wrong(tmp_path):
    code = f"""
import signal, sys
def end(*_):
    open({str(tmp_path / "ended")!r}, "a").write(sys.argv[1])
    sys.exit()
signal.signal(15, end); {PATIENT}
"""
    with contextlib.suppress(KeyError), Parts(tmp_path) as parts:
        for name in "abc":
            part = parts.start(name, [*python(code), name])
            while part.last_lines(1) != ["ready"]:
                assert not part.ends_within(0.01), part.last_lines(9)
        raise KeyError
    assert not any(part.alive for part in parts)
    assert (tmp_path / "ended").read_text() == "cba"
