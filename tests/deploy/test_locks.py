# SPDX-License-Identifier: Apache-2.0
"""The locks agree with each other and with pyproject.toml, and name no host."""

import re
import tomllib

import pytest

from deploy.demo.parts import ROOT

EXTRAS = ("demo", "test", "check")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BUILD = ("hatchling", "editables")


def text_of(extra):
    return (ROOT / "deploy" / "lock" / f"{extra}.txt").read_text()


def locked(extra):
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text_of(extra), re.MULTILINE))


def wanted(extra):
    """Give the names an extra asks for, without our own."""
    extras = PROJECT["optional-dependencies"]
    own = extras["demo"] + extras["test"] if extra != "demo" else []
    asked = [*PROJECT["dependencies"], *extras[extra], *own, *BUILD]
    names = {re.split(r"[\[<>=~! ]", requirement)[0] for requirement in asked}
    return names - {PROJECT["name"]}


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_lock_holds_all_that_its_extra_asks_for(extra):
    assert wanted(extra) <= locked(extra).keys()


def test_each_lock_is_a_part_of_the_next_so_that_one_environment_holds_all():
    assert locked("demo").items() <= locked("test").items()
    assert locked("test").items() <= locked("check").items()


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_lock_names_hashes_and_no_host_and_no_place(extra):
    text = text_of(extra)
    pieces = re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)[1:]
    assert len(pieces) == len(locked(extra))
    assert all("--hash=sha256:" in piece for piece in pieces)
    assert not re.search(r"://|file:|--index|--find-links|@ |(^|\s)/", text)
