# SPDX-License-Identifier: Apache-2.0
"""The key's file: closed to others, never overwritten, never half a key."""

import os
import resource
import stat
from pathlib import Path

import pytest

from ipc.config import SigningTable
from publisher import keys
from publisher.ecdsa import SigningKey
from publisher.errors import KeyFileError
from publisher.record import Curve

KEY = SigningKey.generate(Curve.SECP256R1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "signing.pem"


def written(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def descriptors() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


def test_a_key_that_was_created_is_read_again(path):
    keys.create(path, KEY)
    assert keys.read(path).public.der == KEY.public.der


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_new_file_is_its_owners_alone_whatever_the_umask(path, umask):
    before = os.umask(umask)
    try:
        keys.create(path, KEY)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"something"])
def test_a_file_that_is_there_stays_as_it_is(path, content):
    written(path, content)
    with pytest.raises(KeyFileError, match=f"{path}: exists and is not overwritten"):
        keys.create(path, KEY)
    assert path.read_bytes() == content


def test_a_link_is_not_followed(path, tmp_path):
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyFileError, match="exists and is not overwritten"):
        keys.create(path, KEY)
    assert not (tmp_path / "elsewhere").exists()


def test_a_directory_that_is_missing_is_named(tmp_path):
    path = tmp_path / "none" / "signing.pem"
    with pytest.raises(KeyFileError, match=f"{path}: cannot be made: No such file"):
        keys.create(path, KEY)


def test_a_disk_without_room_leaves_no_file(path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, before[1]))
    try:
        with pytest.raises(KeyFileError, match=f"{path}: cannot be written: "):
            keys.create(path, KEY)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601, 0o777])
def test_a_key_that_others_may_use_is_refused_with_the_remedy(path, mode):
    with pytest.raises(KeyFileError, match=f"mode {mode:04o} .*: chmod 600 {path}"):
        keys.read(written(path, KEY.pem(), mode))


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_that_is_closed_to_others_is_read(path, mode):
    assert keys.read(written(path, KEY.pem(), mode)).curve is Curve.SECP256R1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a private key"),
        (b"\xff\x00", "not a private key"),
        (KEY.pem()[:-40], "not a private key"),
        (b"x" * 100_000, "longer than"),
    ],
)
def test_what_is_no_key_is_refused_with_the_files_name(path, content, reason):
    with pytest.raises(KeyFileError, match=f"{path}: {reason}"):
        keys.read(written(path, content))


def test_the_key_is_in_no_message(path):
    secret = KEY.pem().splitlines()[1].decode()
    with pytest.raises(KeyFileError) as refused:
        keys.read(written(path, KEY.pem()[:-40]))
    assert secret not in str(refused.value)


def test_a_missing_file_is_named(path):
    with pytest.raises(KeyFileError, match=f"{path}: cannot be read: No such file"):
        keys.read(path)


def test_a_directory_is_refused(tmp_path):
    with pytest.raises(KeyFileError, match="not a regular file"):
        keys.read(tmp_path)


def test_a_pipe_that_nobody_fills_is_refused_instead_of_waited_for(path):
    os.mkfifo(path, 0o600)
    with pytest.raises(KeyFileError, match="not a regular file"):
        keys.read(path)


def test_reading_leaves_no_descriptor_open(path, tmp_path):
    written(path, KEY.pem())
    before = descriptors()
    keys.read(path)
    with pytest.raises(KeyFileError):
        keys.read(tmp_path)
    assert descriptors() == before


def test_the_configured_key_is_its_file_or_systemds_credential(path, tmp_path):
    keys.create(path, KEY)
    table = SigningTable(key_file=str(path))
    assert keys.configured(table, {}).public.der == KEY.public.der
    written(tmp_path / "signing-key", KEY.pem(), mode=0o440)  # an access list's mask
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    found = keys.configured(SigningTable(), environment)
    assert found.public.der == KEY.public.der


@pytest.mark.parametrize("mode", [0o440, 0o644])
def test_a_file_that_is_no_credential_is_its_owners_alone(path, mode):
    written(path, KEY.pem(), mode=mode)
    with pytest.raises(KeyFileError, match="lets others use the key"):
        keys.configured(SigningTable(key_file=str(path)), {})


def test_without_any_key_the_ways_to_one_are_told(tmp_path):
    with pytest.raises(KeyFileError, match=r"keygen FILE\).*credential signing-key"):
        keys.configured(SigningTable(), {})
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    with pytest.raises(KeyFileError, match="signing-key: cannot be read"):
        keys.configured(SigningTable(), environment)
