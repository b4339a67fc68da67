"""Gates: one decidable requirement each, and the policy that says what its verdict does."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import Any, Literal, Protocol, TypedDict

from aiqa.declare.values import Declaration, declaration
from aiqa.errors import DeclarationError, nearest

INHERIT: Literal["inherit"] = "inherit"
SEVERITIES = ("block", "warn")
INCONCLUSIVE = ("warn", "block", "allow")


@declaration
class Policy(Declaration):
    """What a verdict means and does; each field says ``"inherit"`` until somebody sets it.

    A gate's own policy comes before its check's, its tier's and the project's.

    Parameters
    ----------
    confidence : float or None
        At which a bound proves or refutes the requirement, in (0.5, 1). None compares the point
        estimate alone, and the verdict says so. Project default 0.95.
    severity : {"block", "warn"}
        Whether a failure stops the run. Project default "block".
    inconclusive : {"warn", "block", "allow"}
        What a verdict does that the data could not decide. Project default "warn".
    min_support : int
        Slices with fewer rows are skipped and counted. Project default 1.
    anytime : bool or int
        Whether the bounds hold at every look at growing data at once, so that looking daily does not
        inflate errors; a number is the n at which they are sharpest (True: 1,000). It must be fixed before
        the first look. Project default False.
    """

    confidence: float | Literal["inherit"] | None = INHERIT
    severity: str = INHERIT
    inconclusive: str = INHERIT
    min_support: int | Literal["inherit"] = INHERIT
    anytime: bool | int | Literal["inherit"] = INHERIT

    def __post_init__(self) -> None:
        _check_choice("severity", self.severity, SEVERITIES)
        _check_choice("inconclusive", self.inconclusive, INCONCLUSIVE)
        if self.confidence not in (None, INHERIT) and not _is_confidence(self.confidence):
            raise DeclarationError(
                f"confidence must be a number above 0.5 and below 1, or None for the point estimate alone, "
                f"not {self.confidence!r}"
            )
        if self.min_support != INHERIT and not _is_count(self.min_support):
            raise DeclarationError(f"min_support must be a whole number from 1, not {self.min_support!r}")
        if not (self.anytime == INHERIT or isinstance(self.anytime, bool) or _is_count(self.anytime)):
            raise DeclarationError(
                f"anytime must be true, false or the n at which its bounds are sharpest, not {self.anytime!r}"
            )

    def over(self, other: Policy) -> Policy:
        """Return this policy, with what it leaves open taken from `other`."""
        names = [field.name for field in dataclasses.fields(self)]
        return Policy(
            **{name: getattr(other if getattr(self, name) == INHERIT else self, name) for name in names}
        )


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value != INHERIT and value not in choices:
        raise DeclarationError(f"{name} must be one of {', '.join(choices)}, not {value!r}")


def _is_confidence(value: Any) -> bool:
    return isinstance(value, (int, float)) and 0.5 < value < 1


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_day(value: Any) -> bool:
    try:
        return bool(dt.date.fromisoformat(value).isoformat() == value)
    except (TypeError, ValueError):
        return False


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


@declaration
class Champion(Declaration):
    """The model that serves now, as a baseline."""


champion = Champion()


@declaration
class AtLeast(Declaration):
    """The metric is `threshold` or more (more, where strict)."""

    threshold: float
    strict: bool = False

    def __str__(self) -> str:
        return f"{'>' if self.strict else '>='} {self.threshold:g}"


@declaration
class AtMost(Declaration):
    """The metric is `threshold` or less (less, where strict)."""

    threshold: float
    strict: bool = False

    def __str__(self) -> str:
        return f"{'<' if self.strict else '<='} {self.threshold:g}"


@declaration
class Between(Declaration):
    """The metric lies in [low, high]."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"in [{self.low:g}, {self.high:g}]"


@declaration
class NoWorseThan(Declaration):
    """The metric loses at most `margin` against the baseline, on the same rows."""

    baseline: Champion
    margin: float = 0.0

    def __str__(self) -> str:
        return f"no worse than the champion by more than {self.margin:g}"


@declaration
class BetterThan(Declaration):
    """The metric gains at least `margin` on the baseline, on the same rows."""

    baseline: Champion
    margin: float = 0.0

    def __str__(self) -> str:
        by = f" by at least {self.margin:g}" if self.margin else ""
        return f"better than the champion{by}"


@declaration
class Within(Declaration):
    """The metric differs by at most `margin` from the baseline, either way, on the same rows."""

    baseline: Champion
    margin: float

    def __str__(self) -> str:
        return f"within {self.margin:g} of the champion"


@declaration
class AsUsual(Declaration):
    """The value lies where earlier runs put it: anything else is an anomaly.

    Earlier runs are those of the same check, on other data or with another model, from evidence or MLflow as
    ``[tool.aiqa.history]`` says. Until there are enough the gate is inconclusive; it is, too, where the
    value lies outside but its own interval reaches into the range.

    Parameters
    ----------
    runs : int, default 30
        How many of the newest count.
    at_least : int, default 10
        How many it takes to tell what is usual.
    false_alarms : float, default 0.01
        In which share of runs a value is outside that comes as all did before.
    margin : float, default 0
        A distance from the middle, in the value's own unit, that is always usual.
    since : str, optional
        Runs before this day (UTC, as ``"2026-11-01"``) do not count: the level has changed, and is accepted.

    Raises
    ------
    DeclarationError
        If a setting is impossible.
    """

    runs: int = 30
    at_least: int = 10
    false_alarms: float = 0.01
    margin: float = 0.0
    since: str | None = None

    def __post_init__(self) -> None:
        if not (_is_count(self.at_least) and self.at_least >= 3):
            raise DeclarationError(f"at_least= is a number of runs, from 3 up, not {self.at_least!r}")
        if not (_is_count(self.runs) and self.runs >= self.at_least):
            raise DeclarationError(
                f"runs= is a number of runs, from at_least={self.at_least} up, not {self.runs!r}"
            )
        if not (_is_number(self.false_alarms) and 0 < self.false_alarms < 1):
            raise DeclarationError(f"false_alarms= is a share of runs, in (0, 1), not {self.false_alarms!r}")
        if not (_is_number(self.margin) and 0 <= self.margin < math.inf):
            raise DeclarationError(f"margin= is a distance from 0 up, not {self.margin!r}")
        if self.since is not None and not _is_day(self.since):
            raise DeclarationError(f"since= is a day, as '2026-11-01', not {self.since!r}")

    def __str__(self) -> str:
        return "as usual"


class UsualSettings(TypedDict, total=False):
    """The settings of :class:`AsUsual`, as keyword arguments."""

    runs: int
    at_least: int
    false_alarms: float
    margin: float
    since: str | None


def make_usual(settings: UsualSettings) -> AsUsual:
    """Return the requirement, naming the setting that does not exist."""
    known = [field.name for field in dataclasses.fields(AsUsual)]
    for name in settings:
        if name not in known:
            raise DeclarationError(f"as_usual() has no setting {name!r}{nearest(name, known)}")
    return AsUsual(**settings)


@declaration
class Met(Declaration):
    """The expectation holds."""

    def __str__(self) -> str:
        return "holds"


Requirement = AtLeast | AtMost | Between | NoWorseThan | BetterThan | Within | AsUsual | Met
VERSUS_CHAMPION = (NoWorseThan, BetterThan, Within)


class Claim(Protocol):
    """What a gate is about: a metric or an expectation."""

    @property
    def id(self) -> str:
        """What names it: stable when a threshold changes."""
        ...

    @property
    def needs_champion(self) -> bool:
        """Whether it is about the model that serves now, too."""
        ...


@declaration
class Gate(Declaration):
    """A metric against a bound or a baseline, or an expectation.

    Built by writing ``metric.roc_auc >= 0.9``, never by hand.
    """

    claim: Claim
    requirement: Requirement
    own_policy: Policy = Policy()

    @property
    def id(self) -> str:
        """What names the gate in its check: stable when a threshold changes."""
        return self.claim.id + SUFFIX.get(type(self.requirement), "")

    @property
    def needs_champion(self) -> bool:
        """Whether deciding it takes the model that serves now."""
        return self.compares or self.claim.needs_champion

    @property
    def compares(self) -> bool:
        """Whether what it requires is a gain on the model that serves now, or nearness to it."""
        return isinstance(self.requirement, VERSUS_CHAMPION)

    @property
    def policy_of_kind(self) -> Policy:
        """What holds for such gates where neither the gate nor its check says more: a search only warns."""
        return Policy(severity="warn") if getattr(self.claim, "search", None) else Policy()

    def policy(self, **settings: Any) -> Gate:
        """Return the same gate with settings of its own; see :class:`Policy`.

        Raises
        ------
        DeclarationError
            For a setting that does not exist or a value that it cannot take.

        Examples
        --------
        >>> from aiqa import metric
        >>> (metric.recall >= 0.8).policy(severity="warn", confidence=0.9)
        recall >= 0.8
        """
        return dataclasses.replace(self, own_policy=make_policy(**settings).over(self.own_policy))

    def __bool__(self) -> bool:
        raise DeclarationError(
            f"the gate '{self}' is a declaration and is neither true nor false: yield it from a check. "
            "For a range write metric.between(low, high)"
        )

    def __repr__(self) -> str:
        return f"{self.claim!r} {self.requirement}"


SUFFIX: dict[type, str] = {
    NoWorseThan: "-no_worse_than-champion",
    BetterThan: "-better_than-champion",
    Within: "-within-champion",
    AsUsual: "-as_usual",
}


def make_policy(**settings: Any) -> Policy:
    """Return a policy, naming the setting that does not exist."""
    known = {field.name for field in dataclasses.fields(Policy)}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise DeclarationError(f"no policy setting {unknown[0]!r}; known: {', '.join(sorted(known))}")
    return Policy(**settings)
