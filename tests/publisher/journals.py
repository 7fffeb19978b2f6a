# SPDX-License-Identifier: Apache-2.0
"""A journal's life in few words, for the tests of it."""

from publisher.journal import read_only
from tests.publisher.stories import KEY, begun, ended


def text(pagination):
    return f'OCMF|{{"PG":"T{pagination}"}}|{{"SD":"30"}}'


def begin(journal, name="t-1", meter="m"):
    journal.begin(meter, begun(name), fingerprint=KEY)


def finish(journal, name="t-1", meter="m", sign=text, **fields):
    return journal.finish(meter, name, ended(**fields), fingerprint=KEY, sign=sign)


def run_through(journal, name="t-1", **fields):
    begin(journal, name)
    return finish(journal, name, **fields)


def entries(path):
    with read_only(path) as look:
        return list(look())
