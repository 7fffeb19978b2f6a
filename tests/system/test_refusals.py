# SPDX-License-Identifier: Apache-2.0
"""The three commands, asked for what cannot be, in every usual way.

Each ends by itself and says in one line what happened, where, and what to do.
"""

import contextlib
import ctypes
import fcntl
import os
import pty
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest

from tests.messages import REMEDY, ROOT
from tests.system.mistakes import write

pytestmark = [pytest.mark.slow, pytest.mark.system]

MODULES = {"sampler": "sampler", "publisher": "publisher", "watch": "ipc"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Give a directory with a file for each mistake, and a port somebody holds."""
    directory = tmp_path_factory.mktemp("refusals")
    ours, theirs = pty.openpty()
    fcntl.flock(theirs, fcntl.LOCK_EX)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        names = {
            "directory": directory,
            "busy": os.ttyname(theirs),
            "taken": taken.getsockname()[1],
        }
        write(directory, names)
        yield names
    os.close(ours)
    os.close(theirs)


def ended(command: str, place: dict[str, object], **how: object) -> tuple[int, str]:
    """Run a command line to its end; give its status and what it wrote to stderr."""
    name, *words = shlex.split(command.format_map(place))
    result = subprocess.run(
        [sys.executable, "-m", MODULES[name], *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        **how,
    )
    return result.returncode, result.stderr


def obey_modes() -> None:
    """Give up what lets root read any file, for the program that is run next."""
    drop_from_bounding_set, dac_override, dac_read_search = 24, 1, 2  # linux/prctl.h
    for capability in (dac_override, dac_read_search):
        ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)


def is_one_message(said: str, command: str) -> str:
    """Give what is said behind the command's name, in one line and with a remedy."""
    [line] = said.splitlines()
    prefix = f"powermeter-{command.split(maxsplit=1)[0]}: "
    assert line.startswith(prefix)
    assert REMEDY.search(line)
    return line.removeprefix(prefix)


OF_ANY = {
    "none": "{directory}/none.toml: no such file",
    "directory": "{directory}: cannot be read: Is a directory",
    "typo": "{directory}/typo.toml: not valid TOML",
    "noise": "{directory}/noise.toml: not valid TOML",
    "empty": "{directory}/empty.toml: bus: this key is missing",
    "unknown-key": "{directory}/unknown-key.toml: mqtt.hots: unknown key; did you mean",
}
"""What each command says of a configuration, whichever it was asked for."""


@pytest.mark.parametrize("command", ["sampler run", "publisher check", "watch"])
@pytest.mark.parametrize("file", OF_ANY)
def test_a_configuration_that_cannot_be_used(file, command, place):
    path = "{directory}" if file == "directory" else f"{{directory}}/{file}.toml"
    status, said = ended(f"{command} {path}", place)
    assert status == 2
    assert is_one_message(said, command).startswith(OF_ANY[file].format_map(place))


@pytest.mark.parametrize(
    "command",
    [
        "sampler check {directory}/shut",
        "publisher run {directory}/shut",
        "watch {directory}/shut",
        "publisher run {directory}/shut-password.toml",
        "publisher check {directory}/shut-key.toml",
        "publisher adopt-key {directory}/shut-key.toml",
    ],
)
def test_a_file_that_this_user_may_not_read(command, place):
    status, said = ended(command, place, preexec_fn=obey_modes)
    assert status == 2
    shut = place["directory"] / "shut"
    assert is_one_message(said, command).startswith(f"{shut}: cannot be read: Permis")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("sampler run {directory}/good.toml --bus b", "--bus b: no such bus: choose"),
        ("sampler run {directory}/two-buses.toml", "one process reads one bus: choose"),
        ("sampler run {directory}/no-model.toml", "unknown model 'eastron': choose"),
        ("sampler run {directory}/no-signer.toml", "meter 'charger-1': signing = 'me"),
        ("sampler run {directory}/no-profile.toml", "{directory}/none.toml: no such"),
        ("sampler run {directory}/bad-profile.toml", "{directory}/empty.toml: meter: "),
        ("sampler run {directory}/too-fast.toml", "bus 'rs485': rate_hz = 50"),
        (
            "sampler run {directory}/no-tty.toml",
            "{directory}/empty.toml cannot be used",
        ),
        ("sampler run {directory}/busy-port.toml", "{busy} is in use by another"),
        ("sampler run {directory}/no-ring.toml", "/nowhere: no segment can be made"),
        ("sampler read acme --port /dev/none --unit-id 1", "unknown model 'acme'"),
        ("sampler read ./none.toml --port /dev/none --unit-id 1", "none.toml: no such"),
        (
            "sampler read eastron_sdm630 --port {busy} --unit-id 1",
            "{busy} is in use by",
        ),
        (
            "sampler read eastron_sdm630 --port {directory}/empty.toml --unit-id 1",
            "{directory}/empty.toml is no serial port",
        ),
        ("sampler simulate acme", "unknown model 'acme': choose"),
        ("sampler simulate ./none.toml", "none.toml: no such file"),
        ("sampler simulate {directory}/typo.toml", "{directory}/typo.toml: not valid"),
        ("sampler simulate {directory}/good.toml", "{directory}/good.toml: cannot be"),
        ("sampler simulate eastron_sdm630 --load-kw 99", "--load-kw 99.0: must be"),
        (
            "sampler simulate eastron_sdm630 --link /nowhere/m",
            "/nowhere/m: cannot make",
        ),
        ("sampler import-moddef {directory}/none", "{directory}/none: No such file"),
        ("sampler import-moddef {directory}", "{directory}: Is a directory"),
        (
            "sampler import-moddef {directory}/typo.toml",
            "{directory}/typo.toml: not va",
        ),
        (
            "sampler import-moddef {directory}/moddef.toml",
            "{directory}/moddef.toml: not",
        ),
        ("publisher run {directory}/password.toml", "{directory}/open: mode 0644 lets"),
        (
            "publisher run {directory}/no-password.toml",
            "{directory}/none: cannot be rea",
        ),
        ("publisher run {directory}/no-ca.toml", "{directory}/none: no CA certificate"),
        (
            "publisher check {directory}/wrong-ca.toml",
            "{directory}/open: no CA certific",
        ),
        (
            "publisher check {directory}/open-key.toml",
            "{directory}/open: mode 0644 lets",
        ),
        ("publisher check {directory}/no-key.toml", "{directory}/none: cannot be read"),
        (
            "publisher adopt-key {directory}/signed.toml",
            "no key to sign with: make one",
        ),
        (
            "publisher adopt-key {directory}/open-key.toml",
            "{directory}/open: mode 0644",
        ),
        (
            "publisher keygen {directory}/open",
            "{directory}/open: exists and is not over",
        ),
        ("publisher keygen /nowhere/key", "/nowhere/key: cannot be made: No such file"),
        ("publisher verify x --public-key y", "y: neither a public key nor a file"),
        (
            "publisher transactions list {directory}/good.toml",
            "{directory}/journal.db: ",
        ),
        (
            "publisher transactions list {directory}/typo.toml",
            "{directory}/typo.toml: ",
        ),
        ("watch {directory}/good.toml --metrics {taken}", "--textfile: "),
        (
            "watch {directory}/good.toml --once --textfile /nowhere/a.prom",
            "--textfile: ",
        ),
    ],
)
def test_what_cannot_be_is_said_in_one_line_with_its_remedy(command, told, place):
    status, said = ended(command, place)
    assert status in (1, 2)
    assert told.format_map(place) in is_one_message(said, command)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("sampler read eastron_sdm630 --port /dev/none --unit-id 1", "/dev/none"),
        (
            "sampler scan /dev/none --units 1",
            "/dev/none failed: /dev/none is not there",
        ),
    ],
)
def test_a_tool_at_the_cabinet_says_what_to_check(command, told, place):
    status, said = ended(command, place)
    assert status == 1
    assert told in said
    assert REMEDY.search(said)
    assert "Traceback" not in said


@contextlib.contextmanager
def at_work(command: str, place: dict[str, object], words: str) -> Iterator[str]:
    """Have a command run for as long as the block lasts; give its line with words."""
    name, *arguments = shlex.split(command.format_map(place))
    with subprocess.Popen(
        [sys.executable, "-m", MODULES[name], *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            lines = iter(process.stderr.readline, "")
            yield next(each for each in lines if words in each)
        finally:
            process.terminate()


def test_a_second_sampler_of_a_bus_names_the_ring_that_the_first_one_holds(place):
    command = "sampler run {directory}/good.toml"
    with at_work(command, place, "sampler_started"):
        status, said = ended(command, place)
    assert status == 2
    told = is_one_message(said, command)
    assert told.startswith(f"{place['directory']}/rs485.ring: another writer owns it")


def test_without_a_broker_it_goes_on_and_its_log_says_what_to_do(place):
    command = "publisher run {directory}/good.toml"
    with at_work(command, place, "broker_unreachable") as line:
        told = msgspec.json.decode(line)
    assert told["broker"] == "127.0.0.1:1"
    assert REMEDY.search(told["remedy"])


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("sampler", "the following arguments are required: command"),
        ("sampler dance", "invalid choice: 'dance'"),
        ("sampler run", "the following arguments are required: config"),
        (
            "sampler read eastron_sdm630 --port p --unit-id 0",
            "argument --unit-id: '0': ",
        ),
        ("sampler scan p --units 9-1", "argument --units: '9-1': must count up"),
        ("sampler simulate eastron_sdm630 --pad-byte XY", "argument --pad-byte: "),
        ("publisher", "the following arguments are required: command"),
        ("publisher check x --life", "unrecognized arguments: --life"),
        (
            "publisher adopt-key x --first-pagination 0",
            "argument --first-pagination: '0'",
        ),
        (
            "publisher adopt-key x --first-pagination x",
            "argument --first-pagination: 'x'",
        ),
        ("publisher keygen x --curve secp521r1", "invalid choice: 'secp521r1'"),
        ("watch", "the following arguments are required: config"),
        ("watch x --json", "--json needs --once: add it"),
        ("watch x --metrics http", "argument --metrics: 'http': the port must be"),
        ("watch x --refresh 0", "argument --refresh: '0': must be 0.1 to 3600"),
    ],
)
def test_a_command_line_that_makes_no_sense_gets_usage_and_reason(command, told, place):
    status, said = ended(command, place)
    usage, *_, reason = said.splitlines()
    assert status == 2
    assert usage.startswith(f"usage: powermeter-{command.split(maxsplit=1)[0]}")
    assert ": error: " in reason
    assert told in reason
    assert "invalid _" not in reason  # a name of ours that argparse has shown
