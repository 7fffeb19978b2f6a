# SPDX-License-Identifier: Apache-2.0
"""The unit files, judged by systemd's own tools: no word of complaint, little exposure.

`systemd-analyze verify` exits 0 on an unknown key and says so on stderr: silence is
what is asked for.
"""

import os
import re
import shlex
import shutil
import stat
import subprocess

import pytest

from deploy.demo.parts import ROOT
from ipc import config

SHIPPED = ROOT / "deploy" / "systemd"
SERVICES = ["powermeter-sampler@.service", "powermeter-publisher.service"]
MOST_EXPOSED = 1.0

pytestmark = pytest.mark.system

needs_analyze = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="no systemd-analyze on this machine"
)


def run(*command):
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ
    )


@pytest.fixture
def units(tmp_path):
    """Give the shipped units, their programs made to exist: verify looks for them."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for shipped in [*SHIPPED.glob("*.service"), *SHIPPED.glob("*.target")]:
        text, count = re.subn(
            r"^ExecStart=\S+",
            f"ExecStart={program}",
            shipped.read_text(),
            flags=re.MULTILINE,
        )
        assert count == (shipped.suffix == ".service")
        (tmp_path / shipped.name).write_text(text)
    (tmp_path / "mosquitto.service").write_text("[Service]\nExecStart=/bin/true\n")
    return tmp_path


def say(unit, old, new):
    text = unit.read_text()
    assert old in text
    unit.write_text(text.replace(old, new))


def verify(*units):
    done = run("systemd-analyze", "--man=no", "verify", *units)
    return done.stderr


@needs_analyze
def test_systemd_has_nothing_to_say_about_the_units(units):
    parts = [units / name for name in (*SERVICES, "powermeter.target")]
    assert verify(*parts) == ""


def add(units, name, drop_in):
    drop_ins = units / f"{name}.d"
    drop_ins.mkdir()
    shutil.copy(SHIPPED / drop_in, drop_ins)


DROP_INS = list(zip(SERVICES, ["50-realtime.conf", "50-signing.conf"], strict=True))


@needs_analyze
@pytest.mark.parametrize(("name", "drop_in"), DROP_INS)
def test_systemd_has_nothing_to_say_about_a_drop_in(units, name, drop_in):
    add(units, name, drop_in)
    assert verify(units / name) == ""


@needs_analyze
def test_a_misspelled_key_would_be_seen(units):
    say(units / SERVICES[0], "WatchdogSec", "WatchDogSec")
    assert "WatchDogSec" in verify(units / SERVICES[0])


def exposure(unit):
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    [level] = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    return float(level)


@needs_analyze
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_exposed_to_little(name):
    assert exposure(SHIPPED / name) <= MOST_EXPOSED


@needs_analyze
def test_the_real_time_drop_in_exposes_to_no_more(units):
    add(units, SERVICES[0], "50-realtime.conf")
    assert exposure(units / SERVICES[0]) <= MOST_EXPOSED


@needs_analyze
def test_the_drop_in_for_signing_opens_the_clock_and_nothing_else(units):
    """What it opens cannot be used to set it: that needs a capability."""
    before = open_doors(units / SERVICES[1])
    add(units, SERVICES[1], "50-signing.conf")
    opened = open_doors(units / SERVICES[1]) - before
    assert opened == {
        "ProtectClock=",
        "SystemCallFilter=~@clock",
        "SystemCallFilter=~@privileged",  # of which the clock is a part
    }
    assert settings_of(SERVICES[1])["CapabilityBoundingSet"] == [""]


def open_doors(unit):
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    return set(re.findall(r"^✗ (\S+)", done.stdout, flags=re.MULTILINE))


@needs_analyze
def test_an_opened_door_would_be_seen(units):
    publisher = units / SERVICES[1]
    before = exposure(publisher)
    say(publisher, "ProtectSystem=strict", "ProtectSystem=no")
    assert exposure(publisher) > before


def settings_of(name):
    """Give the values of each key, which may stand more than once."""
    found = {}
    for key, value in re.findall(
        r"^(\w+)=(.*)$", (SHIPPED / name).read_text(), flags=re.MULTILINE
    ):
        found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_no_unit_depends_on_another_more_than_it_must(name):
    settings = settings_of(name)
    assert not {"Requires", "BindsTo", "Requisite"} & set(settings)
    assert settings["PartOf"] == ["powermeter.target"]
    assert settings["StartLimitIntervalSec"] == ["0"], "it must never be given up"
    assert settings["Restart"] == ["always"]


def test_the_rings_outlive_every_stop_of_one_sampler():
    settings = settings_of(SERVICES[0])
    assert settings["RuntimeDirectory"] == ["powermeter"]
    assert settings["RuntimeDirectoryPreserve"] == ["yes"]


def test_the_publisher_may_write_its_status_and_its_journal_and_no_ring():
    settings = settings_of(SERVICES[1])
    assert settings["ProtectSystem"] == ["strict"]
    assert settings["RuntimeDirectory"] == ["powermeter/status"]
    assert settings["RuntimeDirectoryPreserve"] == ["yes"]
    assert settings["StateDirectory"] == ["powermeter"]


@pytest.mark.parametrize("name", SERVICES)
def test_who_was_ready_is_restarted_at_once_and_who_was_not_after_a_while(
    tmp_path, name
):
    """The commands around a start as a shell runs them, in another directory."""
    (tmp_path / "powermeter" / "status").mkdir(parents=True)
    (tmp_path / "sleep").write_text(f'#!/bin/sh\necho "$1" >>{tmp_path}/slept\n')
    (tmp_path / "sleep").chmod(0o755)
    settings = settings_of(name)
    after_ready, after_end = (
        settings[key][0].replace("%t", str(tmp_path)).replace("%i", "rs485")
        for key in ("ExecStartPost", "ExecStopPost")
    )
    path = os.environ | {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    for command, slept in (
        (after_end, "10\n"),  # it was never ready
        (after_ready, "10\n"),
        (after_end, "10\n"),  # it was: no second sleep
        (after_end, "10\n10\n"),  # not this time: what it left is gone
    ):
        subprocess.run(shlex.split(command), env=path, check=True)
        assert (tmp_path / "slept").read_text() == slept


def test_the_units_and_the_configuration_mean_the_same_places():
    defaults = config.load(ROOT / "deploy" / "config.toml")
    assert defaults.ring.directory == "/run/powermeter"
    assert defaults.journal.path.startswith("/var/lib/powermeter/")
    assert settings_of(SERVICES[1])["LoadCredential"] == [
        "mqtt-password",
        "signing-key",
    ]


@pytest.mark.skipif(not shutil.which("systemd-sysusers"), reason="no systemd-sysusers")
def test_the_user_is_made_as_the_units_want_it(tmp_path):
    (tmp_path / "etc").mkdir()
    done = run(
        "systemd-sysusers", f"--root={tmp_path}", SHIPPED / "powermeter.sysusers.conf"
    )
    assert done.returncode == 0, done.stderr
    [user] = [
        line.split(":")
        for line in (tmp_path / "etc" / "passwd").read_text().splitlines()
        if line.startswith("powermeter:")
    ]
    assert user[5:] == ["/var/lib/powermeter", "/usr/sbin/nologin"]
    assert settings_of(SERVICES[0])["User"] == ["powermeter"]


@pytest.mark.skipif(
    not shutil.which("systemd-tmpfiles") or os.getuid() != 0,
    reason="no systemd-tmpfiles, or not root",
)
def test_the_directories_are_made_closed_to_others(tmp_path):
    text = (SHIPPED / "powermeter.tmpfiles.conf").read_text()
    own = tmp_path / "own.conf"  # of a user that this machine has
    own.write_text(
        re.sub(r"^(\w \S+ \d+) \w+ \w+", r"\1 0 0", text, flags=re.MULTILINE)
    )
    root = tmp_path / "root"
    (root / "etc" / "powermeter").mkdir(parents=True)
    (root / "etc" / "powermeter" / "config.toml").touch(0o644)
    done = run("systemd-tmpfiles", "--create", f"--root={root}", own)
    assert (done.returncode, done.stderr) == (0, "")
    for path, mode in (
        ("run/powermeter", 0o750),
        ("run/powermeter/status", 0o770),
        ("etc/powermeter", 0o750),
        ("etc/powermeter/config.toml", 0o640),
        ("etc/credstore", 0o700),
    ):
        assert stat.S_IMODE((root / path).stat().st_mode) == mode, path
