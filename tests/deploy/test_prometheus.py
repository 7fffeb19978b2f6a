# SPDX-License-Identifier: Apache-2.0
"""Alerts, dashboard and document use metrics that exist, and promtool finds no fault."""

import re
import shutil
import string
import subprocess
from pathlib import Path

import msgspec
import pytest

from ipc.__main__ import build_parser
from ipc.watch.exporter import registry, write
from ipc.watch.families import FAMILIES, Kind
from tests.ipc.watch.reports import report

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "powermeter.rules.yml"
RULES_TEST = DEPLOY / "prometheus" / "powermeter.test.yml"
DOCUMENT = DEPLOY / "prometheus" / "README.md"
DASHBOARD = DEPLOY / "grafana" / "powermeter.json"

UNIT = DEPLOY / "prometheus" / "powermeter-metrics.service"
UNIT_TEXT = UNIT.read_text()

SERIES = {
    name
    for family in FAMILIES.values()
    for name in (
        [f"{family.name}_{suffix}" for suffix in ("bucket", "sum", "count")]
        if family.kind is Kind.HISTOGRAM
        else [family.name]
    )
}
LABELS = {label for family in FAMILIES.values() for label in family.labels}
LABELS |= {"instance", "job", "le", "severity", "file"}

needs_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="no systemd-analyze on this machine",
)
promtool = pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="promtool (Debian's package prometheus) is not here",
)


def names_in(text):
    return set(re.findall(r"\bpowermeter_[a-z_]+\b", text))


def panels():
    dashboard = msgspec.json.decode(DASHBOARD.read_bytes())
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def targets():
    return [target for panel in panels() for target in panel["targets"]]


def grouped_by(expression):
    """Give the labels that tell its series apart, station included."""
    by = re.findall(r"\bby \(([a-z_, ]+)\)", expression)
    if by:
        return set(by[0].split(", ")) - {"le"}
    if re.match(r"(sum|count)\(", expression):
        return set()
    names = names_in(expression)
    own = [set(family.labels) for family in FAMILIES.values() if family.name in names]
    return set.union(*own) | ({"instance"} if "$instance" in expression else set())


def table():
    """Give the document's table as it is to be."""
    yield "| metric | kind | labels | meaning |"
    yield "|---|---|---|---|"
    for family in FAMILIES.values():
        labels = ", ".join(f"`{label}`" for label in family.labels)
        yield f"| `{family.name}` | {family.kind} | {labels} | {family.meaning} |"


@pytest.mark.parametrize("path", [RULES, RULES_TEST], ids=lambda path: path.name)
def test_rules_use_only_series_that_exist(path):
    named = names_in(path.read_text())
    assert named <= SERIES, named - SERIES


def test_the_dashboard_uses_only_series_that_exist():
    dashboard = DASHBOARD.read_text()
    assert names_in(dashboard) <= SERIES, names_in(dashboard) - SERIES


@pytest.mark.parametrize("text", [RULES.read_text(), DASHBOARD.read_text()])
def test_what_is_grouped_or_told_by_is_a_label(text):
    told = set(re.findall(r"{{ ?(?:\$labels\.)?([a-z_]+) ?}}", text))
    for grouped in re.findall(r"\b(?:by|on) \(([a-z_, ]+)\)", text):
        told |= set(grouped.split(", "))
    assert told
    assert told <= LABELS, told - LABELS


def test_every_family_is_alerted_on_or_shown():
    used = names_in(RULES.read_text()) | names_in(DASHBOARD.read_text())
    used = {re.sub(r"_(bucket|sum|count)$", "", name) for name in used}
    unused = {family.name for family in FAMILIES.values()} - used
    # Of interest to who looks for a cause, by hand.
    assert unused == {
        "powermeter_journal_next_pagination",
        "powermeter_publisher_samples_total",
        "powermeter_requests_total",
        "powermeter_sample_rate_hertz",
    }


def test_every_alert_names_its_station_a_severity_and_what_to_do():
    alerts = RULES.read_text().split("- alert: ")[1:]
    assert len(alerts) >= 15
    for alert in alerts:
        name = alert.splitlines()[0]
        assert re.fullmatch(r"Powermeter[A-Za-z]+", name)
        assert re.search(r"severity: (warning|critical)", alert), name
        assert re.search(r'summary: "{{ \$labels.instance }}: .{20}', alert), name
        assert re.search(r'action: ".{20}', alert), name


def test_every_panel_says_what_it_shows_and_none_covers_another():
    taken = set()
    for panel in panels():
        assert panel["title"]
        assert len(panel["description"]) > 15
        assert panel["fieldConfig"]["defaults"]["unit"]
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_no_two_panels_share_an_id_or_a_title():
    dashboard = msgspec.json.decode(DASHBOARD.read_bytes())
    for key in ("id", "title"):
        values = [panel[key] for panel in dashboard["panels"]]
        assert len(values) == len(set(values)), key


def test_the_first_row_is_of_the_chosen_stations_and_the_others_of_one():
    rows = 0
    for panel in msgspec.json.decode(DASHBOARD.read_bytes())["panels"]:
        rows += panel["type"] == "row"
        scope = 'instance=~"$instance"' if rows == 1 else 'instance="$station"'
        for target in panel.get("targets", ()):
            names = re.findall(r"\b(?:powermeter_[a-z_]+|up)\b", target["expr"])
            scoped = re.findall(r"\b([a-z_]+){([^}]*)}", target["expr"])
            assert names == [name for name, _ in scoped], panel["title"]
            assert all(scope in labels for _, labels in scoped), panel["title"]
    assert rows == 4


def test_a_legend_tells_its_series_apart():
    for panel in panels():
        legends = [target["legendFormat"] for target in panel["targets"]]
        assert len(set(legends)) == len(legends), panel["title"]
        for target in panel["targets"] if panel["type"] == "timeseries" else ():
            told = set(re.findall(r"{{([a-z_]+)}}", target["legendFormat"]))
            assert told == grouped_by(target["expr"]), target["expr"]


def test_what_is_shown_as_now_is_asked_for_now():
    """A range's last value would be of hours ago, when nobody tells any more."""
    for panel in panels():
        if panel["type"] in {"stat", "table"}:
            assert all(target["instant"] for target in panel["targets"])


def test_a_thing_that_nobody_tells_is_not_shown_as_well():
    """No `or vector(0)`: without data a count is empty, not a green 0."""
    assert "vector(" not in DASHBOARD.read_text()


def test_the_document_has_every_metric():
    """Print what is to stand there with `pytest -k has_every_metric`, if it fails."""
    shown = DOCUMENT.read_text().split("<!-- metrics:begin -->\n")[1]
    assert shown.split("\n<!-- metrics:end -->")[0] == "\n".join(table())


@pytest.mark.slow
@promtool
@pytest.mark.parametrize(
    "arguments", [("check", "rules", RULES), ("test", "rules", RULES_TEST)]
)
def test_promtool_finds_no_fault_with_the_rules(arguments):
    command = [shutil.which("promtool"), *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.slow
@promtool
def test_promtool_finds_no_fault_with_the_queries(tmp_path):
    path = tmp_path / "queries.yml"
    values = {"__interval": "1m", "__interval_ms": 60_000, "__rate_interval": "2m"}
    values |= {"__range": "6h", "station": "a", "instance": "."}
    rules = [
        {
            "record": f"q{number}",
            "expr": string.Template(target["expr"]).substitute(values),
        }
        for number, target in enumerate(targets())
    ]
    # JSON is YAML.
    path.write_bytes(
        msgspec.json.encode({"groups": [{"name": "queries", "rules": rules}]})
    )
    ended = subprocess.run(
        [shutil.which("promtool"), "check", "rules", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{len(rules)} rules found" in ended.stdout


@pytest.mark.slow
@promtool
def test_promtool_finds_no_fault_with_the_page(tmp_path):
    path = tmp_path / "powermeter.prom"
    write(registry(report), path)
    with path.open() as page:
        ended = subprocess.run(
            [shutil.which("promtool"), "check", "metrics"],
            stdin=page,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.fixture
def unit(tmp_path):
    """Give the shipped unit with a program that exists: verify looks for it."""
    path = tmp_path / UNIT.name
    text = re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={shutil.which('true')}", UNIT_TEXT)
    path.write_text(text)
    (tmp_path / "powermeter.target").write_text("[Unit]\nDescription=all\n")
    return path


@needs_analyze
def test_systemd_has_nothing_to_say_about_the_service(unit):
    assert analyze("--man=no", "verify", unit).stderr == ""


@needs_analyze
def test_the_service_is_exposed_to_little(unit):
    told = analyze("security", "--offline=true", "--no-pager", unit).stdout
    [level] = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", told)
    assert float(level) <= 1.1


def test_the_service_asks_for_what_the_command_takes():
    [words] = re.findall(r"(?m)^ExecStart=\S+/powermeter-watch (.*)$", UNIT_TEXT)
    arguments = build_parser().parse_args(words.split())
    assert arguments.metrics == ("127.0.0.1", 9184)


def analyze(*arguments):
    return subprocess.run(
        [shutil.which("systemd-analyze"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
