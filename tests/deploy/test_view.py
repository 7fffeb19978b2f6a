# SPDX-License-Identifier: Apache-2.0
"""What a person sees of the demo: 80 columns, 24 lines, and nothing else moves."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from deploy.demo.picture import Link, Message, Picture, State, readable
from deploy.demo.view import Lines, Screen, view_on

VALUES = {
    "timestamp": "2026-08-21T10:00:00.000Z",
    "energy_Wh_import": {"total": 593291.0},
    "power_W": {"total": 11040.0, "L1": 3680.0},
    "voltage_V": {"L1": 230.06},
}
TOPICS = st.sampled_from(["m2e/powermeter_values", "m2e/reply/x", "e2m/[bold]"])
MESSAGES = st.builds(
    Message,
    elapsed_s=st.floats(0, 1e5),
    sent=st.booleans(),
    topic=TOPICS,
    payload=st.binary(max_size=200).map(readable),
)
LINKS = st.builds(
    Link,
    name=st.sampled_from(["meter", "sampler"]),
    state=st.sampled_from(State),
    age_s=st.none() | st.floats(-1, 1e4),
    note=st.text(st.characters(categories=["L", "P"]), max_size=100),
)
PICTURES = st.builds(
    Picture,
    elapsed_s=st.floats(0, 1e5),
    values=st.sampled_from([VALUES, {}]),
    chain=st.lists(LINKS, min_size=5, max_size=5),
    messages=st.lists(MESSAGES, max_size=9),
    news=st.lists(MESSAGES, max_size=3),
)


def picture(**fields):
    nothing = {"elapsed_s": 1.0, "values": {}, "chain": [], "messages": [], "news": []}
    return Picture(**{**nothing, **fields})


def link(state, name="meter"):
    return Link(name=name, state=state, age_s=None, note="note")


def message(payload, topic="m2e/communication_check"):
    return Message(elapsed_s=1.0, sent=False, topic=topic, payload=payload)


def last_screen(picture):
    """Give the lines that stay on the terminal when a screen has ended."""
    output = io.StringIO()
    with Screen(Console(file=output, width=80, height=24, _environ={})) as screen:
        screen.show(picture)
        output.truncate(0)
        output.seek(0)
    return output.getvalue().splitlines()[-24:]


@given(PICTURES)
def test_any_picture_fits_the_smallest_terminal(picture):
    lines = last_screen(picture)
    assert len(lines) == 24
    assert all(cell_len(line) <= 80 for line in lines)


@given(PICTURES)
def test_any_picture_can_be_told_in_lines(picture):
    output = io.StringIO()
    Lines(output).show(picture)
    assert output.getvalue().count("\n") >= len(picture.news)
    assert "\x1b" not in output.getvalue()


def test_the_values_stand_under_their_phases_in_units_a_person_reads():
    lines = last_screen(picture(values=VALUES))
    power = next(line for line in lines if "power " in line)
    assert power.split()[1:-1] == ["power", "3.680", "11.040", "kW"]
    assert "230.1" in "".join(lines)


def test_the_newest_messages_are_the_ones_that_are_shown():
    messages = [message(f"payload {number}.") for number in range(50)]
    text = "\n".join(last_screen(picture(messages=messages)))
    assert "payload 49." in text
    assert "payload 0." not in text


def test_a_link_is_told_in_lines_when_it_changes_and_only_then():
    output = io.StringIO()
    lines = Lines(output)
    for state in (State.STARTING, State.STARTING, State.ALIVE, State.ALIVE):
        lines.show(picture(chain=[link(state)]))
    told = [line.split("  ")[-1] for line in output.getvalue().splitlines()]
    assert told == ["meter: starting (note)", "meter: alive (note)"]


def test_values_are_told_in_one_line_and_a_long_payload_is_cut():
    output = io.StringIO()
    news = [message("{}", "m2e/powermeter_values"), message("x" * 1000)]
    Lines(output).show(picture(values=VALUES, news=news))
    values, long = output.getvalue().splitlines()
    assert values.endswith(
        "→ m2e/powermeter_values voltage 230.1 V, power 3.680 11.040 kW,"
        " energy 593.291 kWh"
    )
    assert len(long) < 250


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_no_encoding_of_the_output_stops_it(encoding):
    output = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    with view_on(output) as view:
        view.show(picture(news=[message("\N{SNOWMAN}")]))
    assert b"communication_check" in output.buffer.getvalue()


def test_a_payload_cannot_speak_to_the_terminal():
    assert readable(b"\x1b[2J\n\xff\x07") == "\ufffd[2J\ufffd\ufffd\ufffd"
