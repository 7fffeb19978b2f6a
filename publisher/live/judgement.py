# SPDX-License-Identifier: Apache-2.0
"""What follows from a conversation with broker and EVerest: findings with remedies."""

from collections.abc import Iterator, Sequence

from ipc.config import MqttProtocol, MqttTable
from publisher.live.finding import Finding, failed, ok, unknown, warning
from publisher.live.heard import Heard

RULES = "deploy/mosquitto has rules that suffice"


def judge(heard: Heard, mqtt: MqttTable, module_ids: Sequence[str]) -> list[Finding]:
    """Say how the broker, its rules and EVerest are."""
    if not heard.connected:
        return [_out_of_reach(heard), *_unseen()]
    found = [ok("broker", f"accepts us, MQTT {mqtt.protocol.value}")]
    found.append(_may_read(heard))
    found.append(_may_write(heard, mqtt))
    found.append(_modules(heard, module_ids))
    found += _heartbeats(heard, module_ids)
    found.append(_check_period(heard))
    return found


def _out_of_reach(heard: Heard) -> Finding:
    event = heard.first("broker_unreachable")
    if event is None:
        return failed("broker", "has not answered", "is it running? check [mqtt]")
    return failed("broker", f"{event['broker']} {event['detail']}", event["remedy"])


def _unseen() -> Iterator[Finding]:
    for subject in ("read access", "write access", "EVerest", "heartbeat"):
        yield unknown(subject, "without the broker it cannot be known")


def _may_read(heard: Heard) -> Finding:
    if event := heard.first("subscribe_refused"):
        return failed(
            "read access",
            f"the broker refuses {event['topic']}: {event['detail']}",
            f"let this user read e2m/# of its modules; {RULES}",
        )
    return ok("read access", "every subscription was accepted")


def _may_write(heard: Heard, mqtt: MqttTable) -> Finding:
    if event := heard.first("publish_refused"):
        return failed(
            "write access",
            f"the broker refuses what we publish: {event['detail']}",
            f"let this user write m2e/# of its modules and discover; {RULES}",
        )
    if mqtt.protocol is MqttProtocol.V311:
        return warning(
            "write access",
            "cannot be known: with MQTT 3.1.1 a broker accepts what it throws away",
            'use mqtt.protocol = "5"',
        )
    return ok("write access", "the broker takes what we publish")


def _modules(heard: Heard, module_ids: Sequence[str]) -> Finding:
    if event := heard.first("module_unknown"):
        missing, known = ", ".join(event["module_id"]), ", ".join(event["known"])
        return failed(
            "EVerest",
            f"has no powermeter_API {missing}; it has {known}",
            event["remedy"],
        )
    if heard.first("everest_discovered"):
        return ok("EVerest", f"has {', '.join(module_ids)}")
    return failed(
        "EVerest",
        "nobody has answered everest_api/discover",
        "start EVerest on this broker; let this user write everest_api/discover and"
        " let EVerest write e2m/# of its modules",
    )


def _heartbeats(heard: Heard, module_ids: Sequence[str]) -> Iterator[Finding]:
    for module_id in module_ids:
        subject = f"heartbeat {module_id}"
        if module_id in heard.beats:
            yield ok(subject, "the module is alive")
        else:
            yield failed(
                subject,
                "none was heard",
                "is EVerest running, on this broker, with this module_id?",
            )


def _check_period(heard: Heard) -> Finding:
    subject, period_s = "check period", heard.check_period_s
    if heard.first("check_period_adapted"):
        return ok(subject, f"shortened to {period_s:g} s, as EVerest's module wants it")
    return ok(subject, f"{period_s:g} s")
