# SPDX-License-Identifier: Apache-2.0
"""What the journal says to SQLite; publisher/schema.py has the tables."""

from publisher.entry import COLUMNS

ALL = f"SELECT {COLUMNS} FROM transactions ORDER BY number"  # noqa: S608 - constants
ALL_OPEN = f"SELECT {COLUMNS} FROM transactions WHERE record IS NULL"  # noqa: S608 - constants

RECALL = """
    SELECT record, pagination, public_key FROM transactions JOIN keys USING (fingerprint)
    WHERE meter = ? AND transaction_id = ?
"""
"""Only what is finished has a key."""

BEGIN = """
    INSERT INTO transactions (meter, transaction_id, request, begin) VALUES (?, ?, ?, ?)
"""
ABANDON = """
    UPDATE transactions SET is_dangling = 1
    WHERE meter = ? AND transaction_id = ? AND record IS NULL
"""
FINISH = """
    UPDATE transactions
    SET ending = ?, finished_ns = ?, fingerprint = ?, pagination = ?, record = ?
    WHERE meter = ? AND transaction_id = ? AND record IS NULL
"""
DELIVER = """
    UPDATE transactions SET delivered_ns = coalesce(delivered_ns, ?)
    WHERE meter = ? AND transaction_id = ? AND record IS NOT NULL
"""
PRUNE = """
    DELETE FROM transactions WHERE delivered_ns IS NOT NULL
    AND finished_ns < ? AND ending ->> '$.reading.sync' = ?
"""

ADD_KEY = """
    INSERT INTO keys (fingerprint, public_key, next_pagination) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET next_pagination = excluded.next_pagination
    WHERE excluded.next_pagination > next_pagination
"""
COUNT_KEYS = "SELECT count(*) FROM keys"
COUNT = "UPDATE keys SET next_pagination = ? WHERE fingerprint = ?"
COUNTER = """
    SELECT next_pagination, public_key, coalesce(
        (SELECT max(pagination) FROM transactions WHERE fingerprint = keys.fingerprint), 0
    ) FROM keys WHERE fingerprint = ?
"""
"""The next number, the key itself, and the last number that one of its records has."""
