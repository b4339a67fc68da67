r"""Conditions and sample sizes of ease.ml/ci.

Renggli, Karlaš, Ding, Liu, Schawinski, Wu & Zhang, Continuous Integration of Machine Learning Models with
ease.ml/ci, MLSys 2019 (arXiv 1903.00278). A condition such as ``n - o > 0.02 +/- 0.01 /\ d < 0.1 +/- 0.01``
speaks of the accuracies of the new and of the old model, ``n`` and ``o``, and of the share ``d`` of rows on
which their predictions differ. A test set is sized so that all of a number of steps are right at once.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from aiqa.stats.power.design import DesignError

Adaptivity = Literal["none", "full", "first-change"]
ADAPTIVITIES = ("none", "full", "first-change")
_TOKENS = re.compile(r"\s*(\+/-|/\\|[-+*><]|[nod]\b|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison of a condition.

    Parameters
    ----------
    terms : tuple of (str, float)
        Each variable with its coefficient.
    above : bool
        Whether the expression is to be above the threshold.
    threshold : float
    tolerance : float
        The half width of the interval that is held against it.
    """

    terms: tuple[tuple[str, float], ...]
    above: bool
    threshold: float
    tolerance: float

    @property
    def is_difference(self) -> bool:
        """Whether it is about the gain of the new model on the old one."""
        return dict(self.terms) in ({"n": 1.0, "o": -1.0}, {"n": -1.0, "o": 1.0})


@dataclass(frozen=True, slots=True)
class Condition:
    """Clauses that must all hold."""

    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class ConditionSize:
    """The rows that deciding a condition takes.

    Parameters
    ----------
    labelled : int
        Rows with labels; 0 for a condition on ``d`` alone.
    unlabelled : int
        Rows without need of labels, for ``d``.
    by_clause : tuple of int
    method : {"hoeffding", "bennett"}
    """

    labelled: int
    unlabelled: int
    by_clause: tuple[int, ...]
    method: str


def parse_condition(text: str) -> Condition:
    r"""Read a condition in the language of the paper (its figure 2).

    ``clause /\ clause``, each ``expression > number +/- number`` or with ``<``; an expression adds and
    subtracts n, o and d, with numbers as factors (``n - 1.1 * o``).

    Raises
    ------
    DesignError
        If it is none; the message says where.

    Examples
    --------
    >>> parse_condition("n - 1.1 * o > 0.01 +/- 0.01").clauses[0].terms
    (('n', 1.0), ('o', -1.1))
    """
    return _Reader(text).condition()


class _Reader:
    """A reader by recursive descent; nothing that is read is ever run."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens_of(text)
        self._next = 0

    def condition(self) -> Condition:
        clauses = [self._clause()]
        while self._take("/\\"):
            clauses.append(self._clause())
        if self._next < len(self._tokens):
            raise self._unexpected("/\\ or the end")
        return Condition(tuple(clauses))

    def _clause(self) -> Clause:
        terms = self._expression()
        above = self._take(">")
        if not above and not self._take("<"):
            raise self._unexpected("> or <")
        threshold = self._signed_number()
        if not self._take("+/-"):
            raise self._unexpected("+/-")
        tolerance = self._number()
        if tolerance <= 0:
            raise DesignError(f"{self._text!r}: the tolerance after +/- must be above 0")
        return Clause(terms, above, threshold, tolerance)

    def _expression(self) -> tuple[tuple[str, float], ...]:
        terms: dict[str, float] = {}
        sign = -1.0 if self._take("-") else 1.0
        while True:
            name, factor = self._term()
            terms[name] = terms.get(name, 0.0) + sign * factor
            if self._take("+"):
                sign = 1.0
            elif self._take("-"):
                sign = -1.0
            else:
                break
        found = tuple((name, factor) for name, factor in terms.items() if factor)
        if not found:
            raise DesignError(f"{self._text!r}: nothing is left of the expression")
        return found

    def _term(self) -> tuple[str, float]:
        token = self._token()
        if token in ("n", "o", "d"):
            self._next += 1
            return token, self._number() if self._take("*") else 1.0
        factor = self._number()
        if not self._take("*"):
            raise self._unexpected("*")
        name = self._token()
        if name not in ("n", "o", "d"):
            raise self._unexpected("n, o or d")
        self._next += 1
        return name, factor

    def _signed_number(self) -> float:
        return -self._number() if self._take("-") else self._number()

    def _number(self) -> float:
        token = self._token()
        if token is None or not (token[0].isdigit() or token[0] == "."):
            raise self._unexpected("a number")
        self._next += 1
        return float(token)

    def _token(self) -> str | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, token: str) -> bool:
        taken = self._token() == token
        self._next += taken
        return taken

    def _unexpected(self, wanted: str) -> DesignError:
        found = self._token()
        told = "it ends" if found is None else f"there is {found!r}"
        return DesignError(f"{self._text!r}: {told} where {wanted} should be")


def _tokens_of(text: str) -> list[str]:
    if len(text) > _LONGEST:
        raise DesignError(f"a condition has at most {_LONGEST} characters")
    tokens, position = [], 0
    while text[position:].strip():
        found = _TOKENS.match(text, position)
        if found is None:
            raise DesignError(f"{text!r}: cannot read {text[position:].strip()[:20]!r}")
        tokens.append(found[1])
        position = found.end()
    return tokens


def condition_size(
    condition: str | Condition,
    *,
    reliability: float = 0.95,
    steps: int = 32,
    adaptivity: Adaptivity = "none",
    disagreement: float | None = None,
) -> ConditionSize:
    r"""Return the rows of a test set that decides a condition at so many steps.

    Each clause gets an equal part of 1 - reliability, each variable of a clause an equal part of that and,
    by Hoeffding's inequality, tolerance in proportion to its coefficient (sections 3.1 to 3.3 of the
    paper). A clause on ``n - o`` takes far fewer rows by Bennett's inequality where the two predictions
    differ on few rows: said by `disagreement`, or by a clause ``d < a +/- b`` beside it, which bounds it by
    a + 2b (section 4.1).

    Parameters
    ----------
    condition : str or Condition
        As ``"n - o > 0.02 +/- 0.01 /\ d < 0.1 +/- 0.01"``.
    reliability : float, default 0.95
        With which all steps are right together.
    steps : int, default 32
        How many models are tested.
    adaptivity : {"none", "full", "first-change"}
        Whether developers see the verdicts: then each halves what is left, and the part of each step is
        alpha / 2^steps in place of alpha / steps. "first-change": they see them, and the test set is
        replaced once a model passes, which costs no more than "none".
    disagreement : float, optional
        A bound on the share of rows that are predicted differently. Default: none is known.

    Raises
    ------
    DesignError
        If the condition cannot be read or a number is impossible.

    Examples
    --------
    >>> condition_size("n - o > 0.1 +/- 0.1", reliability=0.99, adaptivity="full").labelled
    5496
    """
    parsed = parse_condition(condition) if isinstance(condition, str) else condition
    if not 0 < reliability < 1 or steps < 1 or adaptivity not in ADAPTIVITIES:
        raise DesignError(
            f"needs a reliability between 0 and 1, a step or more, and adaptivity as one of "
            f"{', '.join(ADAPTIVITIES)}: {reliability}, {steps}, {adaptivity!r}"
        )
    hypotheses = log_hypotheses(steps, adaptivity)
    bound = disagreement if disagreement is not None else _bound_beside(parsed)
    delta = (1 - reliability) / len(parsed.clauses)
    sizes = [_size(clause, delta, hypotheses, bound) for clause in parsed.clauses]
    labels = [any(name != "d" for name, _ in clause.terms) for clause in parsed.clauses]
    labelled = max([size for size, needs in zip(sizes, labels, strict=True) if needs], default=0)
    unlabelled = max([size for size, needs in zip(sizes, labels, strict=True) if not needs], default=0)
    bennett = bound is not None and any(clause.is_difference for clause in parsed.clauses)
    return ConditionSize(labelled, unlabelled, tuple(sizes), "bennett" if bennett else "hoeffding")


def log_hypotheses(steps: int, adaptivity: Adaptivity) -> float:
    """Return the logarithm of how many models a test set may meet: the steps, or 2^steps."""
    return steps * math.log(2) if adaptivity == "full" else math.log(steps)


def _bound_beside(condition: Condition) -> float | None:
    bounds = [
        clause.threshold + 2 * clause.tolerance
        for clause in condition.clauses
        if clause.terms == (("d", 1.0),) and not clause.above
    ]
    return min(bounds, default=None)


def _size(clause: Clause, delta: float, hypotheses: float, disagreement: float | None) -> int:
    if clause.is_difference and disagreement is not None:
        if not 0 < disagreement <= 1:
            raise DesignError(f"disagreement is a share of rows above 0: {disagreement}")
        return math.ceil(_bennett(clause.tolerance, delta, hypotheses, disagreement))
    weight = sum(abs(factor) for _, factor in clause.terms)
    chance = math.log(delta / len(clause.terms))
    return math.ceil((hypotheses - chance) * weight**2 / (2 * clause.tolerance**2))


def _bennett(tolerance: float, delta: float, hypotheses: float, disagreement: float) -> float:
    u = tolerance / disagreement
    return (hypotheses - math.log(delta / 2)) / (disagreement * ((1 + u) * math.log1p(u) - u))
