# SPDX-License-Identifier: Apache-2.0
"""deploy/README.md names what is there, and its numbers agree with the configuration."""

import re

import pytest

from deploy.demo.parts import ROOT
from ipc import config

README = (ROOT / "deploy" / "README.md").read_text()


def test_every_relative_link_leads_somewhere():
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert targets
    for target in targets:
        assert (ROOT / "deploy" / target).exists(), target


def test_every_shipped_file_that_is_to_be_installed_is_there():
    installed = [line for line in README.splitlines() if "install " in line]
    names = set(re.findall(r"\bdeploy/[\w./@*-]+", "\n".join(installed)))
    assert len(names) >= 10
    for name in names:
        assert list(ROOT.glob(name)), name


@pytest.mark.parametrize("folder", ["systemd", "supervisord", "mosquitto"])
def test_every_shipped_file_is_told_of(folder):
    for path in (ROOT / "deploy" / folder).iterdir():
        if path.name.startswith("__"):
            continue
        is_told = path.name in README
        by_glob = path.suffix in {".acl", ".service"}  # installed with a star
        assert is_told or by_glob, path.name


def test_the_reply_timeout_suits_the_defaults_and_everests_own_limit():
    defaults = config.load(ROOT / "deploy" / "config.toml")
    [told] = re.findall(r"cfg_request_reply_to_s: (\d+)", README)
    ours_s = defaults.signing.reply_s + defaults.mqtt.session_expiry_s
    assert ours_s < int(told) < 300


def test_two_statements_of_health_fit_into_everests_patience():
    defaults = config.load(ROOT / "deploy" / "config.toml")
    [told] = re.findall(r"cfg_communication_check_to_s: (\d+)", README)
    assert 2 * defaults.publish.check_period_s < int(told)
