"""What a gate's verdict does to the run, and what the run came to."""

from __future__ import annotations

from collections.abc import Iterable

from aiqa.declare.gate import Policy
from aiqa.verdict import Verdict


def blocks(verdict: Verdict, policy: Policy) -> bool:
    """Tell whether a verdict stops the run: errors always, failures and inconclusive ones by policy."""
    if verdict is Verdict.FAIL:
        return policy.severity == "block"
    if verdict is Verdict.INCONCLUSIVE:
        return policy.inconclusive == "block"
    return verdict is Verdict.ERROR


def run_verdict(gates: Iterable[tuple[Verdict, bool]]) -> Verdict:
    """Return the verdict of a run from its gates' verdicts and whether each blocks.

    The worst that blocks; otherwise ``pass``, also with warnings, if anything was proven or refuted. A run
    in which no gate was judged on data (none ran, or all were skipped) is ``error``; one that could
    decide none is ``inconclusive``, and whether that stops it the gates' policies say.
    """
    told = list(gates)
    if all(verdict is Verdict.SKIPPED for verdict, _ in told):
        return Verdict.ERROR
    blocking = {verdict for verdict, stops in told if stops}
    order = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE)
    undecided = {verdict for verdict, _ in told} <= {Verdict.INCONCLUSIVE, Verdict.SKIPPED}
    mild = Verdict.INCONCLUSIVE if undecided else Verdict.PASS
    return next((verdict for verdict in order if verdict in blocking), mild)
