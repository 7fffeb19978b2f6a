# SPDX-License-Identifier: Apache-2.0
"""Whether the journal can be written, and if not, why and what to do."""

import enum


class JournalState(enum.StrEnum):
    """Its value is the sentence that follows the journal's path."""

    GOOD = "good"
    FULL = "the disk is full: make room"
    READ_ONLY = "it cannot be written: make the file and its directory writable"
    CORRUPT = "it is damaged: keep the file, and restore it from a copy"
    FOREIGN = "it is no journal of ours, or a newer one: correct journal.path"
    MISSING = "the file was removed or replaced: restart"
    FAILING = "the disk fails: see the kernel's log"
