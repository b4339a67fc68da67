"""How many rows a gate takes, before anybody has collected them, and what rows at hand can show.

By the formulas of :mod:`aiqa.stats.power` where the metric has one, at the gate's own confidence; otherwise
by the interval that the present model has on the present data, which narrows with the root of n.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

from aiqa.declare.gate import AsUsual, BetterThan, Gate, NoWorseThan, Policy, Within
from aiqa.declare.metric import OF_RESOURCES, Metric
from aiqa.errors import ConfigError
from aiqa.judge.decide import Interval, allowed
from aiqa.judge.number import number, percent
from aiqa.stats import power as sizes
from aiqa.stats.inference import Estimate
from aiqa.stats.power import Design, DesignError
from aiqa.stats.sequential import deviations, tuned_to
from aiqa.stats.special import ndtr, ndtri

Alternative = Any
EFFECT_OF_SHARES = 0.03
EFFECT_OF_GAINS = 0.01
_SHARES = {
    **dict.fromkeys(
        ("accuracy", "approval_rate", "hamming_loss", "negative_flips", "positive_flips"), "rows"
    ),
    "recall": "positives",
    "specificity": "negatives",
    "precision": "rows called so",
    "npv": "rows called otherwise",
    **dict.fromkeys(("f1", "jaccard"), "rows of the class or called so"),
}
_OF_ROWS_WHEN_MICRO = ("f1", "precision", "recall")
_FEW = "the gate's bound is wider than this formula with so few positives: take 100 at least"
_SMALLEST = 0.25
"""Of the rows at hand: to how few an interval can be scaled."""
_FAR = "a quarter of the rows at hand would do; how many fewer, their interval does not tell"
_COUNTED = ("rows", "positives", "negatives")


@dataclass(frozen=True, slots=True)
class Have:
    """Rows at hand: of the data set, or of its smallest slice.

    Parameters
    ----------
    rows : int
    positives : int or None
        Rows of the class that the gate asks about; None where there is none.
    slice : str
        Which slice; "" for all rows.
    slices : int
        How many slices there are.
    """

    rows: int
    positives: int | None = None
    slice: str = ""
    slices: int = 0

    def count(self, of: str) -> int | None:
        """Return how many there are of what a plan counts; None where only the model can tell."""
        negatives = None if self.positives is None else self.rows - self.positives
        return {"rows": self.rows, "positives": self.positives, "negatives": negatives}.get(of)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is taken for granted before there are data.

    Parameters
    ----------
    power : float, default 0.8
        How often a model that is better than required by the effect is to pass.
    effects : dict of str to float
        The distance from the threshold that matters, by the metric's name; "" for all others.
    disagreement : float, default 0.05
        Share of rows on which champion and challenger are not right alike.
    prevalence : float or None
        Share of positives, where there are no data to count them in.
    design_effect : float, default 1
        By what rows that belong together count less.
    """

    power: float = 0.8
    effects: dict[str, float] = field(default_factory=dict)
    disagreement: float = 0.05
    prevalence: float | None = None
    design_effect: float = 1.0

    def __post_init__(self) -> None:
        if not 0.5 <= self.power < 1:
            raise ConfigError(f"power is how often an effect is to be seen, from 0.5, below 1: {self.power}")
        if not 0 < self.disagreement <= 1:
            raise ConfigError(f"disagreement is a share of rows above 0: {self.disagreement}")
        if self.prevalence is not None and not 0 < self.prevalence < 1:
            raise ConfigError(f"prevalence is a share of rows between 0 and 1: {self.prevalence}")
        if not 1 <= self.design_effect < math.inf:
            raise ConfigError(f"design effect is a number from 1: {self.design_effect}")

    def effect(self, metric: str) -> float | None:
        """Return the effect that was asked for, if one was."""
        return self.effects.get(metric, self.effects.get(""))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a gate takes.

    Parameters
    ----------
    of : str
        What is counted.
    effect : float or None
        The distance from the threshold that is planned for.
    passes_at, fails_at : float or None
        The truths so far away.
    to_pass, to_fail : int or None
        How many prove the one, and refute the other, with the power that was asked for.
    rows : int or None
        Rows of the table that hold `to_pass`.
    have : int or None
        How many there are.
    have_of : str or None
        What `have` counts, where it is not `of`.
    detects : float or None
        The distance from the threshold that these can prove.
    method : str or None
        The formula; None where there is none.
    confidence : float or None
    subject : str
        What is at `passes_at`: "a value", or "a gain" on the champion.
    notes : tuple of str
        What else there is to know.
    """

    of: str = "rows"
    effect: float | None = None
    passes_at: float | None = None
    fails_at: float | None = None
    to_pass: int | None = None
    to_fail: int | None = None
    rows: int | None = None
    have: int | None = None
    have_of: str | None = None
    detects: float | None = None
    method: str | None = None
    confidence: float | None = None
    subject: str = "a value"
    notes: tuple[str, ...] = ()

    @property
    def enough(self) -> bool | None:
        """Whether rows at hand show the effect; None where that is not known."""
        if self.detects is not None and self.effect is not None:
            return self.detects <= self.effect
        return None if self.to_pass is None or self.have is None else self.have >= self.to_pass

    def sentences(self) -> Iterator[str]:
        """Yield the plan in words, the most important first."""
        if self.to_pass is not None:
            rows = f" ({self.rows:,} rows)" if self.rows not in (None, self.to_pass) else ""
            what = f"a distance of {number(self.effect or 0)}"
            if self.passes_at is not None:
                what = f"{self.subject} of {number(self.passes_at)}"
            yield f"{self.to_pass:,} {self.of}{rows} prove {what} ({self.method})"
        if self.to_fail is not None and self.fails_at is not None:
            yield f"{self.to_fail:,} {self.of} refute {self.subject} of {number(self.fails_at)}"
        if self.have is not None:
            proves = "" if self.detects is None else f" prove a distance of {number(self.detects)}"
            short = ": too few" if self.enough is False else ""
            yield f"{self.have:,} {self.have_of or self.of} at hand{proves}{short}"
        yield from self.notes


Formula = Callable[..., Design]
"""From null, and two of truth, n and power, with alpha and alternative, to a design."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How a gate is planned: what counts, its formula, and the effect that is asked of it by default."""

    of: str
    formula: Formula
    effect: float
    share: float | None = None
    domain: tuple[float, float] = (0.0, 1.0)
    few: int = 0


def plan(
    gate: Gate,
    policy: Policy,
    assumed: Assumptions,
    *,
    have: Have | None = None,
    present: Estimate | None = None,
    cluster: str | None = None,
) -> Plan:
    """Plan a gate.

    Parameters
    ----------
    gate : Gate
    policy : Policy
        What holds for it: its confidence, and whether it is judged at every look.
    assumed : Assumptions
    have : Have, optional
        Rows at hand.
    present : Estimate, optional
        What the present model has on the present data, judged on each side: for metrics without a formula.
    cluster : str, optional
        The column that says which rows belong together.

    Examples
    --------
    >>> from aiqa import metric
    >>> from aiqa.config import DEFAULT_POLICY
    >>> for line in plan(metric.accuracy >= 0.92, DEFAULT_POLICY, Assumptions()).sentences():
    ...     print(line)
    432 rows prove a value of 0.95 (exact binomial)
    581 rows refute a value of 0.89
    """
    confidence = cast("float | None", policy.confidence)
    if not isinstance(gate.claim, Metric):
        return Plan(notes=("counted in all rows there are: no number of them is too few",))
    if isinstance(gate.requirement, AsUsual):
        return Plan(
            notes=(f"held against earlier runs: it takes {gate.requirement.at_least:,}, whatever their rows",)
        )
    if gate.claim.search is not None:
        return Plan(notes=("searched for weak slices: only then it shows which are tested",))
    if confidence is None:
        return Plan(
            notes=("the value alone is compared, at any n: with no confidence there is nothing to plan",)
        )
    if gate.claim.name in OF_RESOURCES:
        return Plan(notes=tuple(_of_resources(gate.claim, confidence)), confidence=confidence)
    form = _form(gate, gate.claim, assumed, have)
    notes = tuple(_notes(gate.claim, have, cluster, assumed))
    if form is None:
        found = _scaled(gate, confidence, assumed, have, present)
    else:
        found = _by_formula(form, gate, policy, assumed, have)
        if found.have is None and present is not None:
            # How many rows count, only the model can tell; what they can show, its interval does.
            scaled = _scaled(gate, confidence, assumed, have, present)
            found = replace(found, have=scaled.have, have_of="rows", detects=scaled.detects)
    return replace(found, confidence=confidence, notes=(*found.notes, *notes))


def needs_the_model(gate: Gate, assumed: Assumptions) -> bool:
    """Tell whether only the model's answers can say what rows at hand show of a gate."""
    if not isinstance(gate.claim, Metric) or isinstance(gate.requirement, AsUsual) or gate.claim.search:
        return False
    if gate.claim.name in OF_RESOURCES:
        return False
    form = _form(gate, gate.claim, assumed, None)
    return form is None or form.of not in _COUNTED


def _of_resources(metric: Metric, confidence: float) -> Iterator[str]:
    options = metric.options.as_dict()
    if metric.name == "model_size":
        yield "counted exactly: it takes no rows"
        return
    yield "the run itself makes the calls that decide it: calls= (or processes=) and seconds= say how many"
    if metric.name != "throughput":
        # Of so many independent ones the largest is a bound of the quantile.
        n = math.ceil(math.log(1 - confidence) / math.log(options.get("quantile", 0.5)))
        yield f"with fewer than {n:,} there is no upper bound that could prove anything"


def _notes(metric: Metric, have: Have | None, cluster: str | None, assumed: Assumptions) -> Iterator[str]:
    if have is not None and have.slices:
        yield f"in each of {have.slices:,} slices; the smallest is {have.slice}"
    elif metric.slices or metric.options.as_dict().get("average") == "each":
        yield "in each slice"
    if cluster is not None and assumed.design_effect == 1:
        yield f"rows of one {cluster} belong together: --design-effect says by what they count less"


# With a formula


def _form(gate: Gate, metric: Metric, assumed: Assumptions, have: Have | None) -> _Form | None:
    average = metric.options.as_dict().get("average", "each")
    micro = average == "micro" and metric.name in _OF_ROWS_WHEN_MICRO
    if (average != "each" and not micro) or metric.point.as_dict().keys() - {"threshold"}:
        return None
    told: dict[str, Any] = {"design_effect": assumed.design_effect}
    prevalence = _prevalence(assumed, have)
    of = "rows" if micro else _SHARES.get(metric.name)
    shares = {
        "positives": prevalence,
        "negatives": None if prevalence is None else 1 - prevalence,
        "rows": 1.0,
    }
    if gate.compares:
        if of not in _COUNTED:
            return None
        formula = partial(_paired, disagreement=assumed.disagreement, **told)
        reach = (-assumed.disagreement, assumed.disagreement)
        return _Form(of, formula, EFFECT_OF_GAINS, shares[of], reach)
    if of is not None:
        of_f1 = metric.name == "f1" and of != "rows"
        formula = partial(sizes.f1 if of_f1 else sizes.proportion, **told)
        return _Form(of, formula, EFFECT_OF_SHARES, shares.get(of))
    if metric.name == "roc_auc":
        ratio = 1.0 if prevalence is None else (1 - prevalence) / prevalence
        formula = partial(sizes.auc, negatives=ratio, **told)
        return _Form("positives", formula, EFFECT_OF_SHARES, prevalence, few=100)
    return None


def _prevalence(assumed: Assumptions, have: Have | None) -> float | None:
    if have is None or have.positives is None or not 0 < have.positives < have.rows:
        return assumed.prevalence
    return have.positives / have.rows


def _paired(null: float, truth: float | None = None, *, disagreement: float, **told: Any) -> Design:
    if abs(null) >= disagreement and truth is not None and "power" in told:
        # No gain comes so far: what is proven is that fewer rows differ.
        differing = sizes.proportion(abs(null), disagreement, **{**told, "alternative": "less"})
        return replace(differing, null=null, truth=truth, passes_from=None)
    return sizes.paired_proportions(disagreement, truth, margin=-null, **told)


def _by_formula(form: _Form, gate: Gate, policy: Policy, assumed: Assumptions, have: Have | None) -> Plan:
    interval = allowed(gate.requirement)
    counted = None if have is None else have.count(form.of)
    effect = _effect(form, gate, interval, assumed)
    subject = "a gain" if gate.compares else "a value"
    base = Plan(of=form.of, effect=effect, have=counted, subject=subject)
    null, side = _sides(interval)[0]
    truth = _away(null, effect, side)
    if effect <= 0 or not form.domain[0] <= truth <= form.domain[1]:
        why = f"no {form.of} prove {subject} of {number(truth)}"
        return replace(
            base, notes=(f"{why}: it takes a requirement that leaves room, or a smaller --effect",)
        )
    try:
        return _sized(base, form, interval, policy, assumed, effect)
    except DesignError as error:
        return replace(base, notes=(f"nothing decides it with this power: {error}",))


def _effect(form: _Form, gate: Gate, interval: Interval, assumed: Assumptions) -> float:
    """Return the distance to plan for: as asked, or the margin of a comparison, or what usually matters."""
    if math.isfinite(interval.low) and math.isfinite(interval.high):
        return (interval.high - interval.low) / 2
    asked = assumed.effect(cast("Metric", gate.claim).name)
    if asked is not None:
        return asked
    if isinstance(gate.requirement, NoWorseThan) and gate.requirement.margin:
        return gate.requirement.margin
    null, direction = _sides(interval)[0]
    room = form.domain[1] - null if direction == "greater" else null - form.domain[0]
    return min(form.effect, room / 2)


def _sides(interval: Interval) -> list[tuple[float, str]]:
    """Return what must be proven: to be above the one bound, below the other."""
    ends = ((interval.low, "greater"), (interval.high, "less"))
    return [(bound, side) for bound, side in ends if math.isfinite(bound)]


def _sized(
    base: Plan, form: _Form, interval: Interval, policy: Policy, assumed: Assumptions, effect: float
) -> Plan:
    sides = _sides(interval)
    # Both sides at once: each has to fail half as often.
    wanted = assumed.power if len(sides) == 1 else (1 + assumed.power) / 2
    passing = [_size(form, policy, null, _away(null, effect, side), wanted, side) for null, side in sides]
    null, side = sides[0]
    other = "less" if side == "greater" else "greater"
    worse = _away(null, effect, other)
    most = max(passing, key=lambda design: design.n)
    possible = form.domain[0] <= worse <= form.domain[1]
    return replace(
        base,
        passes_at=_away(null, effect, side),
        to_pass=most.count,
        rows=None if form.share is None else math.ceil(most.n / form.share),
        fails_at=worse if possible else None,
        to_fail=_size(form, policy, null, worse, assumed.power, other).count if possible else None,
        detects=_detects(base.have, form, policy, wanted, sides),
        method=f"{most.method}, at every look" if policy.anytime else most.method,
        notes=(_FEW,) if most.of == "positives" and form.few and most.n < form.few else (),
    )


def _away(null: float, effect: float, side: str) -> float:
    return null + effect if side == "greater" else null - effect


def _size(form: _Form, policy: Policy, null: float, truth: float, power: float, side: str) -> Design:
    """Return the design; for a gate that is judged at every look, at the look that has so many rows."""
    told: dict[str, Any] = {"power": power, "alternative": side}
    if not policy.anytime:
        return form.formula(null, truth, alpha=_alpha(policy, 0), **told)
    n = tuned_to(_anytime(policy))
    for _ in range(6):
        design = form.formula(null, truth, alpha=_alpha(policy, n), **told)
        n = design.n
    return design


def _alpha(policy: Policy, n: float) -> float:
    alpha = 1 - cast("float", policy.confidence)
    return ndtr(-deviations(n, alpha, tuned_to(_anytime(policy)))) if policy.anytime else alpha


def _anytime(policy: Policy) -> bool | int:
    return cast("bool | int", policy.anytime)


def _detects(
    have: int | None, form: _Form, policy: Policy, power: float, sides: list[tuple[float, str]]
) -> float | None:
    if not have:
        return None
    told: dict[str, Any] = {"power": power, "alpha": _alpha(policy, have)}
    try:
        return max(form.formula(null, n=have, alternative=side, **told).effect for null, side in sides)
    except DesignError:
        return None


# Without one


def _scaled(
    gate: Gate, confidence: float, assumed: Assumptions, have: Have | None, present: Estimate | None
) -> Plan:
    """Plan by the interval that the present model has: half as wide on four times the rows."""
    if present is None or not math.isfinite(present.high - present.low) or present.high <= present.low:
        why = (
            "there is no formula for it: with --data the present model's interval is scaled to the n it takes"
        )
        if present is not None:
            why = "there is no formula for it, and the present data give it no interval that could be scaled"
        return Plan(have=None if have is None else have.rows, notes=(why,))
    interval = allowed(gate.requirement)
    bound = interval.bound_near(present.value)
    # Read off the wider side; the bounds at hand already hold at the gate's own confidence.
    z, reach = -ndtri(1 - confidence), max(present.value - present.low, present.high - present.value)
    detects = reach * (1 - ndtri(1 - assumed.power) / z)
    effect = (
        assumed.effect(cast("Metric", gate.claim).name) or _own_margin(gate) or abs(present.value - bound)
    )
    n = math.ceil(present.n * (detects / effect) ** 2) if effect > 0 else None
    far = n is not None and n < present.n * _SMALLEST
    return Plan(
        effect=effect,
        to_pass=None if far else n,
        rows=None if far else n,
        have=present.n,
        detects=detects,
        method=f"{present.method}, scaled from the present model",
        notes=(_FAR,) if far else (),
    )


def _own_margin(gate: Gate) -> float | None:
    if isinstance(gate.requirement, NoWorseThan | Within | BetterThan):
        return gate.requirement.margin or None
    return None


def heading(gate: Gate, confidence: float | None, power: float) -> str:
    """Return what a plan is of, as ``recall >= 0.8 (95% confidence, 80% power)``."""
    if confidence is None:
        return repr(gate)
    return f"{gate!r} ({percent(confidence)} confidence, {percent(power)} power)"
