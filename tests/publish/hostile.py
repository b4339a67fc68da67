"""Text that tries to be more than text, for every place where text of users is shown."""

from __future__ import annotations

from aiqa.evidence.record import Evidence, PartRecord
from aiqa.verdict import Verdict
from tests.evidence.factories import a_check, a_run, an_estimate, failing_gate

TEXT = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> [bold red]x[/] [link=http://evil]y[/link] a|b `c` "
    "*d* _e_ \"q\" 'q' &amp; \x1b[31mred\x1b]8;;http://evil\x07 \u202eright \x00"
    " \r\n::error::owned\n::set-env name=A::b\n"
    "##[error]x @everyone #1 <!-- --> --> {{ 7*7 }} {% raw %} %0A ![i](http://evil/i.png) ü 漢"
)


def a_hostile_run() -> Evidence:
    """Return a failed run whose every text is :data:`TEXT`."""
    part = PartRecord(
        slice={TEXT: TEXT}, verdict=Verdict.FAIL, reason=TEXT, estimate=an_estimate(0.1, 0.0, 0.2)
    )
    gate = failing_gate(claim=TEXT, reason=TEXT, advice=TEXT, node=TEXT, parts=(part, part), id=TEXT)
    plain = failing_gate(claim=TEXT, reason=TEXT, estimate=None, kind="free-form", declaration={})
    check = a_check(gate, plain, name=TEXT, doc=TEXT, owner=TEXT, file=TEXT, model=TEXT, dataset=TEXT)
    run = a_run(check, project=TEXT, tier=TEXT, verdict=Verdict.FAIL)
    changes = {"command": (TEXT,), "libraries": {TEXT: TEXT}, "python": TEXT, "platform": TEXT}
    return run.model_copy(update={"environment": run.environment.model_copy(update=changes)})
