# SPDX-License-Identifier: Apache-2.0
"""The documents name what is there, and their examples are true."""

import importlib
import re
from pathlib import Path

import msgspec
import pytest

from deploy.demo.codec import Kind, decode

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PUBLISHER = (ROOT / "publisher" / "README.md").read_text()
STEPS = re.findall(r"^(\w+/\w+)\.py +([A-Za-z_.]+)(?: |$)", README, re.MULTILINE)


def test_the_two_flows_are_told_step_by_step():
    assert len(STEPS) >= 16


@pytest.mark.parametrize(("module", "name"), sorted(set(STEPS)))
def test_every_step_of_a_flow_is_a_name_of_the_code(module, name):
    found = importlib.import_module(module.replace("/", "."))
    for part in name.split("."):
        found = getattr(found, part)


@pytest.mark.parametrize(
    "document", ["README.md", "CONTRIBUTING.md", "publisher/README.md", "ipc/README.md"]
)
def test_every_relative_link_leads_somewhere(document):
    path = ROOT / document
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_the_publishers_examples_are_messages_of_the_api():
    examples = re.findall(r"```json\n(.*?)```", PUBLISHER, re.DOTALL)
    values, start, *replies = (msgspec.json.decode(example) for example in examples)
    decode(Kind.POWERMETER_VALUES, msgspec.json.encode(values))
    decode(Kind.REQUEST_START, msgspec.json.encode(start["payload"]))
    for reply in replies:
        decode(Kind.REPLY_STOP, msgspec.json.encode(reply))
