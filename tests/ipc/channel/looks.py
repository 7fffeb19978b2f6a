# SPDX-License-Identifier: Apache-2.0
"""What the tests of the channel look at: descriptors, failures, who was accepted."""

import select

from ipc.commands import Failed

TIMEOUT_S = 5.0


def is_readable(thing):
    return bool(select.select([thing], [], [], 0)[0])


def failure(answer):
    assert isinstance(answer.outcome, Failed)
    return answer.outcome.kind


def accept(server):
    """Let the server accept who knocks; it takes packets with its next look."""
    assert server.take() == []
