# SPDX-License-Identifier: Apache-2.0
"""Who signs transactions, as the rest of the publisher sees them: maybe nobody."""

from collections.abc import Callable, Mapping

import msgspec

from publisher.channels import Channels
from publisher.handover import Clerk
from publisher.status import Books


class Signers(msgspec.Struct, frozen=True, kw_only=True):
    """All that is only there if somebody signs; publisher/assembly.py makes it.

    channels  to the meters that sign by themselves; None: there are none
    keys      gives the public keys that are known now, by the meter's name
    books     looks into the journal
    """

    clerk: Clerk | None = None
    channels: Channels | None = None
    keys: Callable[[], Mapping[str, str]] = dict
    books: Books | None = None
