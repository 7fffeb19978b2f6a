# SPDX-License-Identifier: Apache-2.0
"""Messages that somebody may put on our topics: noise, JSON, nearly a request."""

import msgspec
from hypothesis import strategies as st

from tests.publisher.parts import BELOW, START, TOPICS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(("headers", "payload", "replyTo", "transaction_id"))
            | st.sampled_from(tuple(START))
            | st.text(max_size=4),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)
REPLY_TOS = (
    st.just(f"{BELOW}reply/1")
    | st.text().map(BELOW.__add__)
    | st.sampled_from(("#", f"{BELOW}#", TOPICS.powermeter_values, "$SYS/x", 7, None))
)
NEARLY = st.fixed_dictionaries(
    {name: st.just(value) | JSON for name, value in START.items()}
)
"""A start of which some fields are anything."""

ENVELOPES = JSON | st.fixed_dictionaries(
    {"payload": JSON | NEARLY},
    optional={
        "headers": JSON | st.fixed_dictionaries({"replyTo": REPLY_TOS | JSON}),
    },
)
MESSAGES = (
    st.binary(max_size=300)
    | ENVELOPES.map(msgspec.json.encode)
    | ENVELOPES.map(msgspec.json.encode).flatmap(
        lambda whole: st.integers(0, len(whole)).map(lambda end: whole[:end])
    )
)
