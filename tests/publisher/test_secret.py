# SPDX-License-Identifier: Apache-2.0
"""A secret from a file: closed to others, one line, and never in a message."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.config import MqttTable
from publisher import secret
from publisher.errors import SecretError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mqtt-password"


def written(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("content", [b"hunter2", b"hunter2\n", b"hunter2\r\n"])
def test_a_secret_is_its_line_without_the_end(path, content):
    assert secret.read(written(path, content)) == "hunter2"


def test_blanks_and_other_scripts_belong_to_the_secret(path):
    assert secret.read(written(path, " pÄss wörd \n".encode())) == " pÄss wörd "


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601, 0o777])
def test_a_file_that_others_may_use_is_refused_with_the_remedy(path, mode):
    with pytest.raises(SecretError, match=f"chmod 600 {path}"):
        secret.refuse_open(written(path, b"hunter2", mode))


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_that_is_closed_to_others_is_read(path, mode):
    secret.refuse_open(written(path, b"hunter2", mode))
    assert secret.read(path) == "hunter2"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "one line"),
        (b"\n", "one line"),
        (b"hunter2\nhunter3\n", "one line"),
        (b"hunter2\xff", "not UTF-8"),
        (b"h" * (secret.LONGEST + 1), "longer than"),
    ],
)
def test_what_is_no_secret_is_refused_without_being_shown(path, content, reason):
    with pytest.raises(SecretError, match=reason) as refused:
        secret.read(written(path, content))
    assert str(path) in str(refused.value)
    assert "hunter" not in str(refused.value)
    assert "hhh" not in str(refused.value)


def test_a_missing_file_is_named(path):
    with pytest.raises(SecretError, match=f"{path}: cannot be read: No such file"):
        secret.read(path)


def test_a_directory_is_refused(tmp_path):
    with pytest.raises(SecretError, match="not a regular file"):
        secret.read(tmp_path)


def test_a_pipe_that_nobody_fills_is_refused_instead_of_waited_for(path):
    os.mkfifo(path, 0o600)
    with pytest.raises(SecretError, match="not a regular file"):
        secret.read(path)


def test_an_endless_device_is_refused():
    with pytest.raises(SecretError, match="not a regular file"):
        secret.read(Path("/dev/zero"))


@given(content=st.binary(max_size=200))
def test_any_content_is_a_secret_or_refused(content, tmp_path_factory):
    path = written(tmp_path_factory.mktemp("secret") / "file", content)
    try:
        found = secret.read(path)
    except SecretError as refused:
        assert str(path) in str(refused)  # noqa: PT017 - what is raised may be absent
    else:
        assert found
        assert content.decode().rstrip("\r\n") == found


def test_a_systemd_credential_is_the_password_if_no_file_is_named(tmp_path):
    written(tmp_path / "mqtt-password", b"hunter2", 0o440)  # as systemd stores it
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert secret.password(MqttTable(username="u"), environment) == "hunter2"
    assert secret.password(MqttTable(), environment) is None
    assert secret.password(MqttTable(username="u"), {}) is None


def test_a_file_that_is_named_comes_before_the_credential(tmp_path):
    written(tmp_path / "mqtt-password", b"hunter2")
    named = written(tmp_path / "named", b"hunter3")
    table = MqttTable(username="u", password_file=str(named))
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert secret.password(table, environment) == "hunter3"
    named.chmod(0o644)
    with pytest.raises(SecretError, match="chmod 600"):
        secret.password(table, environment)


def test_other_credentials_are_not_ours(tmp_path):
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert secret.password(MqttTable(username="u"), environment) is None
