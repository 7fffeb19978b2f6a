# SPDX-License-Identifier: Apache-2.0
"""A bureau a test."""

import pytest

from tests.publisher.signing.bureau import Bureau


@pytest.fixture
def bureau(tmp_path):
    bureau = Bureau(tmp_path / "journal.db")
    yield bureau
    bureau.journal.close()
