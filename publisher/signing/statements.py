# SPDX-License-Identifier: Apache-2.0
"""What the ledger says to SQLite; publisher/schema.py has the table."""

from publisher.signing.entry import COLUMNS

ALL = f"SELECT {COLUMNS} FROM meter_transactions ORDER BY number"  # noqa: S608 - constants
ALL_OPEN = f"SELECT {COLUMNS} FROM meter_transactions WHERE ended_ns IS NULL"  # noqa: S608 - constants
BY_ID = f"""
    SELECT {COLUMNS} FROM meter_transactions
    WHERE meter = ? AND transaction_id = ? AND ended_ns IS NOT NULL
"""  # noqa: S608 - constants
BY_DIGEST = f"""
    SELECT {COLUMNS} FROM meter_transactions WHERE meter = ? AND digest = ?
"""  # noqa: S608 - constants
UNCONFIRMED = """
    SELECT count(*) FROM meter_transactions
    WHERE meter = ? AND record IS NOT NULL AND confirmed_ns IS NULL
"""

INTEND = """
    INSERT INTO meter_transactions (meter, transaction_id, request, signer, intended_ns)
    VALUES (?, ?, ?, ?, ?)
"""
BEGIN = """
    UPDATE meter_transactions SET begun_ns = coalesce(begun_ns, ?), start_record = ?
    WHERE meter = ? AND transaction_id = ? AND ended_ns IS NULL
"""
ABANDON = """
    UPDATE meter_transactions SET is_dangling = 1
    WHERE meter = ? AND transaction_id = ? AND ended_ns IS NULL
"""
KEEP = """
    UPDATE meter_transactions
    SET ended_ns = ?, sync = ?, start_record = ?, record = ?, digest = ?,
        complaint = ?, failure = NULL
    WHERE meter = ? AND transaction_id = ? AND record IS NULL
"""
KEEP_FOUND = """
    INSERT INTO meter_transactions (
        ended_ns, sync, start_record, record, digest, complaint,
        meter, transaction_id, signer
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
IS_TAKEN = """
    SELECT count(*) FROM meter_transactions WHERE meter = ? AND transaction_id = ?
"""
FORGET = """
    DELETE FROM meter_transactions
    WHERE meter = ? AND transaction_id = ? AND ended_ns IS NULL AND begun_ns IS NULL
"""
LOSE = """
    UPDATE meter_transactions SET ended_ns = ?, sync = ?, failure = ?
    WHERE meter = ? AND transaction_id = ? AND ended_ns IS NULL
"""
CONFIRM = """
    UPDATE meter_transactions SET confirmed_ns = ?
    WHERE meter = ? AND record IS NOT NULL AND confirmed_ns IS NULL
    AND signer ->> '$.serial' = ? AND signer ->> '$.public_key' = ?
"""
DELIVER = """
    UPDATE meter_transactions SET delivered_ns = coalesce(delivered_ns, ?)
    WHERE meter = ? AND transaction_id = ? AND record IS NOT NULL
"""
PRUNE = """
    DELETE FROM meter_transactions
    WHERE (failure IS NOT NULL OR (delivered_ns IS NOT NULL AND confirmed_ns IS NOT NULL))
    AND ended_ns < ? AND sync = ?
    AND number NOT IN (
        SELECT max(number) FROM meter_transactions
        WHERE record IS NOT NULL GROUP BY meter
    )
"""
