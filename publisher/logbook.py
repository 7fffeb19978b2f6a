# SPDX-License-Identifier: Apache-2.0
"""The publisher's log events, explained; deploy/LOG.md is made from this and the code."""

from collections.abc import Mapping
from typing import Final

from ipc.logbook import STATUS_UNWRITABLE, Entry

_PROCESS: Final[Mapping[str, Entry]] = {
    "publisher_started": Entry("it is about to connect"),
    "publisher_stopped": Entry("it was asked to end, and has"),
    "values_published": Entry("the line a minute: samples, values by meter, requests"),
    **STATUS_UNWRITABLE,
}

_BROKER: Final[Mapping[str, Entry]] = {
    "broker_connected": Entry("the broker has accepted us"),
    "broker_unreachable": Entry(
        "the broker cannot be reached or refuses us", "`remedy` says what to check"
    ),
    "broker_lost": Entry("the connection has ended; it reconnects after 0.5 to 30 s"),
    "publish_refused": Entry(
        "the broker's rules keep us from publishing", "see deploy/mosquitto"
    ),
    "subscribe_refused": Entry(
        "the broker's rules keep us from hearing EVerest", "see deploy/mosquitto"
    ),
}

_EVEREST: Final[Mapping[str, Entry]] = {
    "everest_found": Entry(
        "a module of ours was heard for the first time", level="info"
    ),
    "everest_restarted": Entry("a module's heartbeat began anew", level="info"),
    "everest_back": Entry("a module is heard again", level="info"),
    "everest_lost": Entry(
        "a module's heartbeat is missing",
        "is EVerest running, on this broker?",
        level="warning",
    ),
    "everest_discovered": Entry("the powermeter modules that EVerest has"),
    "module_unknown": Entry(
        "EVerest has no module of a `module_id` of ours; `known` are those it has",
        "correct `module_id`, or EVerest's configuration",
    ),
    "discovery_unanswered": Entry(
        "nobody tells which modules there are: EVerest is not up, or the broker's rules"
        " are in the way"
    ),
    "check_period_adapted": Entry("EVerest wants the check more often, or no longer"),
    "message_ignored": Entry(
        "something arrived that EVerest does not send on this topic",
        "find out who publishes it",
    ),
}

_REQUESTS: Final[Mapping[str, Entry]] = {
    "request_taken": Entry("a start or a stop was taken up; its answer follows"),
    "request_answered": Entry("a start or a stop was answered at once"),
    "request_refused": Entry("a request cannot be carried out; `detail` says why"),
    "request_ignored": Entry(
        "a retained message stood on a request's topic", "clear it on the broker"
    ),
    "reply_sent": Entry(
        "a start or a stop that was taken up is answered; an error where the answer"
        " could not be handed over",
        level="info, error",
    ),
}

_VALUES: Final[Mapping[str, Entry]] = {
    "health_awaited": Entry("a meter's chain is not good yet; EVerest hears silence"),
    "health_good": Entry("a meter's chain is good; EVerest is told so"),
    "health_lost": Entry(
        "a meter's chain has failed; EVerest hears silence and raises its fault",
        "`reason` names the link: the sampler's log, the journal, the key",
    ),
    "values_incomplete": Entry(
        "a window lacks what EVerest requires", "the profile needs energy_import_mwh"
    ),
    "ring_refused": Entry(
        "a bus's segment is of another release or damaged",
        "run sampler and publisher of one release",
    ),
    "samples_lapped": Entry("the publisher stood still for longer than the ring holds"),
    "sample_unassigned": Entry(
        "a sample is of a meter that is not configured",
        "run both processes with one configuration",
    ),
}

_TRANSACTIONS: Final[Mapping[str, Entry]] = {
    "transaction_begun": Entry("a transaction is open, and on disk"),
    "transaction_ended": Entry("its record is signed, and on disk"),
    "transaction_abandoned": Entry(
        "EVerest wants no record; it will be ended all the same"
    ),
    "transaction_unbegun": Entry("a begin was journaled, but the meter never began"),
    "transaction_lost": Entry(
        "the meter has no record of a transaction that was open",
        "keep the journal and the meter's display for the dispute",
    ),
    "transaction_orphaned": Entry(
        "the journal holds an open transaction of a meter that does not sign now",
        "set the meter's `signing` back until it has ended",
    ),
    "transaction_reread": Entry("after a failure the journal's word was taken"),
    "record_found": Entry("a record that nobody had read was taken off a meter"),
    "record_unverified": Entry(
        "a meter's record does not verify against its own key; it was handed over as"
        " it is",
        "do not bill it; have the meter looked at",
    ),
    "clock_not_set": Entry("a meter that signs does not take the time", "see `detail`"),
    "meter_troubled": Entry(
        "a meter that signs does not do what it was asked; it is asked again",
        "`detail`: the meter, its wire, its sampler",
        level="warning",
    ),
    "meter_untroubled": Entry("it does again", level="info"),
    "meter_faulty": Entry(
        "a meter that signs says that something is wrong with it; EVerest hears silence",
        "`detail` is in its maker's words",
        level="warning",
    ),
    "meter_faultless": Entry("it says so no more", level="info"),
    "meter_unable": Entry(
        "a meter that was to sign cannot; requests are answered NOT_SUPPORTED",
        "correct its `model` or its `signing`",
        level="warning",
    ),
    "meter_able": Entry("it can, now", level="info"),
    "event_ignored": Entry("a fault of ours that did no harm", "report it"),
}

_JOURNAL: Final[Mapping[str, Entry]] = {
    "journal_good": Entry("transactions can be written"),
    "journal_unreadable": Entry(
        "nobody knows what is open: no transaction begins", "`detail` says what to do"
    ),
    "journal_unwritable": Entry("no transaction begins", "`detail` says what to do"),
    "journal_refused": Entry("one write was not done", "`detail` says what to do"),
    "key_adopted": Entry("a signing key was used for the first time"),
    "key_unusable": Entry(
        "nothing can be signed; values are published all the same",
        "`detail` says what to do",
    ),
    "delivery_unwritten": Entry(
        "a record arrived, but that is not on disk; it is kept"
    ),
    "records_removed": Entry("delivered records older than `keep_days` were removed"),
    "records_kept": Entry("old records could not be removed", "`detail` says why"),
}

LOGBOOK: Final[Mapping[str, Entry]] = {
    **_PROCESS,
    **_BROKER,
    **_EVEREST,
    **_REQUESTS,
    **_VALUES,
    **_TRANSACTIONS,
    **_JOURNAL,
}
