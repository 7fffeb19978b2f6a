# SPDX-License-Identifier: Apache-2.0
"""A full powermeter_values to bytes and a request from bytes, beside other codecs."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pydantic

from ipc.sample import QUANTITIES
from publisher import messages, requests
from publisher.compose import powermeter
from publisher.messages import StartTransactionRequest
from publisher.topics import Topics
from publisher.values import Powermeter
from publisher.window import alone
from tests.bench.contest import Effort, Round, contest
from tests.bench.record import OURS, Series
from tests.bench.transports import FULL
from tests.fakes import sample_of

SECTION = "codec"
CALLS = 200
TOPICS = Topics(base="everest_api/1/powermeter", module_id="pm_1")


def run(effort: Effort, _: Path) -> Iterator[Series]:
    """Measure it."""
    yield from contest(SECTION, "encode powermeter_values", _encoders(), effort)
    yield from contest(SECTION, "decode a start request", _decoders(), effort)


def _encoders() -> dict[str, Round]:
    message = powermeter(alone(sample_of(**FULL)), meter_id="charger-1")
    assert message is not None
    assert len(FULL) == len(QUANTITIES)
    document = msgspec.json.decode(messages.encode(message))
    model = _model("Powermeter", Powermeter, document).model_validate(document)
    return {
        OURS: _timed(lambda: messages.encode(message)),
        "json": _timed(lambda: json.dumps(document).encode()),
        "orjson": _timed(lambda: orjson.dumps(document)),
        "pydantic": _timed(
            lambda: model.model_dump_json(exclude_none=True, by_alias=True).encode()
        ),
    }


def _decoders() -> dict[str, Round]:
    """Read and check it; json and orjson check nothing."""
    content = {
        "evse_id": "DE*E1",
        "transaction_id": "t-1",
        "identification_status": "ASSIGNED",
        "identification_level": "TRUSTED",
        "identification_flags": ["RFID_PLAIN"],
        "identification_type": "ISO14443",
        "identification_data": "ABCD",
    }
    headers = {"replyTo": "everest_api/1/powermeter/pm_1/m2e/reply/1"}
    request = msgspec.json.encode({"headers": headers, "payload": content})
    assert not isinstance(
        requests.read_start(request, TOPICS).content, requests.Unreadable
    )
    envelope = pydantic.create_model(
        "Envelope",
        headers=(dict[str, str], ...),
        payload=(_model("Start", StartTransactionRequest, content), ...),
    )
    return {
        OURS: _timed(lambda: requests.read_start(request, TOPICS)),
        "json": _timed(lambda: json.loads(request)),
        "orjson": _timed(lambda: orjson.loads(request)),
        "pydantic": _timed(lambda: envelope.model_validate_json(request)),
    }


def _model(
    name: str, kind: type[msgspec.Struct], document: dict[str, Any]
) -> type[pydantic.BaseModel]:
    """Make pydantic's equal of a Struct: the fields that the document has."""
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        value = document.get(field.encode_name)
        if isinstance(value, dict):
            fields[field.encode_name] = (dict[str, float], ...)
        elif value is not None:
            is_list = isinstance(value, list)
            fields[field.encode_name] = (list[Any] if is_list else type(value), ...)
    return pydantic.create_model(name, **fields)


def _timed(call: Callable[[], object]) -> Round:
    def measure() -> dict[str, list[float]]:
        took = []
        for _ in range(10):
            # Its own time: the longer a call, the more of its wall time is others'.
            begun = time.thread_time_ns()
            for _ in range(CALLS):
                call()
            took.append((time.thread_time_ns() - begun) / CALLS)
        return {"cpu_ns": took}

    return measure
