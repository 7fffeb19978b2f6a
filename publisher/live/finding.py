# SPDX-License-Identifier: Apache-2.0
"""What `check --live` found: one line a subject, with the remedy for what is wrong."""

import enum
from collections.abc import Iterable, Iterator, Sequence

import msgspec


class Verdict(enum.StrEnum):
    """How a subject is.

    OK       as it should be
    WARNING  it works, but somebody should look at it
    FAILED   EVerest gets no values, or no transaction can be signed
    UNKNOWN  could not be looked at, because something before it has failed
    """

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One subject: what was seen, and what to do if it is not right."""

    subject: str
    verdict: Verdict
    detail: str
    remedy: str = ""


def ok(subject: str, detail: str) -> Finding:
    """Say that it is right."""
    return Finding(subject=subject, verdict=Verdict.OK, detail=detail)


def warning(subject: str, detail: str, remedy: str) -> Finding:
    """Say that somebody should look at it."""
    return Finding(
        subject=subject, verdict=Verdict.WARNING, detail=detail, remedy=remedy
    )


def failed(subject: str, detail: str, remedy: str) -> Finding:
    """Say that it is wrong."""
    return Finding(
        subject=subject, verdict=Verdict.FAILED, detail=detail, remedy=remedy
    )


def unknown(subject: str, detail: str) -> Finding:
    """Say why nothing can be said."""
    return Finding(subject=subject, verdict=Verdict.UNKNOWN, detail=detail)


def render(findings: Sequence[Finding]) -> Iterator[str]:
    """Give the lines for a person: the remedy stands below what it mends."""
    width = max((len(each.subject) for each in findings), default=0)
    for each in findings:
        yield f"{each.verdict:<8} {each.subject:<{width}}  {each.detail}"
        if each.remedy:
            yield f"{'':8} {'':{width}}  -> {each.remedy}"
    wrong = [each.subject for each in findings if each.verdict is Verdict.FAILED]
    yield f"not right: {', '.join(wrong)}" if wrong else "nothing is wrong"


def exit_status(findings: Iterable[Finding]) -> int:
    """Give 0 if nothing has failed, else 1."""
    return int(any(each.verdict is Verdict.FAILED for each in findings))
