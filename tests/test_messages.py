# SPDX-License-Identifier: Apache-2.0
"""Every sentence that says what went wrong names its object, and what to do.

What is excepted stands here with its reason.
"""

import re

import pytest

from publisher.journalstate import JournalState
from tests.messages import REMEDY, Sentence, sentences, text_of

ALL = sentences()

REASON = r"error|reason|missing|type\(error|os\.strerror|_reason"

OBJECT = re.compile(
    rf"\{{(?!{REASON})|--[a-z]|`[a-z]|'[a-z]|\b[a-z]+\.[a-z_]+\b|^[A-Z]{{2}}\b"
)
"""A placeholder that is no mere reason, an option, a command, a package, a key of a
file, a field of OCMF."""

NAMED_BY_CALLER = {
    "RingInvalidError": "its reader's log line and page name the bus",
    "KeyMaterialError": "publisher/keys.py and verify.py put the file in front",
    "RecordError": "verify is given one record, and answers about that one",
    "UnmappableError": "the list of what was left out has each point's name in front",
    "the transaction is not so": "the log line and the answer name the transaction",
    "the line is never quiet": "the fault that it becomes names the port",
    "ProfileError": "sampler/tools/moddef.py puts the file in front",
    "_register_complaints": "_complaints puts the register in front",
    "_tell": "scan names its port in its first line",
}
"""Errors and functions whose sentences get their object put in front."""

NO_REMEDY = {
    "UnmappableError": "says why a point of a foreign document was left out",
    "OcmfError": "goes into the answer to EVerest: what it sent cannot be in a record",
    "RecordError": "a verdict on somebody's record, which nobody may change",
    "registers.{quantity.value}: ": "hands on what _register_complaints says",
    "RingMissingError": "weather: the reader waits for the file",
    "its capacity is": "the sampler makes a new ring and logs why",
    "its header and its slots": "the sampler makes a new ring and logs why",
    "the transaction is not so in the journal": "our mistake; nothing was written",
    "its record was written, and is not": "our mistake; the record stays on the meter",
    ": not written: ": "our mistake; SQLite refused a row",
    ": no text: ": "what EVerest sent is no text; the answer says so",
    "another file took its place": "caught at once: the journal's state says it",
    "the line is never quiet": "a fault of one read: counted, and told as such",
    "this C library has no": "logged; the sampler runs on without it",
    "ask holds() first": "a mistake in a simulated device",
    "Ctrl-C ends it": "no failure: what a scan is about to do",
    "stopped before the end": "no failure: whoever stopped it knows",
}
"""Errors, functions or parts of sentences, and why they do not say what to do."""


def own_words(sentence: Sentence) -> str:
    """Give what is left without placeholders: nothing, if another's is handed on."""
    said = re.sub(r"^powermeter-\w+: ", "", sentence.text)
    return re.sub(r"\{[^{}]*(\{[^{}]*\}[^{}]*)*\}|\W", "", said)


WRITTEN = [each for each in ALL if own_words(each)]
"""Without those that hand on what another one has said."""


def excepted(sentence: Sentence, exceptions: dict[str, str]) -> set[str]:
    """Give the exceptions that hold for a sentence."""
    return {each for each in exceptions if each == sentence.by or each in sentence.text}


def test_the_sentences_of_all_three_commands_are_collected():
    found = {each.file.partition("/")[0] for each in WRITTEN}
    assert found == {"ipc", "sampler", "publisher"}
    assert len(WRITTEN) > 150
    assert any("no such bus" in each.text for each in WRITTEN)


def test_each_names_its_object():
    nameless = [each for each in WRITTEN if not OBJECT.search(each.text)]
    found = [each for each in nameless if not excepted(each, NAMED_BY_CALLER)]
    assert not found, "\n".join(map(str, found))


def test_each_says_what_to_do():
    helpless = [each for each in WRITTEN if not REMEDY.search(each.text)]
    found = [each for each in helpless if not excepted(each, NO_REMEDY)]
    assert not found, "\n".join(map(str, found))


def test_each_is_one_line_without_a_full_stop():
    """As all of ours are: what it says may stand in a log line or in an answer."""
    errors = [each for each in WRITTEN if each.by != "_tell"]
    said = [each.text.rstrip("\n") for each in errors]
    assert [each for each in said if "\n" in each or each.endswith((".", "!"))] == []


@pytest.mark.parametrize("exception", NAMED_BY_CALLER)
def test_no_exception_for_what_names_its_object_outlives_it(exception):
    assert any(
        excepted(each, {exception: ""}) and not OBJECT.search(each.text)
        for each in WRITTEN
    )


@pytest.mark.parametrize("exception", NO_REMEDY)
def test_no_exception_for_what_says_no_remedy_outlives_it(exception):
    assert any(
        excepted(each, {exception: ""}) and not REMEDY.search(each.text)
        for each in WRITTEN
    )


@pytest.mark.parametrize("state", list(JournalState)[1:])
def test_a_journal_that_cannot_be_written_says_what_to_do(state):
    assert REMEDY.search(state)


@pytest.mark.parametrize(
    "said",
    [
        "port 0 cannot be",
        "{path}: cannot be read: {error.strerror}",
        "{path}: no such file",
        "useless: {path}",
        "the port is usually free",
    ],
)
def test_a_sentence_that_only_complains_would_be_noticed(said):
    assert not REMEDY.search(said)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("'a ' 'b'", "a b"),
        ("f'{a.b}: ' 'c'", "{a.b}: c"),
        ("f'{a!r}: {b:.3g}' + 'c'", "{a}: {b}c"),
        ("f'{a}' if b else c", "{f'{a}' if b else c}"),
    ],
)
def test_a_sentence_is_read_off_its_source(source, said):
    assert text_of(source) == said
