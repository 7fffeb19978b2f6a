# SPDX-License-Identifier: Apache-2.0
"""Every log event is explained, and deploy/LOG.md is what the code says."""

import pytest

from deploy import logbook

FRESH = "python -m deploy.logbook > deploy/LOG.md"


def test_the_document_is_what_the_code_says():
    written = (logbook.ROOT / "deploy" / "LOG.md").read_text()

    assert written == logbook.document(), FRESH


@pytest.mark.parametrize("package", logbook.LOGBOOKS)
def test_every_event_that_is_written_has_an_entry(package):
    book = logbook.LOGBOOKS[package]
    for use in logbook.uses(package):
        for name in use.names:
            known = [event for event in book if logbook.writes(use, event)]
            assert known, f"{use.where} writes {name}, which no entry explains"


@pytest.mark.parametrize("package", logbook.LOGBOOKS)
def test_every_entry_is_of_an_event_that_is_written(package):
    found = list(logbook.uses(package))
    for event in logbook.LOGBOOKS[package]:
        assert any(logbook.writes(use, event) for use in found), event


def test_every_entry_has_a_meaning_and_fits_into_a_table():
    for book in logbook.LOGBOOKS.values():
        for event, entry in book.items():
            assert entry.meaning, event
            assert "|" not in entry.meaning + entry.remedy, event
