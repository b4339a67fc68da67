"""Sending evidence to the sinks, each in an error boundary of its own: no sink changes a verdict."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from aiqa.errors import AiqaError, EvidenceError
from aiqa.evidence.masking import MASK, mask
from aiqa.evidence.record import Evidence
from aiqa.evidence.store import read, run_folder
from aiqa.publish.outbox import Outbox, Waiting
from aiqa.publish.sink import Delivery, Sink, UndeliverableError

MAX_PROBLEM = 300
SECRET_VARIABLES = (
    "DD_API_KEY",
    "DD_APP_KEY",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "DATABRICKS_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
_SHORTEST_SECRET = 4


def publish(evidence: Evidence, folder: Path, sinks: Sequence[Sink], outbox: Outbox) -> list[Delivery]:
    """Send one run to every sink, and keep in the outbox what a sink did not take.

    Parameters
    ----------
    evidence : Evidence
        The run.
    folder : Path
        Its folder, as :func:`aiqa.evidence.store.write` returned it.
    sinks : sequence of Sink
        In this order; see :func:`enabled_sinks`.
    outbox : Outbox
        Where a run waits for ``aiqa push``.

    Returns
    -------
    list of Delivery
        One a sink, in order. Problems are one line each, without secrets. Nothing is raised.
    """
    return [_deliver(evidence, folder, sink, outbox) for sink in sinks]


def push(sinks: Sequence[Sink], outbox: Outbox) -> list[Delivery]:
    """Send what waits in the outbox, from the stored evidence, the oldest run first.

    A sink that fails is not tried again in the same push, so that a server that is down costs one
    timeout. What another process is sending just now is left to it.

    Returns
    -------
    list of Delivery
        One for each entry, tried or not.

    Raises
    ------
    EvidenceError
        If the outbox cannot be read.
    """
    by_name = {sink.name: sink for sink in sinks}
    deliveries: list[Delivery] = []
    down: set[str] = set()
    for entry in outbox.waiting():
        if entry.sink in down:
            deliveries.append(_left(entry, f"not tried: {entry.sink} failed just before"))
        elif entry.sink not in by_name:
            deliveries.append(_left(entry, f"not tried: {entry.sink} is not turned on here"))
        elif outbox.claim(entry):
            deliveries.append(_resend(entry, by_name[entry.sink], outbox))
            down |= {entry.sink} if deliveries[-1].waits else set()
    return deliveries


def _left(entry: Waiting, problem: str) -> Delivery:
    return Delivery(entry.sink, sent=False, problem=problem, run_id=entry.run_id, waits=True)


def _resend(entry: Waiting, sink: Sink, outbox: Outbox) -> Delivery:
    folder = run_folder(entry.run_id, outbox.out)
    try:
        evidence = read(folder, outbox.out)
    except EvidenceError as error:
        outbox.remove(entry.run_id, entry.sink)
        return replace(_left(entry, f"given up: {one_line(error)}"), waits=False)
    return _deliver(evidence, folder, sink, outbox)


def _deliver(evidence: Evidence, folder: Path, sink: Sink, outbox: Outbox) -> Delivery:
    delivery = _attempt(evidence, folder, sink)
    try:
        if delivery.waits:
            outbox.put(evidence.run_id, sink.name, delivery.problem or "")
        else:
            outbox.remove(evidence.run_id, sink.name)
    except (EvidenceError, OSError) as error:
        problem = "; ".join(filter(None, [delivery.problem, one_line(error)]))
        return replace(delivery, problem=problem, waits=False)
    return delivery


def _attempt(evidence: Evidence, folder: Path, sink: Sink) -> Delivery:
    unsent = Delivery(sink.name, sent=False, run_id=evidence.run_id)
    try:
        where = sink.send(evidence, folder)
    except UndeliverableError as error:
        return replace(unsent, problem=one_line(error))
    except Exception as error:  # noqa: BLE001 - what a sink raises is reported, and never ends the run
        return replace(unsent, problem=one_line(error), waits=True)
    return replace(unsent, sent=True, where=mask(where))


def one_line(error: Exception) -> str:
    """Return what an error says, in one bounded line without control characters or secrets."""
    words = "".join(c if c.isprintable() else " " for c in str(error)).split()
    named = [] if words and isinstance(error, AiqaError | OSError) else [type(error).__name__]
    text = ": ".join([*named, _without_secrets(" ".join(words))]) if words else named[0]
    return text if len(text) <= MAX_PROBLEM else f"{text[: MAX_PROBLEM - 1]}…"


def _without_secrets(text: str) -> str:
    for name in SECRET_VARIABLES:
        secret = os.environ.get(name, "")
        text = text.replace(secret, MASK) if len(secret) >= _SHORTEST_SECRET else text
    return mask(text)
